"""Tests of products with several photos: every search ranks them by the nearest photo, as a plain loop does."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.catalogue.catalogue import Catalogue
from app.decoding.framed_picture import FramedPicture
from app.decoding.product_photo import encode_webp_files
from app.gallery.gallery import Gallery
from app.products.filters import Filters
from app.products.product import Photo, Product
from app.search.match import match
from app.search.results import Result
from app.search.retriever import Retriever
from model.checkpoint import Checkpoint, load_checkpoint
from tests.conftest import draw_product
from tests.support.embedding_searches import search_embeddings
from tests.support.small_galleries import open_catalogue, small_checkpoint, vectors, with_photos

Photos = dict[str, NDArray[np.float32]]
COUNTS = (1, 3, 20, 2)


def fill(catalogue: Catalogue, count: int, seed: int = 0, first: int = 0) -> Photos:
    """Put `count` products of 1 to 20 photos. Returns the embeddings (P,8) of each product by id."""
    embeddings: Photos = {}
    things = []
    for number in range(first, first + count):
        photos = COUNTS[number % len(COUNTS)]
        things.append(with_photos(f"p{number:03d}", photos, price=Decimal(number)))
        embeddings[things[-1].product_id] = vectors(photos, 1000 * seed + number)
    catalogue.put(things, np.concatenate(list(embeddings.values())))
    return embeddings


def plain(sketch: NDArray[np.float32], photos: Photos) -> list[tuple[str, int, float]]:
    """Return products with their nearest photos and distances, nearest first, by the definition of HOLEF in float64."""
    weight = small_checkpoint().network.distance.weight.double().numpy()  # type: ignore[operator]
    ranked = []
    for name, embeddings in photos.items():
        distances = [(weight * (sketch.astype(float)[:, None] - p.astype(float)[None]) ** 2).sum() for p in embeddings]
        ranked.append((name, int(np.argmin(distances)), float(min(distances))))
    return sorted(ranked, key=lambda entry: (entry[2], entry[0]))


def seen(results: list[Result]) -> list[tuple[str, int, float]]:
    return [(result.product.product_id, result.position, result.distance) for result in results]


def assert_same(results: list[Result], wanted: list[tuple[str, int, float]]) -> None:
    ranked = seen(results)
    assert [entry[:2] for entry in ranked] == [entry[:2] for entry in wanted]
    np.testing.assert_allclose([entry[2] for entry in ranked], [entry[2] for entry in wanted], rtol=1e-4, atol=1e-4)


def retriever(directory: Path, n_candidates: int = 100) -> Retriever:
    checkpoint = small_checkpoint()
    return Retriever(checkpoint, Gallery.open(directory, checkpoint), n_candidates, device="cpu")


@pytest.mark.parametrize(("k", "n_candidates"), [(1, 1), (7, 30), (60, 10), (200, 100)])
def test_products_are_as_near_as_their_nearest_photo(tmp_path: Path, k: int, n_candidates: int) -> None:
    photos = fill(open_catalogue(tmp_path), 60)
    searched = retriever(tmp_path, n_candidates)
    sketches = vectors(5, 99)
    for sketch, found in zip(sketches, search_embeddings(searched, sketches, k), strict=True):
        assert_same(found.results, plain(sketch, photos)[:k])
        assert found.size == 60
        assert [result.photo for result in found.results] == [f"{name}/{n}" for name, n, _ in plain(sketch, photos)[:k]]


def test_filters_never_shorten(tmp_path: Path) -> None:
    """Search where most of the nearest photos belong to one product, or to products that do not pass."""
    catalogue = open_catalogue(tmp_path)
    photos = fill(catalogue, 60)
    crowd = np.tile(vectors(1, 5), (20, 1)) + 0.01 * vectors(20, 6)
    catalogue.put([with_photos("crowd", 20, price=Decimal(40))], crowd)
    photos["crowd"] = crowd
    searched = retriever(tmp_path, n_candidates=2)
    sketch = vectors(1, 5)
    prices = {name: 40 if name == "crowd" else int(name[1:]) for name in photos}
    for low, high in ((0, 100), (40, 42), (40, 40), (0, 39), (90, 95)):
        filters = Filters(min_price=Decimal(low), max_price=Decimal(high))
        passing = {name: each for name, each in photos.items() if low <= prices[name] <= high}
        for k in (1, 2, 5, 100):
            assert_same(search_embeddings(searched, sketch, k, filters)[0].results, plain(sketch[0], passing)[:k])


def test_a_gallery_follows_products_that_gain_and_lose_photos(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    writer = open_catalogue(tmp_path)
    followed = retriever(tmp_path, 3)
    photos: Photos = {}
    for turn in range(40):
        names = sorted({f"p{number}" for number in random.integers(0, 30, random.integers(1, 9))})
        if random.random() < 0.3:
            writer.delete(names)
            photos = {name: each for name, each in photos.items() if name not in names}
        else:
            made = {name: vectors(int(random.integers(1, 6)), 100 * turn + n) for n, name in enumerate(names)}
            writer.put([with_photos(name, len(each)) for name, each in made.items()], np.concatenate([*made.values()]))
            photos |= made
        if turn % 10 == 9:
            followed.gallery.save()
        for one in (followed, retriever(tmp_path, 3)) if turn % 8 == 7 else (followed,):
            found = search_embeddings(one, vectors(1, turn), 50)[0]
            assert_same(found.results, plain(vectors(1, turn)[0], photos))
            assert found.size == len(photos)
            assert found.revision == writer.revision()


@pytest.mark.parametrize("factory", ["SQ8", "IVF8,Flat", "HNSW8", "PQ3x4"])
@pytest.mark.filterwarnings("ignore")
def test_compressed_indexes_give_every_product_once(tmp_path: Path, factory: str) -> None:
    catalogue = open_catalogue(tmp_path)
    photos = fill(catalogue, 100)
    catalogue.set_factory(factory)
    searched = retriever(tmp_path, 5)
    found = search_embeddings(searched, vectors(1, 4), 100)[0]
    assert_same(found.results, plain(vectors(1, 4)[0], photos))  # all are candidates, so the exact distance decides
    few = search_embeddings(searched, vectors(1, 4), 9, Filters(max_price=Decimal(8)))[0]
    assert len({result.product.product_id for result in few.results}) == 9


def test_photos_as_near_as_each_other_count_by_their_order(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    same = np.tile(vectors(1), (3, 1))
    catalogue.put([with_photos("twins", 3), with_photos("other", 2)], np.concatenate([same, same[:2]]))
    found = search_embeddings(retriever(tmp_path), vectors(1, 1), 2)[0]
    assert [each[:2] for each in seen(found.results)] == [("other", 0), ("twins", 0)]


def test_similar_products_are_near_to_any_of_its_photos(tmp_path: Path) -> None:
    photos = fill(open_catalogue(tmp_path), 60)
    searched = retriever(tmp_path, 10)
    for name in ("p000", "p001", "p002"):
        nearest: dict[str, float] = {}
        for sketch in photos[name]:
            for other, _, distance in plain(sketch, photos):
                nearest[other] = min(distance, nearest.get(other, np.inf))
        del nearest[name]
        for k in (5, 59, 100):
            found = searched.search_all([searched.like(name, k)])[0].results
            assert [result.product.product_id for result in found] == sorted(nearest, key=lambda n: nearest[n])[:k]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, tiny_gallery: Path, tiny_checkpoint: Path) -> Retriever:
    """Return a retriever of a gallery with a product that has photos of three things."""
    directory = tmp_path_factory.mktemp("several") / "gallery"
    shutil.copytree(tiny_gallery, directory)
    checkpoint = load_checkpoint(tiny_checkpoint)
    gallery = Gallery.open(directory, checkpoint)
    pictures = [draw_product(seed) for seed in (50, 51, 52)]
    photos = tuple(
        Photo(gallery.photos.keep(*encode_webp_files(picture)), f"{n}") for n, picture in enumerate(pictures)
    )
    embeddings = checkpoint.embed_photos(
        [checkpoint.preprocess.photo(picture)[None] for picture in pictures], mirrored=True
    )
    gallery.catalogue.put([Product("many", "M", photos=photos)], embeddings)
    return Retriever(checkpoint, gallery, device="cpu")


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("turned", [False, True])
def test_a_match_is_with_the_nearest_photo(real: Retriever, tiny_checkpoint: Path, number: int, turned: bool) -> None:
    checkpoint: Checkpoint = load_checkpoint(tiny_checkpoint)
    frame, placement = checkpoint.preprocess.place_photo(draw_product(50 + number))
    sketch = FramedPicture(np.ascontiguousarray(frame[:, ::-1]) if turned else frame, placement, 320, 240)
    product = real.gallery.catalogue.get("many")
    assert product is not None
    found = match(real, checkpoint, "many", sketch, mirror=True)
    assert (found.photo_name, found.mirrored) == (product.photos[number].name, turned)
    result = real.search(sketch.frame, 1).results[0]
    assert (result.product, result.photo) == (product, found.photo_name)
    assert found.distance == pytest.approx(result.distance, abs=1e-5)
