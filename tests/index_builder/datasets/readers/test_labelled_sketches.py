from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from index_builder.datasets.readers.labelled_sketches import ClassesError, read_classes
from index_builder.datasets.readers.quickdraw import DrawingError

SQUARE = [[[0, 200, 200], [0, 0, 200]], [[200, 0, 0], [200, 200, 0]]]


def write_class(folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True)
    for name in names:
        Image.new("L", (4, 4)).save(folder / f"{name}.png")


def write_lines(path: Path, *lines: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def drawing(word: str, strokes: Any = SQUARE, **more: Any) -> dict[str, Any]:
    return {"word": word, "drawing": strokes, "recognized": True, **more}


def test_class_folders_give_labels_in_the_order_of_their_names(tmp_path: Path) -> None:
    write_class(tmp_path / "sketches" / "zebra", ["1", "2"])
    write_class(tmp_path / "sketches" / "ant", ["3"])
    (tmp_path / "sketches" / "filelist.txt").write_text("ant/3.png")
    data = read_classes(tmp_path / "sketches")
    assert (data.name, data.classes) == ("sketches", ("ant", "zebra"))
    assert [(labelled.sketch.name, labelled.label) for labelled in data.sketches] == [("3", 0), ("1", 1), ("2", 1)]


def test_drawings_are_drawn_as_their_strokes_say_whether_simplified_or_raw(tmp_path: Path) -> None:
    times = [[[*xs], [*ys], [0.0] * len(xs)] for xs, ys in SQUARE]
    write_lines(tmp_path / "cat.ndjson", drawing("cat"), drawing("cat", [[[0, 50], [0, 0]]]))
    write_lines(tmp_path / "raw.ndjson", drawing("dog", times, key_id="5"))
    frames = {
        labelled.label: np.asarray(labelled.sketch.picture.open())
        for labelled in reversed(read_classes(tmp_path).sketches)
    }
    np.testing.assert_array_equal(frames[0], frames[1])
    assert frames[0].shape == (256, 256) and set(np.unique(frames[0])) == {0, 255}
    sides = frames[0][128, :] == 0, frames[0][:, 128] == 0  # a square: two lines across either middle
    assert all(
        2 <= side.sum() <= 8 and side[:32].any() and side[224:].any() and not side[32:224].any() for side in sides
    )


def test_the_limit_counts_recognised_drawings_of_each_class(tmp_path: Path) -> None:
    lines = [drawing("cat", recognized=n % 2 == 1) for n in range(8)]
    write_lines(tmp_path / "cat.ndjson", *lines)
    write_lines(tmp_path / "dog.ndjson", drawing("dog"))
    assert [str(labelled.sketch.picture).rpartition("/")[2] for labelled in read_classes(tmp_path, 2).sketches] == [
        "cat.ndjson:2",
        "cat.ndjson:4",
        "dog.ndjson:1",
    ]
    write_class(tmp_path / "folders" / "a", ["1", "2", "3"])
    write_class(tmp_path / "folders" / "b", ["4"])
    assert [labelled.sketch.name for labelled in read_classes(tmp_path / "folders", 2).sketches] == ["1", "2", "4"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "the line is not valid JSON"),
        ("[1]", r"the line is \[1\]"),
        ('{"drawing": [[[1], [2]]]}', "word is missing"),
        ('{"word": "cat", "drawing": []}', r"drawing has 0 items: expected at least 1"),
        ('{"word": "cat", "drawing": [[[1, 2]]]}', r"drawing\[0\] has 1 items: expected at least 2"),
        (
            '{"word": "cat", "drawing": [[[1, 2], [3]]]}',
            r"stroke 0 has lists of \[2, 1\] numbers, expected equal lengths",
        ),
        ('{"word": "cat", "drawing": [[[1], ["x"]]]}', r"drawing\[0\]\[1\]\[0\] is 'x'"),
        ('{"word": "dog", "drawing": [[[1], [2]]]}', "word is 'dog', expected 'cat' as on line 1"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, words: str) -> None:
    write_lines(tmp_path / "dog.ndjson", drawing("dog"))
    path = write_lines(tmp_path / "cat.ndjson", drawing("cat"), drawing("cat"))
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(DrawingError, match=rf"cat\.ndjson:3: {words}"):
        read_classes(tmp_path)


def test_what_holds_no_classes_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClassesError, match="not found"):
        read_classes(tmp_path / "nowhere")
    write_class(tmp_path / "only", ["1"])
    with pytest.raises(ClassesError, match=r"holds 1 class\(es\), expected at least 2"):
        read_classes(tmp_path)
    for name in ("a", "b"):
        write_lines(tmp_path / f"{name}.ndjson", drawing("cat"))
    with pytest.raises(ClassesError, match=r"b\.ndjson holds drawings of 'cat' like an earlier file"):
        read_classes(tmp_path)
    write_lines(tmp_path / "b.ndjson", drawing("dog", recognized=False))
    with pytest.raises(DrawingError, match=r"b\.ndjson has no recognised drawings"):
        read_classes(tmp_path)


def test_the_held_out_fifth_is_fixed_and_disjoint(tmp_path: Path) -> None:
    names = [str(n) for n in range(100)]
    for name in ("ant", "bee"):
        write_class(tmp_path / name, names)
    data = read_classes(tmp_path)
    held_out, training = data.held_out(), data.training()
    assert len(held_out.sketches) + len(training.sketches) == 200 and 25 <= len(held_out.sketches) <= 55
    assert not set(held_out.sketches) & set(training.sketches)
    assert held_out.classes == data.classes and {labelled.label for labelled in held_out.sketches} == {0, 1}
