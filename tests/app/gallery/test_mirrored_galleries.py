"""Galleries whose photos are embedded both ways round: searches by a mirrored sketch are as a plain loop finds them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.catalogue.catalogue import Catalogue
from app.database.errors import CatalogueError
from app.gallery.gallery import Gallery
from app.index.first_stage.index_snapshot import LEAST
from app.products.filters import Filters
from app.products.grouping import Grouping
from app.search.results import ALL, Query, SearchResult
from app.search.retriever import Retriever
from tests.support.small_galleries import (
    DIM,
    local_snapshot,
    open_catalogue,
    small_checkpoint,
    url_of,
    vectors,
    with_photos,
)

Photos = dict[str, NDArray[np.float32]]
"""Embeddings (P,2D) of products by id."""

CHEAP = Filters(max_price=Decimal(30))


def mirrored_catalogue(directory: Path) -> Catalogue:
    """Make a catalogue whose photos are embedded both ways round."""
    new = Catalogue(url_of(directory))
    new.bind("a" * 64, DIM, mirrored=True)
    new.close()
    return open_catalogue(directory)


def put(catalogue: Catalogue, photos: Photos, numbers: range, seed: int) -> None:
    """Add or replace products, of one to three photos, in the catalogue and in `photos`."""
    for number in numbers:
        count = 1 + (number + seed) % 3
        embeddings = vectors(2 * count, 1000 * seed + number).reshape(count, 2 * DIM)
        catalogue.put([with_photos(f"p{number:03d}", count, price=Decimal(number))], embeddings)
        photos[f"p{number:03d}"] = embeddings


def search(
    retriever: Retriever, sketches: NDArray[np.float32], filters: Filters, *, mirror: bool
) -> list[SearchResult]:
    return retriever.search_all([Query(sketch[None], 10, filters, mirror=mirror) for sketch in sketches])


def plain(
    sketch: NDArray[np.float32], photos: Photos, filters: Filters, *, mirror: bool
) -> list[tuple[str, int, float]]:
    """Return the ten nearest products, their nearest photos and distances by the definition of HOLEF in float64."""
    weight = small_checkpoint().network.distance.weight.double().numpy()  # type: ignore[operator]
    ranked = []
    for name, embeddings in photos.items():
        if filters is CHEAP and int(name[1:]) > 30:
            continue
        sides = embeddings.astype(float).reshape(len(embeddings), 2, DIM)[:, : 1 + mirror]
        distances = (weight * (sketch.astype(float)[:, None] - sides[:, :, None]) ** 2).sum((2, 3)).min(1)
        ranked.append((name, int(distances.argmin()), float(distances.min())))
    return sorted(ranked, key=lambda entry: (entry[2], entry[0]))[:10]


def assert_exact(retriever: Retriever, photos: Photos) -> None:
    """Check searches of all kinds."""
    sketches = vectors(4, 99)
    for filters in (ALL, CHEAP):
        for mirror in (True, False):
            for sketch, answer in zip(sketches, search(retriever, sketches, filters, mirror=mirror), strict=True):
                wanted = plain(sketch, photos, filters, mirror=mirror)
                assert [(r.product.product_id, r.position) for r in answer.results] == [entry[:2] for entry in wanted]
                distances = [entry[2] for entry in wanted]
                np.testing.assert_allclose([r.distance for r in answer.results], distances, rtol=1e-4, atol=1e-4)
                assert answer.size == len(photos)


@pytest.mark.parametrize("factory", ["Flat", "IVF2,Flat"])
def test_searches_find_the_nearer_side_through_all_changes(tmp_path: Path, factory: str) -> None:
    catalogue, photos = mirrored_catalogue(tmp_path), Photos()
    catalogue.set_factory(factory)
    put(catalogue, photos, range(60), seed=1)
    checkpoint = small_checkpoint()
    gallery = Gallery.open(tmp_path, checkpoint)
    retriever = Retriever(checkpoint, gallery, 30, device="cpu")
    assert gallery.is_mirrored and gallery.size == 60
    assert gallery.snapshot.photos == sum(map(len, photos.values()))
    assert_exact(retriever, photos)
    put(catalogue, photos, range(20, 70), seed=2)  # replaced and added, found beside the snapshot
    catalogue.delete(["p000", "p065"])
    del photos["p000"], photos["p065"]
    assert_exact(retriever, photos)
    gallery.save()
    assert_exact(retriever, photos)
    opened = Gallery.open(tmp_path, checkpoint)
    assert opened.is_saved and opened.snapshot.mirrored is not None
    assert_exact(Retriever(checkpoint, opened, 30, device="cpu"), photos)


def test_one_search_has_queries_with_and_without_mirror_images(tmp_path: Path) -> None:
    catalogue, photos = mirrored_catalogue(tmp_path), Photos()
    put(catalogue, photos, range(40), seed=3)
    checkpoint = small_checkpoint()
    retriever = Retriever(checkpoint, Gallery.open(tmp_path, checkpoint), device="cpu")
    sketches = vectors(6, 5)
    queries = [Query(sketch[None], 10, mirror=number % 2 == 0) for number, sketch in enumerate(sketches)]
    queries.append(retriever.like("p007", 10))
    answers = retriever.search_all(queries)
    for number, answer in enumerate(answers[:-1]):
        wanted = plain(sketches[number], photos, ALL, mirror=number % 2 == 0)
        assert [r.product.product_id for r in answer.results] == [entry[0] for entry in wanted]
    own = photos["p007"][:, :DIM]
    others = {name: embeddings for name, embeddings in photos.items() if name != "p007"}
    nearest = [min(plain(view, {name: others[name]}, ALL, mirror=False)[0][2] for view in own) for name in others]
    np.testing.assert_allclose([r.distance for r in answers[-1].results], sorted(nearest)[:10], rtol=1e-4, atol=1e-4)


def test_groups_are_as_near_as_their_nearest_side(tmp_path: Path) -> None:
    catalogue, embeddings = mirrored_catalogue(tmp_path), vectors(120, 8).reshape(60, 2 * DIM)
    things = [with_photos(f"p{number:03d}", 1, group_id=f"g{number // 3}") for number in range(60)]
    catalogue.put(things, embeddings)
    checkpoint = small_checkpoint()
    retriever = Retriever(checkpoint, Gallery.open(tmp_path, checkpoint, grouping=Grouping.BY_ID), 5, device="cpu")
    sketch = vectors(1, 9)[0]
    photos = {thing.product_id: embeddings[number : number + 1] for number, thing in enumerate(things)}
    ranked = [plain(sketch, {name: rows}, ALL, mirror=True)[0] for name, rows in photos.items()]
    ranked.sort(key=lambda entry: entry[2])
    groups = list(dict.fromkeys(int(name[1:]) // 3 for name, _, _ in ranked))
    answer = retriever.search_all([Query(sketch[None], 8, mirror=True)])[0]
    assert [int(r.product.product_id[1:]) // 3 for r in answer.results] == groups[:8]


def test_each_side_has_a_contrast_of_its_own(tmp_path: Path) -> None:
    """The mirror images are much nearer here, so a search that counts them is the more confident."""
    catalogue, count = mirrored_catalogue(tmp_path), LEAST + 10
    sketch, embeddings = vectors(1, 1)[0], vectors(2 * count, 2).reshape(count, 2 * DIM)
    embeddings[:10, DIM:] = sketch + 0.01 * embeddings[:10, DIM:]
    catalogue.put([with_photos(f"p{number:03d}", 1) for number in range(count)], embeddings)
    checkpoint = small_checkpoint()
    gallery = Gallery.open(tmp_path, checkpoint)
    retriever = Retriever(checkpoint, gallery, device="cpu")
    both, alone = (retriever.search_all([Query(sketch[None], 5, mirror=mirror)])[0] for mirror in (True, False))
    assert both.contrast != alone.contrast
    assert [mean.key is None for mean in local_snapshot(gallery).means] == [False, False]


def test_embeddings_of_one_side_are_refused(tmp_path: Path) -> None:
    catalogue = mirrored_catalogue(tmp_path)
    with pytest.raises(CatalogueError, match=r"shape \(1, 8\): expected \(1, 16\)"):
        catalogue.put([with_photos("a", 1)], vectors(1))
    assert catalogue.state().width == 2 * DIM
