from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index_builder.datasets.pairs import PairsError
from index_builder.datasets.readers.read import read_pairs
from model.preprocessing.preprocess import Preprocess
from tests.index_builder.datasets.test_pairs import touch

# two strokes: a square without its last side, and that side
SQUARE = np.array([[50, 50, 0], [150, 50, 0], [150, 150, 0], [50, 150, 1], [50, 150, 0], [50, 50, 1]], np.float64)


def write_coordinates(folder: Path, sketches: object, protocol: int = 3) -> Path:
    path = folder / "ChairV2_Coordinate"
    path.write_bytes(pickle.dumps(sketches, protocol))
    return path


def test_sketches_known_by_their_points_are_drawn(tmp_path: Path) -> None:
    touch(tmp_path, "photo/a_v1.png", "photo/b.png", "photo/c.png")
    write_coordinates(tmp_path, {"train/a_v1_1": SQUARE, "train/b_1": SQUARE * [2, 2, 1], "test/c_1": SQUARE})
    first, second = read_pairs(tmp_path).pairs
    assert (first.photo_id, second.photo_id) == ("a_v1", "b")
    (sketch,) = first.sketches
    assert sketch.name == "a_v1_1" and sketch.strokes == [
        [[50, 50], [150, 50], [150, 150], [50, 150]],
        [[50, 150], [50, 50]],
    ]
    image = np.asarray(sketch.picture.open())
    assert image[0, 0] == 255 and image[15, 128] == 0 and image[128, 128] == 255  # black on white, not filled
    np.testing.assert_array_equal(image, Preprocess().strokes(sketch.strokes))
    np.testing.assert_array_equal(image, np.asarray(second.sketches[0].picture.open()))
    assert [pair.photo_id for pair in read_pairs(tmp_path / "test").pairs] == ["c"]


def test_images_are_preferred_and_get_the_strokes(tmp_path: Path) -> None:
    touch(tmp_path, "photo/a.png", "photo/b.png", "sketch/a_1.png", "sketch/a_2.png")
    write_coordinates(tmp_path, {"a_1": SQUARE, "a_3": SQUARE})
    first, second = read_pairs(tmp_path).pairs
    assert [(sketch.name, sketch.strokes is not None) for sketch in first.sketches] == [
        ("a_1", True),
        ("a_2", False),
        ("a_3", True),
    ]
    assert first.sketches[0].picture.open().size == (4, 4) and second.sketches == ()


def test_halves_as_the_lists_say(tmp_path: Path) -> None:
    touch(tmp_path, *(f"ShoeV2_photo/{i}.png" for i in "abcd"))
    touch(tmp_path, *(f"ShoeV2_sketch_png/{i}_1.png" for i in "abc"))
    for name, lines in {
        "sketch_train.txt": "a_1.svg\nb_1.svg\n",
        "sketch_test.txt": "c_1.svg\n",
        "photo_test.txt": "c.png\nd.png\n",
    }.items():
        (tmp_path / name).write_text(lines)
    assert [pair.photo_id for pair in read_pairs(tmp_path).pairs] == ["a", "b"]
    assert [(p.photo_id, len(p.sketches)) for p in read_pairs(tmp_path / "test").pairs] == [("c", 1), ("d", 0)]
    (tmp_path / "sketch_train.txt").write_text("a_9.svg\n")
    with pytest.raises(PairsError, match=r"sketch 'a_9' of the train half has neither an image \(no SVG\) nor"):
        read_pairs(tmp_path)


def test_folders_a_and_b(tmp_path: Path) -> None:
    touch(tmp_path, "trainA/1_1.png", "trainA/1_2.png", "trainB/1.png", "testA/2.png", "testB/2.png")
    assert [(p.photo_id, len(p.sketches)) for p in read_pairs(tmp_path).pairs] == [("1", 2)]
    assert [(p.photo_id, len(p.sketches)) for p in read_pairs(tmp_path / "test").pairs] == [("2", 1)]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("kind", ["<f8", ">f4", "<i2", "u1"])
def test_arrays_of_every_pickle_protocol(tmp_path: Path, protocol: int, kind: str) -> None:
    touch(tmp_path, "photo/a.png")
    for points in (SQUARE.astype(kind), np.asfortranarray(SQUARE.astype(kind))):
        write_coordinates(tmp_path, {"a_1": points}, protocol)
        (pair,) = read_pairs(tmp_path).pairs
        assert pair.sketches[0].strokes == [SQUARE[:4, :2].tolist(), SQUARE[4:, :2].tolist()]


def test_pickles_of_numpy_1_and_of_python_2(tmp_path: Path) -> None:
    touch(tmp_path, "photo/a.png")
    path = write_coordinates(tmp_path, {"a_1": SQUARE}, 2)
    path.write_bytes(path.read_bytes().replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    assert b"cnumpy.core.multiarray" in path.read_bytes()
    assert len(read_pairs(tmp_path).pairs[0].sketches[0].strokes or ()) == 2
    data = SQUARE.astype("<f8").tobytes()
    path.write_bytes(  # as Python 2 wrote it: bytes are str
        b"\x80\x02}U\x03a_1cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01K\x06K\x03\x86cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R"
        b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
        b"U" + bytes([len(data)]) + data + b"tbs."
    )
    assert len(read_pairs(tmp_path).pairs[0].sketches[0].strokes or ()) == 2


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_that_would_run_code_is_refused_and_does_not(tmp_path: Path, protocol: int) -> None:
    touch(tmp_path, "photo/a.png")
    victim = tmp_path / "touched"

    class Malicious:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (victim,)

    for payload in (Malicious(), {"a_1": Malicious()}, {"a_1": [SQUARE, Malicious()]}):
        write_coordinates(tmp_path, payload, protocol)
        with pytest.raises(PairsError, match=r"ChairV2_Coordinate is refused: it asks for [\w.]+, expected plain"):
            read_pairs(tmp_path)
    for line in (b"cos\nsystem\n(S'touch %s'\ntR.", b"cbuiltins\nexec\n(S'open(%r, \"w\")'\ntR."):
        (tmp_path / "ChairV2_Coordinate").write_bytes(line % str(victim).encode())
        with pytest.raises(PairsError, match=r"asks for (os\.system|builtins\.exec)"):
            read_pairs(tmp_path)
    assert not victim.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([SQUARE], "holds a list, expected a dict"),
        ({"a_1": SQUARE[:, :2]}, r"sketch 'a_1' is \(6, 2\), expected finite points"),
        ({"a_1": SQUARE * np.nan}, r"sketch 'a_1' is \(6, 3\), expected finite points"),
        ({"a_1": "points"}, "sketch 'a_1' is not an array of numbers"),
        ({"a_1": np.array([SQUARE, None], object)}, "is refused: it holds values of type 'O8', expected numbers"),
    ],
)
def test_wrong_points_are_named(tmp_path: Path, content: object, words: str) -> None:
    touch(tmp_path, "photo/a.png")
    path = write_coordinates(tmp_path, content)
    with pytest.raises(PairsError, match=f"ChairV2_Coordinate.* {words}"):
        read_pairs(tmp_path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(PairsError, match=r"ChairV2_Coordinate (cannot be read as a pickle|is refused)"):
        read_pairs(tmp_path)


def test_sketches_of_no_photo_are_named(tmp_path: Path) -> None:
    touch(tmp_path, "photo/a.png")
    write_coordinates(tmp_path, {"train/b_1": SQUARE})
    with pytest.raises(PairsError, match="ChairV2_Coordinate: sketch b_1 belongs to no photo"):
        read_pairs(tmp_path)
