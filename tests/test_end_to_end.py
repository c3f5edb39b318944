"""Photos and sketches -> build -> serve -> POST: what a server finds is what `evaluate` says it finds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import torch

from app.gallery.layout import GalleryLocation
from benchmarks.accuracy.served_accuracy import VARIANTS, png, served_accuracy, server
from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.pictures import FilePicture
from index_builder.datasets.readers.read import read_pairs
from index_builder.evaluation.evaluate import evaluate
from index_builder.gallery.build import build
from model.checkpoint import load_checkpoint, save_checkpoint
from model.network.dssa import DSSA, NetworkConfig
from model.preprocessing.preprocess import PreprocessConfig
from tests.support.shape_pairs import write_shapes


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> PairFolder:
    return read_pairs(write_shapes(tmp_path_factory.mktemp("pairs") / "shapes", photos=30, sketches=1))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Untrained, but its stem tells shapes apart; with a W that makes HOLEF a distance of its own."""
    torch.manual_seed(2)
    network = DSSA(NetworkConfig("orientations", "residual", "shortcut", ("coarse", "stem"), "holef"))
    torch.nn.init.normal_(next(network.distance.parameters()), std=0.001)
    next(network.distance.parameters()).data.add_(torch.eye(network.dim))
    return save_checkpoint(tmp_path_factory.mktemp("net") / "net.safetensors", network, PreprocessConfig(size=96))


@pytest.fixture(scope="module")
def client(folder: PairFolder, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    gallery = tmp_path_factory.mktemp("built") / "gallery"
    photo = folder.pairs[0].photo
    assert isinstance(photo, FilePicture)
    build(photo.path.parent, GalleryLocation(gallery), checkpoint)
    with server(gallery) as running:
        yield running


@pytest.fixture(scope="module")
def served(client: httpx.Client, folder: PairFolder) -> dict[str, float]:
    return served_accuracy(client, folder, png)


def test_the_server_finds_what_evaluate_says(served: dict[str, float], folder: PairFolder, checkpoint: Path) -> None:
    figures = evaluate(folder, load_checkpoint(checkpoint)).as_json()
    assert figures["n_queries"] == 30 and 30 < figures["acc@1"] <= 100
    assert served == {name: figures[name] for name in ("acc@1", "acc@5", "acc@10")}


@pytest.mark.parametrize("name", [name for name in VARIANTS if name != "as it is"])
def test_sketches_in_other_shapes_find_the_same(
    name: str, served: dict[str, float], client: httpx.Client, folder: PairFolder
) -> None:
    assert served_accuracy(client, folder, VARIANTS[name])["acc@5"] >= served["acc@5"] - 5
