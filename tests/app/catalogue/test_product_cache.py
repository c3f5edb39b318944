"""Products of results are read once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from app.catalogue.product_cache import ProductCache
from app.products.product import Product
from tests.support.small_galleries import open_catalogue, products, vectors


def test_what_has_been_read_is_not_read_again(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = open_catalogue(directory)
    catalogue.put(products(["a", "b", "c"]), vectors(3))
    known, asked = ProductCache(), list[set[int]]()
    read = catalogue.at_revisions

    def noting(revisions: Sequence[int]) -> dict[int, Product]:
        asked.append({*revisions})
        return read(revisions)

    monkeypatch.setattr(catalogue, "at_revisions", noting)
    assert {r: p.product_id for r, p in known.at_revisions(catalogue, [1, 2]).items()} == {1: "a", 2: "b"}
    assert {r: p.product_id for r, p in known.at_revisions(catalogue, [3, 2, 9]).items()} == {2: "b", 3: "c"}
    assert asked == [{1, 2}, {3, 9}]


def test_a_revision_stays_what_it_was_until_a_newer_one_of_the_product_is_known(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    catalogue.put(products(["a", "b"]), vectors(2))
    known = ProductCache()
    assert known.at_revisions(catalogue, [1]).keys() == {1}
    catalogue.put(products(["a"]), vectors(1))
    assert known.at_revisions(catalogue, [1, 2]).keys() == {1, 2}
    assert known.at_revisions(catalogue, [2, 3]).keys() == {2, 3}
    assert known.at_revisions(catalogue, [1, 2, 3]).keys() == {2, 3}
    catalogue.delete(["a", "b"])
    assert known.at_revisions(catalogue, [2, 3]).keys() == {2, 3}


def test_no_more_are_held_than_fit(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.catalogue.product_cache._MOST", 3)
    catalogue = open_catalogue(directory)
    catalogue.put(products([*"abcde"]), vectors(5))
    known = ProductCache()
    for wanted in ([1, 2], [3, 4, 5], [1, 2, 3, 4, 5]):
        assert {*known.at_revisions(catalogue, wanted)} == {*wanted}
