"""Products in memory, for searches without the database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from app.catalogue.product_cache import ProductCache
from app.gallery.gallery import Gallery
from app.products.filters import Filters
from app.search.memory_copy import MemoryCopy
from app.search.product_selection import select_products
from app.search.results import Listing, Query
from app.search.retriever import Retriever
from tests.support.small_galleries import (
    close_catalogues,
    local_snapshot,
    open_catalogue,
    small_checkpoint,
    vectors,
    with_photos,
)

LOST = OperationalError("", {}, Exception("connection refused"))


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    catalogue = open_catalogue(tmp_path)
    catalogue.put([with_photos(name, 1) for name in "abc"], vectors(3))
    yield Gallery.open(tmp_path, small_checkpoint(), catalogue)
    close_catalogues()


def lose(gallery: Gallery) -> None:
    def fail() -> None:
        raise LOST

    with pytest.raises(OperationalError):
        gallery.contact.ask(fail)


def wait_for_copy(cache: ProductCache, gallery: Gallery) -> None:
    deadline = time.monotonic() + 10
    while cache.missing(local_snapshot(gallery).live_revisions().tolist()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_all_products_and_their_changes_are_copied(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.search.memory_copy._INTERVAL", 0.01)
    monkeypatch.setattr("app.search.memory_copy._BATCH", 2)
    cache = ProductCache()
    copy = MemoryCopy(gallery, cache)
    copy.start()
    wait_for_copy(cache, gallery)
    gallery.catalogue.put([with_photos("d", 2)], vectors(2, 5))
    gallery.catalogue.delete(["a"])
    gallery.refresh()
    wait_for_copy(cache, gallery)
    lose(gallery)
    with select_products(gallery, Filters(), cache) as selection:
        revisions = local_snapshot(gallery).live_revisions().tolist()
        assert revisions == [2, 3, 4]
        assert [product.product_id for product in selection.products(cache, revisions).values()] == ["b", "c", "d"]
    copy.close()


def test_a_gallery_that_is_too_large_is_not_copied(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.search.memory_copy._INTERVAL", 0.01)
    monkeypatch.setattr("app.search.memory_copy.MOST_PRODUCTS", 2)
    cache = ProductCache()
    copy = MemoryCopy(gallery, cache)
    copy.start()
    time.sleep(0.1)
    assert cache.missing([1, 2, 3]) == [1, 2, 3]
    copy.close()


def test_stock_is_known_in_memory_if_all_products_are(gallery: Gallery) -> None:
    gallery.catalogue.put([with_photos("a", 1, availability="out_of_stock")], vectors(1))
    gallery.refresh()
    cache, in_stock = ProductCache(), Filters(in_stock=True)
    with select_products(gallery, in_stock, cache) as selection:
        expected = sorted(selection.passing.revisions.tolist())
        selection.products(cache, [2, 3])
    lose(gallery)
    with pytest.raises(OperationalError), select_products(gallery, in_stock, cache):
        pass
    gallery.refresh()
    with select_products(gallery, Filters(), cache) as selection:
        selection.products(cache, [4])
    lose(gallery)
    with select_products(gallery, in_stock, cache) as selection:
        assert sorted(selection.passing.revisions.tolist()) == expected == [2, 3]


def test_what_is_not_in_memory_is_refused_and_not_left_out(gallery: Gallery) -> None:
    lose(gallery)
    with pytest.raises(OperationalError), select_products(gallery, Filters(category="a"), ProductCache()):
        pass
    with select_products(gallery, Filters(), ProductCache()) as selection, pytest.raises(OperationalError):
        selection.products(ProductCache(), [1])
    gallery.refresh()
    assert gallery.contact.is_up
    with select_products(gallery, Filters(in_stock=True), ProductCache()) as selection:
        assert len(selection.products(ProductCache(), [1, 2, 3])) == 3


def test_products_out_of_stock_come_last_without_the_database_too(gallery: Gallery) -> None:
    gallery.catalogue.put([with_photos("a", 1, availability="out_of_stock")], vectors(1))
    gallery.refresh()
    retriever = Retriever(small_checkpoint(), gallery, device="cpu")
    query = Query(vectors(1), 3, listing=Listing(out_of_stock_last=True))
    before = retriever.search_all([query])[0].results
    lose(gallery)
    assert retriever.search_all([query])[0].results == before
    assert [(result.product.product_id, result.in_stock) for result in before][-1] == ("a", False)
