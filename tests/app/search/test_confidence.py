"""Tests of confidence: an answer says whether a sketch is like nothing in the gallery."""

from __future__ import annotations

from pathlib import Path

import httpx
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from app.gallery.gallery import Gallery
from app.index.first_stage.index_snapshot import LEAST, SAMPLE
from app.search.confidence import GUESS_SHARE, contrast_of, is_confident
from app.search.retriever import Retriever
from tests.support.embedding_searches import search_embeddings
from tests.support.small_galleries import local_snapshot, open_catalogue, products, small_checkpoint, vectors


def distances(*values: float) -> NDArray[np.float32]:
    return np.array(values, np.float32)


def test_contrast_is_the_fifth_nearest_over_the_mean() -> None:
    assert contrast_of(distances(9, 1, 7, 5, 3, 11), 20) == pytest.approx(9 / 20)
    assert contrast_of(distances(4, 4, 4, 4, 4), 4) == 1


@pytest.mark.parametrize(
    ("candidates", "mean"),
    [(distances(1, 2, 3, 4), 1), (np.ones(50), None), (np.ones(50), 0), (np.ones(50), -1), (distances(), None)],
)
def test_where_nothing_can_be_told_results_are_trusted(candidates: NDArray[np.float32], mean: float | None) -> None:
    assert contrast_of(candidates, mean) is None
    assert is_confident(None, 0.8)


def test_the_mean_key_of_a_sample_gives_its_mean_distance(tmp_path: Path) -> None:
    open_catalogue(tmp_path).put(products([f"p{n}" for n in range(LEAST)]), vectors(LEAST))
    distance = small_checkpoint().network.distance
    gallery = Gallery.open(tmp_path, small_checkpoint())
    sketches, sample = torch.from_numpy(vectors(3, 1)), torch.from_numpy(local_snapshot(gallery).sample)
    key = torch.from_numpy(gallery.snapshot.mean.key)
    mean_distances = distance.offset(sketches.double()) - distance.query(sketches.double()) @ key
    torch.testing.assert_close(mean_distances.float(), distance.pairwise(sketches, sample).mean(1))
    gallery.catalogue.delete(["p0"])
    gallery.refresh()
    assert gallery.snapshot.mean.key is None


def test_few_changes_leave_the_mean_key(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    catalogue.put(products([f"p{n}" for n in range(4 * LEAST)]), vectors(4 * LEAST))
    gallery = Gallery.open(tmp_path, small_checkpoint())
    mean = gallery.snapshot.mean
    catalogue.put(products(["p0"]), vectors(1, 1))
    gallery.refresh()
    assert gallery.snapshot.mean is mean
    catalogue.delete([f"p{n}" for n in range(1, LEAST)])
    gallery.refresh()
    assert gallery.snapshot.mean.revision == gallery.revision and gallery.snapshot.mean is not mean


def test_confidence_ends_where_results_are_like_the_rest() -> None:
    assert is_confident(0.1, 0.8) and is_confident(0.8, 0.8) and not is_confident(1.0, 0.8)
    assert not is_confident(0.75, 0.7)


def test_a_guess_has_to_be_nearer_than_a_sketch() -> None:
    assert is_confident(0.7 * GUESS_SHARE, 0.7, is_guess=True)
    assert is_confident(0.7, 0.7) and not is_confident(0.7, 0.7, is_guess=True)
    assert is_confident(None, 0.7) and not is_confident(None, 0.7, is_guess=True)


def test_a_sketch_near_to_a_group_of_products_has_contrast(tmp_path: Path) -> None:
    """Ten products lie close together; a sketch beside them has contrast, one far from all products has none."""
    embeddings = 3 * vectors(200)
    embeddings[:10] = embeddings[0] + 0.01 * vectors(10, 4)
    catalogue = open_catalogue(tmp_path)
    catalogue.put(products([f"p{n}" for n in range(200)]), embeddings)
    checkpoint = small_checkpoint()
    checkpoint.network.distance.weight.copy_(torch.eye(8))  # type: ignore[operator]
    retriever = Retriever(checkpoint, Gallery.open(tmp_path, checkpoint), device="cpu")
    near, far = search_embeddings(retriever, np.stack([embeddings[0], -20 * embeddings[0]]).astype(np.float32), 1)
    assert near.contrast is not None and far.contrast is not None
    assert near.contrast < 0.1 < near.max_contrast < far.contrast


def test_the_sample_is_of_live_products_all_over_the_gallery(tmp_path: Path) -> None:
    count = SAMPLE + 500
    catalogue = open_catalogue(tmp_path)
    names = [f"p{n}" for n in range(count)]
    embeddings = np.tile(np.arange(count, dtype=np.float32)[:, None], (1, 8))
    catalogue.put(products(names), embeddings)
    gallery = Gallery.open(tmp_path, small_checkpoint())
    sample = local_snapshot(gallery).sample[:, 0]
    assert len(sample) == SAMPLE and sample.mean() == pytest.approx(embeddings.mean(), rel=0.01)
    catalogue.delete(names[10:])
    gallery.refresh()
    assert sorted(local_snapshot(gallery).sample[:, 0]) == list(range(10))


def test_answers_tell_it(client: httpx.Client) -> None:
    body = {"width": 100, "height": 100, "strokes": [[[10, 10], [80, 20], [30, 90]]]}
    assert client.post("/search", json=body).json()["confident"] is True  # a dozen products are too few for a contrast
