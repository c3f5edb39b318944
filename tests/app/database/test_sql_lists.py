"""A statement's text does not depend on how many values a client sends: each text takes space in statement caches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from app.catalogue.catalogue import Catalogue
from app.products.filters import Filters
from app.products.product import Product
from tests.support.small_galleries import at_revisions, matching, open_catalogue, vectors

_COLORS = ("red", "black", "blue", "green", "white", "pink", "grey")


@contextmanager
def statements() -> Iterator[set[str]]:
    """Collect the texts of the statements that the block executes, and none of a server of another test."""
    texts: set[str] = set()
    thread = threading.get_ident()

    def note(_connection: object, _cursor: object, text: str, *_: object) -> None:
        if threading.get_ident() == thread:
            texts.add(text)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield texts
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def shoe(number: int) -> Product:
    traits = [(f"trait {n}", str(number % (n + 2))) for n in range(3)]
    color = "/".join(_COLORS[number % 3 : number % 7])
    things = {"color": color, "brand": f"B{number}", "attributes": tuple(traits)}
    return Product(f"p{number}", "T", "Shoes", Decimal(number), "EUR", **things)  # type: ignore[arg-type]


@pytest.fixture
def catalogue(directory: Path) -> Catalogue:
    catalogue = open_catalogue(directory)
    catalogue.put([shoe(n) for n in range(40)], vectors(40))
    return catalogue


READS: dict[str, Callable[[Catalogue, int], object]] = {
    "brands": lambda shop, n: shop.facets(Filters(brands=tuple(f"b{i}" for i in range(n)))),
    "colors": lambda shop, n: matching(shop, Filters(colors=_COLORS[:n])),
    "colors of a product": lambda shop, n: shop.facets(Filters(colors=("/".join(_COLORS[: n + 1]),))),
    "several colors of a product": lambda shop, n: shop.has(
        Filters(colors=tuple("/".join(_COLORS[: i + 2]) for i in range(n)))
    ),
    "values of an attribute": lambda shop, n: shop.facets(
        Filters(attributes=tuple(("trait 1", str(i)) for i in range(n)))
    ),
    "traits": lambda shop, n: shop.traits_in([("brand", f"b{i}") for i in range(n)]),
    "products by id": lambda shop, n: shop.get_many([f"p{i}" for i in range(n)]),
    "products by revision": lambda shop, n: at_revisions(shop, range(1, n + 1)),
    "a page": lambda shop, n: shop.page(None, n),
}


@pytest.mark.parametrize("read", READS.values(), ids=list(READS))
def test_more_values_make_no_other_statements(catalogue: Catalogue, read: Callable[[Catalogue, int], object]) -> None:
    read(catalogue, 1)  # facets are counted in memory from then on
    with statements() as texts:
        read(catalogue, 1)
    assert texts
    for count in range(2, 7):
        with statements() as others:
            read(catalogue, count)
        assert others == texts


def test_more_products_make_no_other_statements(catalogue: Catalogue) -> None:
    def write(count: int) -> None:
        things = [shoe(number) for number in range(count)]
        catalogue.put(things, vectors(count), {thing.product_id: 0 for thing in things})
        catalogue.forget_photos([f"photo {n}" for n in range(count)], lambda names: list)
        catalogue.delete([thing.product_id for thing in things])

    catalogue.delete([f"p{n}" for n in range(40)])
    with statements() as texts:
        write(1)
    with statements() as others:
        write(5)
    assert others == texts
