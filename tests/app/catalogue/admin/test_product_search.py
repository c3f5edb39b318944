"""Products as an operator looks for them: by words and typing errors, or by the beginning of an id."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.catalogue.admin.product_search import ProductPage, find_products
from app.products.product import Product
from app.words.word_query import WordQuery
from tests.support.small_galleries import open_catalogue, vectors


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", ["k_1", "k_2", "kx1", "z"]),
        ("red boot", ["k_1"]),
        ("Boo", ["k_1", "kx1"]),
        ("subergorgeous", ["z"]),
        ("k_", ["k_1", "k_2"]),
        ("z", ["k_2", "z"]),
        ("qqqqq", []),
        ("   ", ["k_1", "k_2", "kx1", "z"]),
    ],
)
def test_words_or_the_beginning_of_an_id_find_products(directory: Path, text: str, ids: list[str]) -> None:
    catalogue = open_catalogue(directory)
    names = {"k_1": "Red boot", "k_2": "Zebra", "kx1": "Blue boot", "z": "Supergorgeous"}
    catalogue.put([Product(name, title=title) for name, title in names.items()], vectors(4))

    def find(after: str | None = None, limit: int = 10) -> ProductPage:
        return find_products(catalogue, WordQuery(text), after, limit)

    assert [product.product_id for product in find().products] == ids and not find().has_more
    if len(ids) > 1:
        first = find(limit=1)
        assert first.has_more and find(first.products[0].product_id).products == find().products[1:]


def test_words_that_no_product_has_are_named(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    catalogue.put([Product("a", title="Red boot")], vectors(1))
    page = find_products(catalogue, WordQuery("red qqqqq "), None, 10)
    assert page.words is not None and page.words.dropped == ("qqqqq",) and len(page.products) == 1
