"""Pages of lists equal what a plain loop over all products lists, in every order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.gallery.gallery import Gallery
from app.products.filters import Filters
from app.products.grouping import Grouping
from app.products.product import Product
from app.products.variants import Variants
from app.search.listing.price_order import sort_by_price
from app.search.results import Listing, Query, Result, SearchResult
from app.search.retriever import Retriever
from tests.support.grouped_shop import FILTERS, GroupedShop, by_id, by_photo, passes, random_products, singly
from tests.support.small_galleries import open_catalogue, small_checkpoint, vectors

SORTED = 20  # results of a list by price in these tests
GroupOf = Callable[[Product], object]


def listed_plainly(
    shop: GroupedShop, sketch: NDArray[np.float32], filters: Filters, group_of: GroupOf, listing: Listing
) -> list[str]:
    """List all results by their product ids, by loops over all products."""
    distances = shop.distances(sketch)
    groups: dict[object, list[Product]] = {}
    for name in sorted(shop.products, key=lambda name: (distances[name], name)):
        if passes(shop.products[name], filters):
            groups.setdefault(group_of(shop.products[name]), []).append(shop.products[name])
    chosen: list[tuple[bool, Product, object]] = []
    for group, products in groups.items():
        in_stock = [product for product in products if product.availability != "out_of_stock"]
        shown = (in_stock or products)[0] if listing.out_of_stock_last else products[0]
        chosen.append((listing.out_of_stock_last and not in_stock, shown, group))
    chosen.sort(key=lambda entry: (entry[0], distances[entry[1].product_id], entry[1].product_id))
    if listing.sort == "likeness":
        return [product.product_id for _, product, _ in chosen]
    return [product.product_id for product in by_price(chosen[:SORTED], shop, group_of, listing)]


def by_price(
    chosen: list[tuple[bool, Product, object]], shop: GroupedShop, group_of: GroupOf, listing: Listing
) -> list[Product]:
    """Sort by price: one currency after the other, each by selection of its cheapest or dearest product."""
    prices: dict[str, tuple[str | None, Decimal]] = {}
    for _, product, group in chosen:
        members = [other for other in shop.products.values() if group_of(other) == group and other.price is not None]
        own = [other for other in members if other.currency == product.currency]
        others = own or sorted(members, key=lambda other: other.currency or "")
        if others:
            currency = others[0].currency
            amounts = [o.price for o in others if o.currency == currency and o.price is not None]
            prices[product.product_id] = currency, min(amounts)
    currencies = list(dict.fromkeys(prices[p.product_id][0] for _, p, _ in chosen if p.product_id in prices))
    ordered: list[Product] = []
    for is_last in (False, True):
        here = [product for last, product, _ in chosen if last == is_last]
        for currency in currencies:
            rest = [p for p in here if p.product_id in prices and prices[p.product_id][0] == currency]
            pick = max if listing.sort == "price_desc" else min
            while rest:  # of equal prices, min and max return the first, which is the nearest
                best = pick(rest, key=lambda p: prices[p.product_id][1])
                rest.remove(best)
                ordered.append(best)
        ordered += [product for product in here if product.product_id not in prices]
    return ordered


def read_all(retriever: Retriever, query: Query, sizes: list[int]) -> list[str]:
    """Read a list page by page, of these sizes in turn, and check that the pages join."""
    pages: list[SearchResult] = []
    while not pages or not pages[-1].page.is_last:
        start = pages[-1].page.start + len(pages[-1].results) if pages else 0
        listing = replace(query.listing, start=start)
        pages += retriever.search_all([replace(query, k=sizes[len(pages) % len(sizes)], listing=listing)])
    assert all(before.page.through == after.page.before for before, after in pairwise(pages))
    return [result.product.product_id for page in pages for result in page.results]


@pytest.mark.parametrize(
    ("grouping", "group_of"), [(Grouping.BY_ID, by_id), (Grouping.BY_ID_OR_PHOTO, by_photo), (Grouping.SINGLE, singly)]
)
@pytest.mark.parametrize("n_candidates", [1, 200])
def test_pages_join_to_the_list_of_a_plain_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grouping: Grouping, group_of: GroupOf, n_candidates: int
) -> None:
    monkeypatch.setattr("app.search.results.MOST_SORTED", SORTED)
    random = np.random.default_rng(n_candidates)
    shop, catalogue = GroupedShop({}, {}), open_catalogue(tmp_path)
    products = random_products(random, 120, has_ties=n_candidates > 1)
    catalogue.put(products, shop.put(products, random))
    checkpoint = small_checkpoint()
    gallery = Gallery.open(tmp_path, checkpoint, open_catalogue(tmp_path), grouping=grouping)
    retriever = Retriever(checkpoint, gallery, n_candidates, device="cpu")
    for filters in FILTERS:
        for sort in ("likeness", "price_asc", "price_desc"):
            for is_last in (False, True):
                sketch = random.standard_normal(8).astype(np.float32)
                listing = Listing(sort, 0, is_last)
                query = Query(sketch[None], 24, filters, variants=grouping is Grouping.SINGLE, listing=listing)
                sizes = [int(size) for size in random.integers(1, 25, 5)]
                expected = listed_plainly(shop, sketch, filters, group_of, listing)
                assert read_all(retriever, query, sizes) == expected, (filters, listing)


def test_a_group_is_out_of_stock_if_no_passing_variant_is_in_stock(tmp_path: Path) -> None:
    small = Product("small", "Shoe", size="41", availability="in_stock", group_id="shoe")
    large = Product("large", "Shoe", size="42", availability="out_of_stock", group_id="shoe")
    boot = Product("boot", "Boot", size="42", availability=None)
    near, far = vectors(2)
    open_catalogue(tmp_path).put([large, small, boot], np.stack([near, near, far]))
    retriever = Retriever(small_checkpoint(), Gallery.open(tmp_path, small_checkpoint()), device="cpu")

    def search(filters: Filters, *, is_last: bool) -> list[tuple[str, bool]]:
        query = Query(near[None], 5, filters, listing=Listing(out_of_stock_last=is_last))
        return [(result.product.product_id, result.in_stock) for result in retriever.search_all([query])[0].results]

    order = sorted([("boot", True), ("large", True)], key=lambda entry: entry[0] == "boot")
    assert sorted(search(Filters(), is_last=False)) == sorted(order)
    assert sorted(search(Filters(), is_last=True)) == [("boot", True), ("small", True)]
    large_only = Filters(sizes=("42",))
    assert dict(search(large_only, is_last=False)) == {"large": False, "boot": True}
    assert search(large_only, is_last=True) == [("boot", True), ("large", False)]
    assert search(replace(large_only, in_stock=True), is_last=True) == [("boot", True)]


def result(name: str, price: int | None, currency: str | None = "EUR", availability: str | None = None) -> Result:
    amount = None if price is None else Decimal(price)
    product = Product(name, name, price=amount, currency=currency, availability=availability)
    return Result(product, 1.0, 0, Variants.of([product]), availability != "out_of_stock")


def test_currencies_are_never_compared() -> None:
    results = [result("a", 9, "USD"), result("b", None), result("c", 900, "JPY"), result("d", 7, "USD")]
    results += [result("e", 100, "JPY"), result("f", 3, None), result("g", 7, "USD", "out_of_stock")]

    def order(listing: Listing) -> str:
        return "".join(item.product.product_id for item in sort_by_price(results, listing))

    assert order(Listing("price_asc")) == "dga" + "ec" + "f" + "b"
    assert order(Listing("price_desc")) == "adg" + "ce" + "f" + "b"
    assert order(Listing("price_desc", out_of_stock_last=True)) == "ad" + "ce" + "f" + "b" + "g"


def test_a_changed_list_has_another_fingerprint(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    catalogue.put([Product(f"p{n:02}", "T") for n in range(40)], vectors(40))
    retriever = Retriever(small_checkpoint(), Gallery.open(tmp_path, small_checkpoint(), catalogue), device="cpu")
    query = Query(vectors(1, 3), 10)
    first = retriever.search_all([query])[0]
    nearest = [item.product.product_id for item in retriever.search_all([replace(query, k=40)])[0].results]

    def before() -> bytes:
        retriever.gallery.refresh()
        return retriever.search_all([replace(query, listing=Listing(start=10))])[0].page.before

    catalogue.delete([nearest[20]])
    assert before() == first.page.through  # nothing before the place has changed
    catalogue.delete([nearest[3]])
    assert before() != first.page.through


def test_the_own_product_is_never_among_similar_ones(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    catalogue.put([Product(f"p{n:02}", "T") for n in range(40)], vectors(40))
    retriever = Retriever(small_checkpoint(), Gallery.open(tmp_path, small_checkpoint(), catalogue), 1, device="cpu")
    for name in ("p00", "p17"):
        ids = read_all(retriever, retriever.like(name, 24), [7, 12])
        assert name not in ids and len(ids) == len(set(ids)) == 39
