"""Products of results are read once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from app.catalogue.catalogue import Catalogue
from app.catalogue.catalogue_view import CatalogueView
from app.catalogue.product_cache import ProductCache
from app.products.product import Product
from tests.support.small_galleries import open_catalogue, products, vectors


def test_what_has_been_read_is_not_read_again(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = open_catalogue(directory)
    catalogue.put(products(["a", "b", "c"]), vectors(3))
    cache, asked = ProductCache(), list[set[int]]()
    read = CatalogueView.at_revisions

    def record(view: CatalogueView, revisions: Iterable[int]) -> dict[int, Product]:
        asked.append({*revisions})
        return read(view, revisions)

    monkeypatch.setattr(CatalogueView, "at_revisions", record)
    assert read_through(cache, catalogue, [1, 2]) == {1: "a", 2: "b"}
    assert read_through(cache, catalogue, [3, 2, 9]) == {2: "b", 3: "c"}
    assert asked == [{1, 2}, {3, 9}]


def test_a_revision_stays_what_it_was_until_a_newer_one_of_the_product_is_known(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    catalogue.put(products(["a", "b"]), vectors(2))
    cache = ProductCache()
    assert read_through(cache, catalogue, [1]).keys() == {1}
    catalogue.put(products(["a"]), vectors(1))
    assert read_through(cache, catalogue, [1, 2]).keys() == {1, 2}
    assert read_through(cache, catalogue, [2, 3]).keys() == {2, 3}
    assert read_through(cache, catalogue, [1, 2, 3]).keys() == {2, 3}
    catalogue.delete(["a", "b"])
    assert read_through(cache, catalogue, [2, 3]).keys() == {2, 3}


def test_no_more_are_held_than_fit(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.catalogue.product_cache.CAPACITY", 3)
    catalogue = open_catalogue(directory)
    catalogue.put(products([*"abcde"]), vectors(5))
    cache = ProductCache()
    for wanted in ([1, 2], [3, 4, 5], [1, 2, 3, 4, 5]):
        assert {*read_through(cache, catalogue, wanted)} == {*wanted}


def read_through(cache: ProductCache, catalogue: Catalogue, revisions: Iterable[int]) -> dict[int, str]:
    """Read the ids of products by revision, as a search does it: through the cache, in a view of its own."""
    with catalogue.view() as view:
        return {revision: product.product_id for revision, product in cache.at_revisions(view, revisions).items()}
