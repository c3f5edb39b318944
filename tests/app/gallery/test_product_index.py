"""Galleries answer the same whichever index searches them: FAISS in the process, or Milvus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.catalogue.catalogue import Catalogue
from app.catalogue.staged_embeddings import StagedEmbeddings
from app.database.errors import CheckpointMismatchError
from app.database.state import EmbeddingsOrigin
from app.gallery.gallery import Gallery
from app.gallery.milvus_index import collection_writer, milvus_index
from app.products.filters import Filters
from app.products.product import Photo, Product
from app.search.results import Listing, Query
from app.search.retriever import Retriever
from app.words.word_query import WordQuery
from tests.support.grouped_shop import FILTERS, GroupedShop, by_id, random_products, singly
from tests.support.milvus_lite import new_collection
from tests.support.rule_conditions import random_condition, with_private_fields
from tests.support.small_galleries import DIM, open_catalogue, small_checkpoint, vectors, with_photos

OpenGallery = Callable[..., Gallery]
Settle = Callable[[Gallery], None]

_names = count()


@pytest.fixture(params=["faiss", "milvus"])
def open_gallery(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenGallery]:
    """Open the gallery in tmp_path like another server."""
    milvus = new_collection(f"shop{next(_names)}") if request.param == "milvus" else None
    opened = list[Gallery]()

    def open_(sha256: str = "a" * 64, catalogue: Catalogue | None = None) -> Gallery:
        checkpoint = small_checkpoint(sha256)
        gallery = Gallery.open(tmp_path, checkpoint, catalogue or open_catalogue(tmp_path), milvus=milvus)
        opened.append(gallery)
        return gallery

    yield open_
    for gallery in opened:
        gallery.index.close()


@pytest.fixture
def settle(monkeypatch: pytest.MonkeyPatch) -> Settle:
    """Save a gallery's index and let all that is saved count as indexed, as time would."""

    def save(gallery: Gallery) -> None:
        monkeypatch.setattr(milvus_index, "SETTLE", -1.0)
        monkeypatch.setattr(collection_writer, "REMOVE_AFTER", -1.0)
        gallery.save()
        monkeypatch.undo()

    return save


def names(
    gallery: Gallery, sketch: NDArray[np.float32], k: int, filters: Filters = FILTERS[0], **how: object
) -> list[str]:
    retriever = Retriever(small_checkpoint(), gallery, 20, device="cpu")
    query = Query(sketch[None], k, filters, **how)  # type: ignore[arg-type]
    return [result.product.product_id for result in retriever.search_all([query])[0].results]


def assert_same(gallery: Gallery, shop: GroupedShop, random: np.random.Generator) -> None:
    """Compare searches of all kinds with a plain loop over all products."""
    for filters in FILTERS:
        sketch = random.standard_normal(DIM).astype(np.float32)
        assert names(gallery, sketch, 12, filters) == shop.nearest(sketch, 12, filters, by_id), filters
        assert names(gallery, sketch, 200, filters, variants=True) == shop.nearest(sketch, 200, filters, singly)


def test_searches_have_every_change(open_gallery: OpenGallery, settle: Settle, tmp_path: Path) -> None:
    """Products with several photos, equal photos and groups are added, replaced and deleted."""
    random = np.random.default_rng(0)
    shop, writer = GroupedShop({}, {}), open_catalogue(tmp_path)
    products = random_products(random, 130)
    writer.put(products[:90], shop.put(products[:90], random))
    gallery = open_gallery()
    assert_same(gallery, shop, random)
    for batch in (products[60:110], products[100:]):
        writer.put(batch, shop.put(batch, random))
        gone = [batch[number].product_id for number in random.permutation(len(batch))[:9]]
        writer.delete(gone)
        for name in gone:
            del shop.products[name]
        for step in (lambda: None, gallery.refresh, lambda: settle(gallery)):
            step()
            assert_same(gallery, shop, random)
    assert gallery.size == len(shop.products) and gallery.is_saved
    assert_same(open_gallery(), shop, random)


def test_filters_of_every_kind_are_exact(open_gallery: OpenGallery, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    shop, writer = GroupedShop({}, {}), open_catalogue(tmp_path)
    products = [with_private_fields(product, random) for product in random_products(random, 150, has_ties=False)]
    writer.put(products, shop.put(products, random))
    gallery = open_gallery()
    for _ in range(25):
        hidden = tuple(random_condition(random) for _ in range(random.integers(1, 3)))
        filters = replace(FILTERS[random.integers(len(FILTERS))], hidden=hidden)
        sketch = random.standard_normal(DIM).astype(np.float32)
        fitting = [p for p in shop.products.values() if not any(condition.is_met_by(p) for condition in hidden)]
        left = GroupedShop({p.product_id: p for p in fitting}, shop.embeddings)
        expected = left.nearest(sketch, 150, filters, singly)
        assert names(gallery, sketch, 150, filters, variants=True) == expected, filters


def test_words_attributes_and_several_colours_are_required(open_gallery: OpenGallery, tmp_path: Path) -> None:
    shoes = [
        Product("boot", "Suede boot", color="Red/Black", attributes=(("sole", "Rubber"),)),
        Product("clog", "Wooden clog", color="Black", attributes=(("sole", "Wood"),)),
        Product("mule", "Suede mule", color="red", attributes=(("sole", "wood"), ("lining", "suede"))),
    ]
    open_catalogue(tmp_path).put(shoes, vectors(3))
    gallery, sketch = open_gallery(), vectors(1, 5)[0]
    for filters, expected in (
        (Filters(words=WordQuery("suede")), {"boot", "mule"}),
        (Filters(words=WordQuery("suede boot")), {"boot"}),
        (Filters(words=WordQuery("suede"), colors=("black",)), {"boot"}),
        (Filters(colors=("red/black",)), {"boot"}),
        (Filters(colors=("red/black", "red")), {"boot", "mule"}),
        (Filters(attributes=(("sole", "WOOD"), ("lining", "suede"))), {"mule"}),
        (Filters(attributes=(("sole", "'] or true"),)), set()),
        (Filters(category="Shoes"), set()),
    ):
        assert set(names(gallery, sketch, 5, filters)) == expected, filters


def test_out_of_stock_comes_last(open_gallery: OpenGallery, tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    shop, writer = GroupedShop({}, {}), open_catalogue(tmp_path)
    products = random_products(random, 80, has_ties=False)
    writer.put(products, shop.put(products, random))
    gallery, sketch = open_gallery(), vectors(1, 8)[0]
    listed = names(gallery, sketch, 80, listing=Listing(out_of_stock_last=True))
    groups = {by_id(product) for product in products}
    in_stock = {by_id(product) for product in products if product.availability != "out_of_stock"}
    assert [by_id(shop.products[name]) in in_stock for name in listed] == sorted(
        (group in in_stock for group in groups), reverse=True
    )
    assert len(in_stock) < len(groups) == len(listed)


def test_photos_embedded_both_ways_round(open_gallery: OpenGallery, settle: Settle, tmp_path: Path) -> None:
    catalogue = Catalogue(f"sqlite:///{tmp_path / 'catalogue.sqlite'}")
    catalogue.bind("a" * 64, DIM, mirrored=True)
    embeddings = vectors(4 * 40, 3).reshape(40, 2, 2 * DIM)
    for number, photos in enumerate(embeddings):
        catalogue.put([with_photos(f"p{number:03d}", 2)], photos)
    catalogue.close()
    gallery = open_gallery()
    weight = small_checkpoint().network.distance.weight.double().numpy()  # type: ignore[operator]
    for is_settled in (False, True):
        if is_settled:
            settle(gallery)
        for sketch in vectors(4, 6):
            sides = embeddings.reshape(40, 2, 2, DIM).astype(float)
            for mirror in (False, True):
                differences = sketch.astype(float)[:, None] - sides[:, :, : 1 + mirror, None]
                distances = (weight * differences**2).sum((3, 4)).min((1, 2))
                expected = [f"p{number:03d}" for number in np.argsort(distances)[:7]]
                assert names(gallery, sketch, 7, mirror=mirror) == expected


def test_an_empty_gallery_is_searched_and_filled(open_gallery: OpenGallery, tmp_path: Path) -> None:
    writer, gallery = open_catalogue(tmp_path), open_gallery()
    assert gallery.size == 0 and names(gallery, vectors(1)[0], 5) == []
    writer.put([Product("boot", "Boot")], vectors(1))
    assert names(gallery, vectors(1)[0], 5) == ["boot"]


def test_another_checkpoint_is_refused(open_gallery: OpenGallery, tmp_path: Path) -> None:
    open_catalogue(tmp_path)
    with pytest.raises(CheckpointMismatchError, match=f"checkpoint {'a' * 64}, but checkpoint {'b' * 64} is given"):
        open_gallery("b" * 64, Catalogue(f"sqlite:///{tmp_path / 'catalogue.sqlite'}"))


def test_the_old_checkpoint_searches_until_a_new_gallery_is_open(open_gallery: OpenGallery, tmp_path: Path) -> None:
    catalogue, old, new = open_catalogue(tmp_path), vectors(30, 1), vectors(30, 2)
    photos = [f"{number:064}" for number in range(30)]
    products = [Product(f"p{n:02}", "Shoe", photos=(Photo(photo, f"s{n}"),)) for n, photo in enumerate(photos)]
    catalogue.put(products, old)
    before, sketch = open_gallery(), vectors(1, 9)[0]
    shop = GroupedShop({p.product_id: p for p in products}, {f"p{n:02}": row[None] for n, row in enumerate(old)})
    assert names(before, sketch, 30) == shop.nearest(sketch, 30, Filters(), singly)
    staged = StagedEmbeddings(catalogue, EmbeddingsOrigin("b" * 64, is_mirrored=False), DIM)
    with catalogue.transaction() as connection:
        staged.add(connection, dict(zip(photos, new, strict=True)))
        staged.promote(connection)
    with pytest.raises(CheckpointMismatchError):
        before.refresh()
    assert names(before, sketch, 30) == shop.nearest(sketch, 30, Filters(), singly)
    after = open_gallery("b" * 64, Catalogue(f"sqlite:///{tmp_path / 'catalogue.sqlite'}"))
    shop.embeddings = {f"p{number:02}": row[None] for number, row in enumerate(new)}
    assert names(after, sketch, 30) == shop.nearest(sketch, 30, Filters(), singly)
