from __future__ import annotations

from pathlib import Path

import pytest

from index_builder.datasets.pairs import PairsError
from index_builder.datasets.readers.read import read_data, read_pairs
from tests.index_builder.datasets.test_pairs import touch


def test_classes_as_published(tmp_path: Path) -> None:
    for name in ("hat", "ant"):
        touch(tmp_path, f"photo/tx_000000000000/{name}/n02_1.jpg", f"photo/tx_000100000000/{name}/n02_1.jpg")
        touch(tmp_path, *(f"sketch/tx_000000000000/{name}/n02_1-{n}.png" for n in (1, 2)))
    folders = read_data(tmp_path)
    assert [folder.name for folder in folders] == ["ant", "hat"]
    (pair,) = folders[0].pairs
    assert pair.photo_id == "n02_1" and [sketch.name for sketch in pair.sketches] == ["n02_1-1", "n02_1-2"]
    assert read_pairs(tmp_path / "hat") == folders[1]
    with pytest.raises(PairsError, match=r"holds 2 categories, expected one, such as .*/ant"):
        read_pairs(tmp_path)
    with pytest.raises(PairsError, match=r"not found: .*/dog"):
        read_pairs(tmp_path / "dog")
