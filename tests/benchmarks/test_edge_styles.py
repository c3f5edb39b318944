"""Check the figures by edge style against ranks that are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy.edge_styles import describe, rank_by_styles
from index_builder.datasets.readers.read import read_pairs
from model.checkpoint import load_checkpoint, save_checkpoint
from model.network.dssa import DSSA, NetworkConfig
from model.preprocessing.edge_styles import EDGE_STYLES
from model.preprocessing.preprocess import PreprocessConfig
from tests.support.shape_pairs import write_shapes

UNTRAINED = NetworkConfig("orientations", "residual", "none", ("stem",), "euclidean")


def test_differences_are_those_to_the_served_style() -> None:
    ranks = {"served": np.array([1.0, 2.0, 1.0, 4.0]), "dense": np.array([1.0, 1.0, 1.0, 1.0])}
    figures = describe(ranks, ["a", "b", "c", "d"])
    assert figures["served"]["acc@1"].startswith("50.0 ") and figures["dense"]["acc@1"].startswith("100.0 ")
    assert figures["served"]["log rank, difference"] == "+0.000  (+0.000 to +0.000)"
    assert figures["dense"]["acc@1, difference"].startswith("50.0 ")
    assert figures["dense"]["log rank, difference"].startswith(f"{-np.log(8) / 4:+.3f} ")


def test_sketches_of_shapes_are_ranked_in_every_style(tmp_path: Path) -> None:
    folder = read_pairs(write_shapes(tmp_path / "shapes", photos=4, sketches=2))
    path = save_checkpoint(tmp_path / "n.safetensors", DSSA(UNTRAINED), PreprocessConfig(size=64))
    ranks = rank_by_styles(folder, load_checkpoint(path))
    assert list(ranks) == [*EDGE_STYLES, "mean", "nearest"]
    for of_style in ranks.values():
        assert of_style.shape == (8,) and of_style.min() >= 1 and of_style.max() <= 4
    assert ranks["nearest"].mean() < 2  # a shape's own outline, drawn twice, is nearer than other shapes


def test_a_pair_without_a_photo_is_named(tmp_path: Path) -> None:
    source = write_shapes(tmp_path / "shapes", photos=2, sketches=1)
    (source / "edge_maps").mkdir(exist_ok=True)
    photo = next((source / "photos").iterdir())
    photo.rename(source / "edge_maps" / f"{photo.stem}.png")
    path = save_checkpoint(tmp_path / "n.safetensors", DSSA(UNTRAINED), PreprocessConfig(size=64))
    with pytest.raises(ValueError, match=f"no photo of {photo.stem}: expected photos"):
        rank_by_styles(read_pairs(source), load_checkpoint(path))
