"""Filters and facets by SQL: the same as by a plain loop over the products."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from itertools import product as combinations
from pathlib import Path

import numpy as np
import pytest

from app.catalogue import Catalogue, Filters, Product
from app.facets import PriceRange
from tests.app.small import open_catalogue, vectors

CATEGORIES = [None, "Shoes", "Shoes > Boots", "shoes>boots > Long", "Shoestrings", "100% wool > Sho_s", "Äpfel > Rot"]
COLORS = [None, "", "/", "Black", "black/Red", "Black / Dark  Red/GRÜN", "red", "grün", "dark red", "100%", "r_d"]
PRICES = [None, Decimal(0), Decimal(20), Decimal("59.90"), Decimal("59.9001"), Decimal(100)]
CURRENCIES = ["EUR", "USD", "eur", None]


def shop() -> list[Product]:
    """Products of every combination of things, thinned out."""
    random = np.random.default_rng(4)
    every = list(combinations(CATEGORIES, COLORS, PRICES, CURRENCIES))
    chosen = [every[i] for i in sorted(random.choice(len(every), 150, replace=False))]
    return [
        Product(f"p{number}", f"P {number}", category, price, currency, color=color)
        for number, (category, color, price, currency) in enumerate(chosen)
    ]


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    catalogue = open_catalogue(tmp_path_factory.mktemp("shop"))
    products = shop()
    catalogue.put(products, vectors(len(products)))
    catalogue.put([Product("gone", "G", "Shoes", Decimal(20), "EUR", color="black")], vectors(1))
    catalogue.delete(["gone"])
    return catalogue


def path_of(text: str) -> list[str]:
    return [" ".join(part.split()).casefold() for part in text.split(">")]


def colors_of(text: str | None) -> set[str]:
    return {" ".join(part.split()).casefold() for part in (text or "").split("/")} - {""}


def passes(product: Product, filters: Filters) -> bool:
    """By the words of Filters' docstring."""
    if filters.category is not None:
        wanted = path_of(filters.category)
        if product.category is None or path_of(product.category)[: len(wanted)] != wanted:
            return False
    if filters.colors and not any(colors_of(color) <= colors_of(product.color) for color in filters.colors):
        return False
    if filters.currency is not None and (product.currency or "").upper() != filters.currency.upper():
        return False
    bounds = filters.min_price, filters.max_price
    if bounds != (None, None) and product.price is None:
        return False
    price = product.price or Decimal(0)
    return (bounds[0] is None or price >= bounds[0]) and (bounds[1] is None or price <= bounds[1])


def passing(catalogue: Catalogue, filters: Filters) -> list[str]:
    _, revisions = catalogue.matching(filters)
    return sorted(product.product_id for product in catalogue.at_revisions(revisions.tolist()).values())


EVERY = [
    Filters(*values)
    for values in combinations(
        [None, "Shoes", " SHOES  >boots", "100% wool", "äpfel"],
        [None, Decimal(20), Decimal("59.90")],
        [None, Decimal("59.90"), Decimal("1e300")],
        [(), ("BLACK",), ("red", "grün"), ("red/black",), ("dark  red", "100%"), ("r_d",)],
        [None, "EUR", "usd"],
    )
]


def test_every_combination_of_filters_passes_what_a_plain_loop_does(catalogue: Catalogue) -> None:
    products = shop()
    sizes = []
    for filters in EVERY:
        wanted = sorted(product.product_id for product in products if passes(product, filters))
        assert passing(catalogue, filters) == wanted, filters
        assert catalogue.has(filters) == bool(wanted), filters
        sizes.append(len(wanted))
    assert max(sizes) == len(products) and sum(size > 0 for size in sizes) > len(sizes) / 3


def counted(names: Iterable[str]) -> dict[str, int]:
    """By key, since which spelling is shown is another matter."""
    return dict(Counter(name.casefold() for name in names))


def ancestors(path: str | None) -> list[str]:
    parts = path.split(" > ") if path else []
    return [" > ".join(parts[:depth]) for depth in range(1, len(parts) + 1)]


def ranges(products: Iterable[Product]) -> list[PriceRange]:
    prices: dict[str | None, list[Decimal]] = {}
    for product in products:
        if product.price is not None:
            prices.setdefault(product.currency, []).append(product.price)
    by_currency = sorted(prices.items(), key=lambda item: item[0] or "")
    return [PriceRange(currency, min(each), max(each), len(each)) for currency, each in by_currency]


def test_facets_are_what_a_plain_loop_counts(catalogue: Catalogue) -> None:
    for filters in EVERY[::3]:
        found = catalogue.facets(filters)
        by_category = [p for p in shop() if passes(p, replace(filters, category=None))]
        by_color = [p for p in shop() if passes(p, replace(filters, colors=()))]
        by_price = [p for p in shop() if passes(p, replace(filters, min_price=None, max_price=None, currency=None))]
        assert found.size == sum(passes(p, filters) for p in shop())
        assert {name.casefold(): count for name, count in found.categories.items()} == counted(
            name for p in by_category for name in ancestors(p.category)
        )
        assert {name.casefold(): count for name, count in found.colors.items()} == counted(
            name for p in by_color for name in colors_of(p.color)
        )
        assert found.prices == ranges(by_price)


def test_facets_have_an_order_and_one_spelling_each(catalogue: Catalogue) -> None:
    facets = catalogue.facets()
    assert list(facets.colors) == ["100%", "Black", "Dark Red", "GRÜN", "r_d", "Red"]
    assert [prices.currency for prices in facets.prices] == [None, "EUR", "USD"]
    assert facets.categories == catalogue.categories()
    assert catalogue.currencies() == ["EUR", "USD"]


def test_categories_count_all_below_them(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    names = ["Shoes > Boots", "shoes>pumps", "Shoes", "Shoestrings", "100% wool > Sho_s", None]
    catalogue.put([Product(f"p{n}", "T", name) for n, name in enumerate(names)], vectors(len(names)))
    assert catalogue.categories() == {
        "100% wool": 1,
        "100% wool > Sho_s": 1,
        "Shoes": 3,
        "Shoes > Boots": 1,
        "shoes > pumps": 1,
        "Shoestrings": 1,
    }


def test_filters_are_of_the_revision_they_say(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    for revision, color in enumerate(["red", "Red/Blue", "blue"], 1):
        catalogue.put([Product(f"p{revision}", "T", color=color)], vectors(1))
        assert catalogue.matching(Filters(colors=("red",)))[0] == revision
    assert passing(catalogue, Filters(colors=("red",))) == ["p1", "p2"]
    catalogue.put([Product("p1", "T", color="pink")], vectors(1))
    assert passing(catalogue, Filters(colors=("red",))) == ["p2"]
    assert passing(catalogue, Filters(colors=("pink", "blue"))) == ["p1", "p2", "p3"]
    assert catalogue.matching(Filters(colors=("green",)))[1].size == 0


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"category": " > "}, "category is ' > '"),
        ({"colors": ("red", " / ")}, "color is ' / '"),
        ({"currency": " "}, "currency is ' '"),
        *(({"min_price": Decimal(text)}, "min_price is") for text in ("-1", "NaN", "Infinity")),
    ],
)
def test_filters_that_nothing_can_pass_are_refused(wanted: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Filters(**wanted)  # type: ignore[arg-type]
