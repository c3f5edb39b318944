from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat

from index_builder.datasets.pairs import PairsError, is_held_out
from index_builder.datasets.readers.read import read_pairs
from index_builder.datasets.triplets import HumanTriplet
from tests.index_builder.datasets.test_pairs import touch


def write_mat(folder: Path, kind: str, half: str, count: int, channels: tuple[int, ...] = ()) -> NDArray[np.uint8]:
    folder.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(len(kind)).integers(0, 256, (count, 8, 6, *channels), np.uint8)
    savemat(folder / f"shoes_{kind}_db_{half}.mat", {"data": pixels})
    return pixels


def write_annotation(folder: Path, half: str, images: list[str], triplets: Any) -> None:
    note = {half: {"images": images, "sketches": [], "triplets": triplets}}
    (folder / "shoes_annotation.json").write_text(json.dumps(note))


def test_row_i_of_every_file_is_one_pair(tmp_path: Path) -> None:
    sketches, edges = (write_mat(tmp_path / "shoes", kind, "train", 12) for kind in ("sketch", "edge"))
    photos = write_mat(tmp_path / "shoes", "image", "train", 12, (3,))
    folder = read_pairs(tmp_path / "shoes")
    assert folder.name == "shoes" and {pair.photo_id for pair in folder.pairs} == {str(i) for i in range(1, 13)}
    assert [pair.photo_id for pair in folder.pairs] == sorted(pair.photo_id for pair in folder.pairs)
    for pair in folder.pairs:
        row = int(pair.photo_id) - 1
        (sketch,) = pair.sketches
        assert pair.edge_map and pair.photo and sketch.name == pair.photo_id
        for picture, pixels in ((sketch.picture, sketches), (pair.edge_map, edges), (pair.photo, photos)):
            np.testing.assert_array_equal(np.asarray(picture.open()), pixels[row])
    assert str(folder.pairs[0].edge_map).endswith("shoes_edge_db_train.mat: image 1")


def test_ids_and_votes_come_from_the_annotation(tmp_path: Path) -> None:
    for kind in ("sketch", "edge"):
        write_mat(tmp_path, kind, "train", 3)
    write_annotation(tmp_path, "train", ["7.jpg", "8.jpg", "5.jpg"], [[[0, 1], [2, 1], [0, 1]], [], [[1, 0]]])
    folder = read_pairs(tmp_path)
    assert [pair.photo_id for pair in folder.pairs] == ["5", "7", "8"]
    assert set(folder.triplets) == {
        HumanTriplet("7", "7", "8", 2),
        HumanTriplet("7", "5", "8", 1),
        HumanTriplet("5", "8", "7", 1),
    }


def test_the_training_half_is_meant_unless_the_other_is_named(tmp_path: Path) -> None:
    for half, count in (("test", 3), ("train", 5)):
        for kind in ("sketch", "edge"):
            write_mat(tmp_path / "shoes", kind, half, count)
    sizes = {part: len(read_pairs(tmp_path / "shoes" / part).pairs) for part in ("", "train", "test")}
    assert sizes == {"": 5, "train": 5, "test": 3}
    assert read_pairs(tmp_path / "shoes" / "test").name == "shoes"
    with pytest.raises(PairsError, match=r"not found: .*/shoes/val"):
        read_pairs(tmp_path / "shoes" / "val")
    for path in (tmp_path / "shoes").glob("*_train.mat"):
        path.unlink()
    assert len(read_pairs(tmp_path / "shoes").pairs) == 3


def test_what_does_not_fit_is_named(tmp_path: Path) -> None:
    write_mat(tmp_path, "edge", "train", 3)
    with pytest.raises(PairsError, match=r"has no whole train half, expected \*_sketch_db_train\.mat"):
        read_pairs(tmp_path)
    write_mat(tmp_path, "sketch", "train", 4)
    with pytest.raises(PairsError, match=r"shoes_edge_db_train\.mat has 3 images, expected 4"):
        read_pairs(tmp_path)
    write_mat(tmp_path, "sketch", "train", 3)
    write_annotation(tmp_path, "train", ["1.jpg", "2.jpg"], [])
    with pytest.raises(PairsError, match="names 2 different images of the train half, expected 3"):
        read_pairs(tmp_path)
    write_annotation(tmp_path, "train", ["1.jpg", "2.jpg", "3.jpg"], [[], [[0, 3]]])
    with pytest.raises(PairsError, match=r"train\.triplets\[1\] names row 3, expected at most 2"):
        read_pairs(tmp_path)
    write_annotation(tmp_path, "train", ["1.jpg", "2.jpg", "3.jpg"], [[[0, -1]]])
    with pytest.raises(PairsError, match=r"train\.triplets\[0\]\[0\]\[1\] is -1"):
        read_pairs(tmp_path)
    savemat(tmp_path / "chairs_sketch_db_train.mat", {"data": np.zeros((3, 8, 6), np.uint8)})
    with pytest.raises(PairsError, match=r"chairs_sketch_db_train\.mat and shoes_sketch_db_train\.mat, expected a"):
        read_pairs(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no such file", "cannot be read as a MATLAB file"),
        (b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM", "is a MATLAB 7.3 file, expected version 5"),
        ({"images": np.zeros((3, 8, 6), np.uint8)}, "variable 'data' is absent"),
        ({"data": np.zeros((3, 8, 6))}, r"variable 'data' is \(3, 8, 6\) float64, expected \(N,H,W\)"),
        ({"data": np.zeros((3, 8, 6, 4), np.uint8)}, r"variable 'data' is \(3, 8, 6, 4\) uint8"),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, content: Any, words: str) -> None:
    write_mat(tmp_path, "sketch", "train", 3)
    path = tmp_path / "shoes_edge_db_train.mat"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        savemat(path, content)
    with pytest.raises(PairsError, match=rf"shoes_edge_db_train\.mat.* {words}"):
        read_pairs(tmp_path)


def test_the_split_is_the_same_in_every_layout(tmp_path: Path) -> None:
    for kind in ("sketch", "edge"):
        write_mat(tmp_path / "mat", kind, "train", 30)
    touch(tmp_path, *(f"pairs/edge_maps/{i}.png" for i in range(1, 31)))
    held_out = [{p.photo_id for p in read_pairs(tmp_path / name).held_out().pairs} for name in ("mat", "pairs")]
    assert held_out[0] == held_out[1] == {str(i) for i in range(1, 31) if is_held_out(str(i))} != set()
