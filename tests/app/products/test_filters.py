"""Filters and facets by SQL: the same as by a plain loop over the products."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from functools import cache
from itertools import product as combinations
from pathlib import Path

import numpy as np
import pytest

from app.catalogue.catalogue import Catalogue
from app.catalogue.facets import MOST_VALUES, PriceRange
from app.products.filters import Filters
from app.products.product import AVAILABILITIES, Product
from tests.support.small_galleries import URL_FILE, at_revisions, matching, open_catalogue, vectors

CATEGORIES = [None, "Shoes", "Shoes > Boots", "shoes>boots > Long", "Shoestrings", "100% wool > Sho_s", "Äpfel > Rot"]
COLORS = [None, "", "/", "Black", "black/Red", "Black / Dark  Red/GRÜN", "red", "grün", "dark red", "100%", "r_d"]
PRICES = [None, Decimal(0), Decimal(20), Decimal("59.90"), Decimal("59.9001"), Decimal(100)]
CURRENCIES = ["EUR", "USD", "eur", None]
BRANDS = [None, "Acme", "ACME", "Grün &  Co"]
SIZES = [None, "38", "xl", "XL", "38/XL", "XL,  38 2/3", "38 2/3"]
STOCKS = [None, *AVAILABILITIES]
LONG = "very " * 190 + "long"
MATERIALS = [(), ("Leather",), ("leather", "Wool"), ("wool",), (LONG,)]


@cache
def shop() -> list[Product]:
    """Products of every combination of things, thinned out."""
    random = np.random.default_rng(4)
    every = list(combinations(CATEGORIES, COLORS, PRICES, CURRENCIES))
    chosen = [every[i] for i in sorted(random.choice(len(every), 150, replace=False))]
    others = list(combinations(BRANDS, SIZES, STOCKS, MATERIALS))
    return [
        Product(
            f"p{number}",
            f"P {number}",
            category,
            price,
            currency,
            color=color,
            brand=brand,
            gender="Women" if number % 3 else None,
            size=size,
            availability=stock,
            attributes=(*(("material", value) for value in materials), ("Number", str(number % 4))),
        )
        for number, (category, color, price, currency) in enumerate(chosen)
        for brand, size, stock, materials in [others[random.integers(len(others))]]
    ]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def catalogue(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    directory = tmp_path_factory.mktemp("shop")
    if request.param == "postgresql":
        (directory / URL_FILE).write_text(request.getfixturevalue("postgres").place())
    catalogue = open_catalogue(directory)
    products = shop()
    catalogue.put(products, vectors(len(products)))
    catalogue.put([Product("gone", "G", "Shoes", Decimal(20), "EUR", color="black")], vectors(1))
    catalogue.delete(["gone"])
    yield catalogue
    catalogue.close()


def path_of(text: str) -> list[str]:
    return [" ".join(part.split()).casefold() for part in text.split(">")]


def colors_of(text: str | None) -> set[str]:
    return {" ".join(part.split()).casefold() for part in (text or "").split("/")} - {""}


def sizes_of(text: str | None) -> set[str]:
    return {
        *({"38"} if text in ("38", "38/XL") else ()),
        *({"xl"} if text and "xl" in text.casefold() else ()),
        *({"38 2/3"} if text and "2/3" in text else ()),
    }


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
    if filters.sizes and not any(sizes_of(size) <= sizes_of(product.size) for size in filters.sizes):
        return False
    for values, value in ((filters.brands, product.brand), (filters.genders, product.gender)):
        if values and not any(same(value, wanted) for wanted in values):
            return False
    for name in {name.casefold() for name, _ in filters.attributes}:
        wanted = [value for other, value in filters.attributes if other.casefold() == name]
        if not any(same(a, b) for other, a in product.attributes for b in wanted if other == name):
            return False
    if filters.in_stock and product.availability == "out_of_stock":
        return False
    bounds = filters.min_price, filters.max_price
    if bounds != (None, None) and product.price is None:
        return False
    price = product.price or Decimal(0)
    return (bounds[0] is None or price >= bounds[0]) and (bounds[1] is None or price <= bounds[1])


def same(stored: str | None, other: str) -> bool:
    return " ".join((stored or "").split()).casefold() == " ".join(other.split()).casefold()


def passing(catalogue: Catalogue, filters: Filters) -> list[str]:
    revisions = matching(catalogue, filters)
    return sorted(product.product_id for product in at_revisions(catalogue, revisions).values())


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
EVERY += [
    Filters(category, brands=brands, genders=genders, sizes=sizes, attributes=attributes, in_stock=in_stock)
    for category, brands, genders, sizes, attributes, in_stock in combinations(
        [None, "Shoes"],
        [(), ("acme",), ("grün & co", "ACME")],
        [(), ("WOMEN",)],
        [(), ("xl",), ("38", "XL"), ("38/XL",), ("38 2/3", "38/XL")],
        [(), (("Material", "leather"),), (("material", "wool"), ("material", LONG.upper()), ("number", "1"))],
        [False, True],
    )
]


def test_every_combination_of_filters_passes_what_a_plain_loop_does(catalogue: Catalogue) -> None:
    products = shop()
    sizes = []
    for filters in EVERY[::4]:
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
    return [PriceRange(currency, min(values), max(values), len(values)) for currency, values in by_currency]


def chosen(filters: Filters) -> list[Product]:
    return [product for product in shop() if passes(product, filters)]


def test_facets_are_what_a_plain_loop_counts(catalogue: Catalogue) -> None:
    for filters in EVERY[::13]:
        facets = catalogue.facets(filters)
        by_category = chosen(replace(filters, category=None))
        by_color = chosen(replace(filters, colors=()))
        by_price = chosen(replace(filters, min_price=None, max_price=None, currency=None))
        assert facets.size == len(chosen(filters))
        assert {name.casefold(): count for name, count in facets.categories.items()} == counted(
            name for p in by_category for name in ancestors(p.category)
        )
        assert {name.casefold(): count for name, count in facets.colors.items()} == counted(
            name for p in by_color for name in colors_of(p.color)
        )
        assert facets.prices == ranges(by_price)
        assert facets.in_stock == len(chosen(replace(filters, in_stock=True)))
        by_brand = chosen(replace(filters, brands=()))
        by_gender = chosen(replace(filters, genders=()))
        by_size = chosen(replace(filters, sizes=()))
        for counts, things, kind in (
            (facets.brands, by_brand, "brand"),
            (facets.genders, by_gender, "gender"),
        ):
            wanted = counted(" ".join(getattr(p, kind).split()) for p in things if getattr(p, kind))
            assert {name.casefold(): count for name, count in counts.items()} == wanted
        assert {name.casefold(): count for name, count in facets.sizes.items()} == counted(
            name for p in by_size for name in sizes_of(p.size)
        )
        for name in ("material", "number"):
            others = tuple(pair for pair in filters.attributes if pair[0].casefold() != name)
            things = chosen(replace(filters, attributes=others))
            wanted = counted(value for p in things for other, value in p.attributes if other == name)
            counts = facets.attributes.get(name, {})
            assert {value.casefold(): count for value, count in counts.items()} == wanted


def test_of_an_attribute_the_most_frequent_values_are_counted(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    things = [Product(f"p{n}", "T", attributes=(("gtin", f"{n:04d}"),)) for n in range(150)]
    things += [Product(f"q{n}", "T", attributes=(("gtin", "0149"),)) for n in range(3)]
    catalogue.put(things, vectors(len(things)))
    counts = catalogue.facets().attributes["gtin"]
    assert len(counts) == MOST_VALUES and counts["0149"] == 4 and list(counts) == sorted(counts)


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
        with catalogue.view() as view:
            assert view.matching(Filters(colors=("red",))).size == min(revision, 2)
            assert view.bound_state().revision == revision
    assert passing(catalogue, Filters(colors=("red",))) == ["p1", "p2"]
    catalogue.put([Product("p1", "T", color="pink")], vectors(1))
    assert passing(catalogue, Filters(colors=("red",))) == ["p2"]
    assert passing(catalogue, Filters(colors=("pink", "blue"))) == ["p1", "p2", "p3"]
    assert matching(catalogue, Filters(colors=("green",))) == []


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"category": " > "}, "category is ' > '"),
        ({"colors": ("red", " / ")}, "color is ' / '"),
        ({"sizes": ("41", " / ")}, "size is ' / '"),
        ({"currency": " "}, "currency is ' '"),
        ({"brands": ("Acme", " ")}, "brand is 'Acme', ' '"),
        ({"attributes": ((" ", "x"),)}, "attribute is 'x'"),
        ({"attributes": (("material", ""),)}, "material is ''"),
        *(({"min_price": Decimal(text)}, "min_price is") for text in ("-1", "NaN", "Infinity")),
    ],
)
def test_filters_that_nothing_can_pass_are_refused(wanted: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Filters(**wanted)  # type: ignore[arg-type]
