"""Facets count groups of products, exactly as a plain loop over all products."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from app.catalogue.catalogue import Catalogue
from app.catalogue.facet_table import FacetTables
from app.catalogue.facets import PriceRange, count_categories
from app.catalogue.product_patches import patch_products
from app.gallery.garbage import remove_unused_values
from app.products.filters import Filters
from app.products.grouping import Grouping
from app.products.product import Product
from app.products.product_patch import ProductPatch
from app.products.sizes import size_order
from tests.support.grouped_shop import FILTERS, GroupedShop, by_id, by_photo, passes, random_products, singly
from tests.support.small_galleries import open_catalogue, vectors

GROUPINGS = [(Grouping.SINGLE, singly), (Grouping.BY_ID, by_id), (Grouping.BY_ID_OR_PHOTO, by_photo)]


def count(
    products: Iterable[Product],
    group_of: Callable[[Product], object],
    values_of: Callable[[Product], Iterable[str]],
) -> dict[str, int]:
    """Count the groups of products by value, in lower case."""
    groups: dict[str, set[object]] = {}
    for product in products:
        for value in values_of(product):
            groups.setdefault(value.lower(), set()).add(group_of(product))
    return {value: len(of_value) for value, of_value in groups.items()}


def ancestors(product: Product) -> Iterator[str]:
    parts = (product.category or "").split(" > ")
    yield from (" > ".join(parts[:depth]) for depth in range(1, len(parts) + 1))


def price_ranges(products: list[Product], group_of: Callable[[Product], object]) -> list[PriceRange]:
    priced = [(p.currency, p.price, group_of(p)) for p in products if p.price is not None]
    ranges = []
    for currency in sorted({currency for currency, *_ in priced if currency}):
        prices = [price for own, price, _ in priced if own == currency]
        groups = {group for own, _, group in priced if own == currency}
        ranges.append(PriceRange(currency, min(prices), max(prices), len(groups)))
    return ranges


def lower(counts: dict[str, int]) -> dict[str, int]:
    return {value.lower(): number for value, number in counts.items()}


@pytest.mark.parametrize("seed", range(2))
def test_facets_are_those_of_a_plain_loop(directory: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    shop, catalogue = GroupedShop({}, {}), open_catalogue(directory)
    products = random_products(random, 200)
    catalogue.put(products, shop.put(products, random))
    catalogue.put([Product("gone", "G", "Shoes", group_id="gone")], vectors(1))
    catalogue.delete(["gone"])
    for grouping, group_of in GROUPINGS:
        for filters in FILTERS:
            assert_plain(catalogue, products, filters, grouping, group_of)


def test_facets_follow_changes(directory: Path) -> None:
    random = np.random.default_rng(5)
    shop, catalogue = GroupedShop({}, {}), open_catalogue(directory)
    for round_ in range(4):
        products = random_products(random, 60)
        catalogue.put(products, shop.put(products, random))
        if round_:
            names = [str(name) for name in random.permutation(list(shop.products))]
            catalogue.delete(names[:9])
            patches = [ProductPatch(name, {"price": Decimal(round_), "color": "Teal"}) for name in names[9:20]]
            patch_products(catalogue, patches)
            shop.products |= {p.product_id: p.apply(shop.products[p.product_id]) for p in patches}
            shop.products = {name: shop.products[name] for name in names[9:]}
            remove_unused_values(catalogue)
        for grouping, group_of in GROUPINGS:
            assert_plain(catalogue, list(shop.products.values()), FILTERS[round_], grouping, group_of)
            assert catalogue.facets(Filters(), grouping) == open_catalogue(directory).facets(Filters(), grouping)


def test_a_reader_of_an_earlier_moment_has_its_facets(directory: Path) -> None:
    catalogue, tables = open_catalogue(directory), FacetTables()
    catalogue.put([Product("a", "A", "Shoes")], vectors(1))
    with catalogue.moment() as earlier:
        before = tables.at(earlier, Grouping.BY_ID)
        catalogue.put([Product("b", "B", "Hats")], vectors(1))
        with catalogue.moment() as later:
            assert count_categories(tables.at(later, Grouping.BY_ID)) == {"Hats": 1, "Shoes": 1}
        assert count_categories(tables.at(earlier, Grouping.BY_ID)) == {"Shoes": 1} == count_categories(before)


def assert_plain(
    catalogue: Catalogue,
    products: list[Product],
    filters: Filters,
    grouping: Grouping,
    group_of: Callable[[Product], object],
) -> None:
    def passing(**without: object) -> list[Product]:
        return [product for product in products if passes(product, replace(filters, **without))]  # type: ignore[arg-type]

    facets = catalogue.facets(filters, grouping)
    assert facets.size == len({group_of(product) for product in passing()}), (filters, grouping)
    assert lower(facets.categories) == count(passing(category=None), group_of, ancestors)
    assert lower(facets.colors) == count(passing(colors=()), group_of, lambda p: p.colors)
    assert lower(facets.brands) == count(passing(brands=()), group_of, lambda p: [p.brand or ""])
    assert lower(facets.genders) == count(passing(genders=()), group_of, lambda p: [p.gender or ""])
    assert lower(facets.sizes) == count(passing(sizes=()), group_of, lambda p: p.sizes)
    assert list(facets.sizes) == sorted(facets.sizes, key=size_order)
    assert facets.in_stock == len({group_of(product) for product in passing(in_stock=True)})
    assert facets.prices == price_ranges(passing(min_price=None, max_price=None, currency=None), group_of)
    if filters.is_empty:
        assert catalogue.categories(grouping) == facets.categories


def test_a_group_of_two_spellings_counts_once(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    categories, prices = ["Shoes > Boots", "Shoes > Pumps"], [Decimal(5), Decimal(7)]
    products = [
        Product(name, name, category, price, "EUR", color=color, group_id="g", attributes=(("heel", color),))
        for name, category, price, color in zip("ab", categories, prices, ["Red", "red"], strict=True)
    ]
    catalogue.put(products, vectors(2))
    facets = catalogue.facets(Filters(), Grouping.BY_ID)
    assert (facets.size, facets.colors, facets.attributes) == (1, {"Red": 1}, {"heel": {"Red": 1}})
    assert facets.categories == {"Shoes": 1, "Shoes > Boots": 1, "Shoes > Pumps": 1}
    assert facets.prices == [PriceRange("EUR", Decimal(5), Decimal(7), 1)]
