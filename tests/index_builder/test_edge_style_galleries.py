"""A checkpoint with several edge styles: every way into a gallery gives a photo the mean of its embeddings in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from app.gallery.layout import GalleryLocation
from app.search.retriever import Retriever
from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.readers.read import read_pairs
from index_builder.evaluation.evaluate import evaluate
from index_builder.evaluation.protocols import GalleryFrom, gallery_frames
from index_builder.gallery.build import build
from index_builder.gallery.reembed import reembed
from model.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from model.preprocessing.edge_styles import EDGE_STYLES, draw_styles
from model.preprocessing.images import Pixels
from model.preprocessing.preprocess import PreprocessConfig
from tests.support.shape_pairs import write_shapes

STYLES = ("served", "contours")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> PairFolder:
    return read_pairs(write_shapes(tmp_path_factory.mktemp("styles") / "shapes", photos=4))


@pytest.fixture(scope="module")
def path(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = PreprocessConfig(size=64, styles=STYLES)
    network = load_checkpoint(tiny_checkpoint).network
    return save_checkpoint(tmp_path_factory.mktemp("styles") / "both.safetensors", network, config)


def in_styles(checkpoint: Checkpoint, photo: Image.Image) -> list[Pixels]:
    return draw_styles(photo, checkpoint.preprocess, STYLES)


def embed_both_ways(checkpoint: Checkpoint, frames: list[Pixels]) -> NDArray[np.float32]:
    """Return the mean embeddings (2D,) of frames and of their mirror images."""
    sides = [frames, [np.fliplr(frame) for frame in frames]]
    return np.concatenate([checkpoint.embed_frames(side).mean(0) for side in sides])


def photos(folder: PairFolder) -> list[Image.Image]:
    return [pair.photo.open() for pair in folder.pairs if pair.photo]


def embedded(gallery: Path, folder: PairFolder) -> list[NDArray[np.float32]]:
    catalogue = GalleryLocation(gallery).open_catalogue()
    rows = [catalogue.embedding(pair.photo_id) for pair in folder.pairs]
    catalogue.close()
    return [row[0] for row in rows if row is not None]


def test_a_gallery_holds_the_mean_of_them(
    folder: PairFolder, path: Path, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    checkpoint = load_checkpoint(path)
    wanted = [embed_both_ways(checkpoint, in_styles(checkpoint, photo)) for photo in photos(folder)]
    pictures = tmp_path / "photos"
    pictures.mkdir()
    for pair, photo in zip(folder.pairs, photos(folder), strict=True):
        photo.save(pictures / f"{pair.photo_id}.png")
    build(pictures, GalleryLocation(tmp_path / "built"), path)
    np.testing.assert_allclose(embedded(tmp_path / "built", folder), wanted, atol=1e-5)
    build(pictures, GalleryLocation(tmp_path / "made anew"), tiny_checkpoint)
    alone = [embed_both_ways(checkpoint, [checkpoint.preprocess.photo(photo)]) for photo in photos(folder)]
    np.testing.assert_allclose(embedded(tmp_path / "made anew", folder), alone, atol=1e-5)
    reembed(
        GalleryLocation(tmp_path / "made anew"), path
    )  # from the photos as they are kept, which are not quite those that came
    assert len(folder.pairs) == len(wanted)
    away = np.abs(np.array(embedded(tmp_path / "made anew", folder)) - wanted).mean(1)
    assert (away < np.abs(np.array(alone) - wanted).mean(1)).all()


def test_an_evaluation_searches_the_same(folder: PairFolder, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = load_checkpoint(path)
    searched: list[NDArray[np.float32]] = []
    opened = Retriever.__init__

    def open_and_look(self: Retriever, checkpoint: Checkpoint, gallery: object, *others: object) -> None:
        opened(self, checkpoint, gallery, *others)  # type: ignore[arg-type]
        searched.extend(self.gallery.catalogue.embedding(pair.photo_id) for pair in folder.pairs)  # type: ignore[misc]

    monkeypatch.setattr(Retriever, "__init__", open_and_look)
    assert evaluate(folder, checkpoint, GalleryFrom.photos).n_gallery == 4
    wanted = [embed_both_ways(checkpoint, in_styles(checkpoint, photo)) for photo in photos(folder)]
    np.testing.assert_allclose(np.concatenate(searched), wanted, atol=1e-5)


def test_a_style_without_lines_is_left_out(folder: PairFolder, path: Path) -> None:
    checkpoint = load_checkpoint(path)
    frames = gallery_frames(folder.pairs[0], checkpoint.preprocess, GalleryFrom.photos)
    assert np.array_equal(frames, in_styles(checkpoint, photos(folder)[0]))
    blank = np.full((256, 256), 255, np.uint8)
    drawn = frames[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(EDGE_STYLES, "contours", lambda photo, preprocess: blank)
        assert np.array_equal(gallery_frames(folder.pairs[0], checkpoint.preprocess, GalleryFrom.photos), drawn[None])
        patch.setitem(EDGE_STYLES, "served", lambda photo, preprocess: blank)
        assert np.array_equal(gallery_frames(folder.pairs[0], checkpoint.preprocess, GalleryFrom.photos), blank[None])
