"""Products of one group are one result, exactly as by a plain loop over all products."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import torch

from app.catalogue.catalogue import Catalogue
from app.gallery.gallery import Gallery
from app.products.filters import Filters
from app.products.grouping import Grouping
from app.products.product import Photo, Product
from app.products.variants import VariantPrices, Variants
from app.search.results import Query, SearchResult
from app.search.retriever import Retriever
from tests.support.grouped_shop import FILTERS, GroupedShop, by_id, by_photo, random_products, singly
from tests.support.small_galleries import open_catalogue, small_checkpoint, vectors

GROUPINGS = [(Grouping.BY_ID, by_id), (Grouping.BY_ID_OR_PHOTO, by_photo)]


def fill(directory: Path, random: np.random.Generator, *, has_ties: bool = True) -> tuple[GroupedShop, Catalogue]:
    shop, catalogue = GroupedShop({}, {}), open_catalogue(directory)
    products = random_products(random, 150, has_ties=has_ties)
    catalogue.put(products, shop.put(products, random))
    return shop, catalogue


def change(shop: GroupedShop, catalogue: Catalogue, random: np.random.Generator) -> None:
    """Delete some products, and replace others by products of other groups and photos."""
    gone = [name for name in shop.products if random.random() < 0.2]
    catalogue.delete(gone)
    for name in gone:
        del shop.products[name], shop.embeddings[name]
    renewed = [product for product in random_products(random, 150) if random.random() < 0.2]
    catalogue.put(renewed, shop.put(renewed, random))


def open_retriever(directory: Path, grouping: Grouping, n_candidates: int = 200) -> Retriever:
    checkpoint = small_checkpoint()
    gallery = Gallery.open(directory, checkpoint, open_catalogue(directory), grouping=grouping)
    return Retriever(checkpoint, gallery, n_candidates, device="cpu")


def ids(result: SearchResult) -> list[str]:
    return [item.product.product_id for item in result.results]


def assert_plain(shop: GroupedShop, retriever: Retriever, random: np.random.Generator) -> None:
    """Whether searches find what a plain loop finds, in batches of all kinds of queries."""
    group_of = dict(GROUPINGS)[retriever.gallery.grouping]
    sketches = random.standard_normal((3, 8)).astype(np.float32)
    cases = [(s, int(random.integers(1, 40)), f, v) for s in sketches for f in FILTERS for v in (False, True)]
    results = retriever.search_all([Query(s[None], k, f, v) for s, k, f, v in cases])
    for (sketch, k, filters, variants), result in zip(cases, results, strict=True):
        wanted = shop.nearest(sketch, k, filters, singly if variants else group_of)
        assert ids(result) == wanted, (k, filters, variants)
        for item in result.results:
            group = singly if variants else group_of
            members = [p for p in shop.products.values() if group(p) == group(item.product)]
            assert item.variants == Variants.of(sorted(members, key=lambda p: p.group_id != item.product.group_id))


@pytest.mark.parametrize(("grouping", "seed"), [(grouping, seed) for grouping, _ in GROUPINGS for seed in range(3)])
def test_results_are_those_of_a_plain_loop(directory: Path, grouping: Grouping, seed: int) -> None:
    random = np.random.default_rng(seed)
    shop, catalogue = fill(directory, random)
    retriever = open_retriever(directory, grouping)
    assert_plain(shop, retriever, random)
    change(shop, catalogue, random)
    assert_plain(shop, retriever, random)
    retriever.gallery.save()
    change(shop, catalogue, random)
    assert_plain(shop, open_retriever(directory, grouping), random)  # from the saved index, and later changes


@pytest.mark.parametrize("grouping", [grouping for grouping, _ in GROUPINGS])
def test_changes_count_before_the_index_has_them(
    directory: Path, grouping: Grouping, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(5)
    shop, catalogue = fill(directory, random)
    retriever = open_retriever(directory, grouping)
    monkeypatch.setattr(Gallery, "refresh", lambda gallery, wait=True: False)
    for _ in range(3):
        change(shop, catalogue, random)
        assert_plain(shop, retriever, random)


@pytest.mark.parametrize(("grouping", "group_of"), GROUPINGS)
def test_similar_products_are_never_of_the_own_group(
    directory: Path, grouping: Grouping, group_of: Callable[[Product], object]
) -> None:
    random = np.random.default_rng(6)
    shop, _ = fill(directory, random)
    retriever = open_retriever(directory, grouping)
    for own in list(shop.products.values())[:30]:
        for variants in (False, True):
            query = retriever.like(own.product_id, 10, variants=variants)
            found = retriever.search_all([query])[0]
            assert len(found.results) == 10
            assert group_of(own) not in [group_of(item.product) for item in found.results]


@pytest.mark.parametrize("grouping", [grouping for grouping, _ in GROUPINGS])
def test_as_many_candidates_are_taken_as_the_groups_need(tmp_path: Path, grouping: Grouping) -> None:
    random = np.random.default_rng(8)
    shop, _ = fill(tmp_path, random, has_ties=False)
    assert_plain(shop, open_retriever(tmp_path, grouping, 1), random)


def test_the_first_page_of_shoes_in_eight_sizes_has_24_shoes(tmp_path: Path) -> None:
    embeddings = np.repeat(vectors(40), 8, axis=0)
    products = [
        Product(f"{shoe}-{size}", "Shoe", size=str(size), group_id=f"{shoe}") for shoe in range(40) for size in range(8)
    ]
    open_catalogue(tmp_path).put(products, embeddings)
    result = open_retriever(tmp_path, Grouping.BY_ID, 24).search_all([Query(vectors(1, 2), 24)])[0]
    assert len({item.product.group_id for item in result.results}) == 24
    assert all(item.product.size == "0" for item in result.results)  # ties are in the order of ids
    assert all(item.variants.sizes == [str(size) for size in range(8)] for item in result.results)


def test_a_group_passes_if_one_variant_passes_all_filters(tmp_path: Path) -> None:
    sold_out = Product("a", "Shoe", size="42", availability="out_of_stock", group_id="shoe", price=Decimal(50))
    other = Product("b", "Shoe", size="43", availability="in_stock", group_id="shoe", price=Decimal(60))
    open_catalogue(tmp_path).put([sold_out, other], vectors(2))
    retriever = open_retriever(tmp_path, Grouping.BY_ID)
    for filters, found in (
        (Filters(sizes=("42",), in_stock=True), []),
        (Filters(sizes=("43",), in_stock=True), ["b"]),
        (Filters(sizes=("42",)), ["a"]),
    ):
        result = retriever.search_all([Query(vectors(1, 2), 5, filters)])[0]
        assert ids(result) == found
        assert all(item.variants == Variants.of([sold_out, other]) for item in result.results)


def test_variants_are_summarised() -> None:
    euro, dollar = {"price": Decimal(5), "currency": "EUR"}, {"price": Decimal(9), "currency": "USD"}
    products = [
        Product("a", "A", size="10/9", color="Red/black", availability="out_of_stock", group_id="g", **euro),  # type: ignore[arg-type]
        Product("b", "B", size="XL", color="red", group_id="g", **dollar),  # type: ignore[arg-type]
        Product("c", "C", size="9", size_system="UK", price=Decimal(7), currency="EUR", group_id="g"),
    ]
    summary = Variants.of(products)
    assert (summary.group_id, summary.count, summary.availability) == ("g", 3, None)
    assert (summary.sizes, summary.colors) == (["XL", "9", "10", "UK 9"], ["black", "Red"])
    euros, dollars = VariantPrices("EUR", Decimal(5), Decimal(7)), VariantPrices("USD", Decimal(9), Decimal(9))
    assert summary.prices == [euros, dollars]
    backorder = Product("d", "D", availability="backorder")
    assert Variants.of([*products, backorder]).availability == "backorder"
    assert Variants.of([backorder, Product("e", "E", availability="in_stock")]).availability == "in_stock"


def test_photos_are_a_group_only_by_a_setting(tmp_path: Path) -> None:
    photos = (Photo("0" * 64, "source"),)
    products = [Product(name, name, photos=photos) for name in "ab"] + [Product("c", "c"), Product("d", "d")]
    open_catalogue(tmp_path).put(products, np.concatenate([np.repeat(vectors(1), 2, axis=0), vectors(2, 1)]))
    for grouping, names in ((Grouping.BY_ID, "abcd"), (Grouping.BY_ID_OR_PHOTO, "acd")):
        result = open_retriever(tmp_path, grouping).search_all([Query(vectors(1), 5)])[0]
        assert sorted(ids(result)) == [*names]


def test_several_sizes_of_one_near_shoe_are_no_sign_of_many_near_products(tmp_path: Path) -> None:
    embeddings = 3 * vectors(200)
    embeddings[:10] = embeddings[0]
    products = [Product(f"p{n:03}", "T", group_id="shoe" if n < 10 else None) for n in range(200)]
    open_catalogue(tmp_path).put(products, embeddings)
    checkpoint = small_checkpoint()
    checkpoint.network.distance.weight.copy_(torch.eye(8))  # type: ignore[operator]
    retriever = Retriever(checkpoint, Gallery.open(tmp_path, checkpoint), device="cpu")
    one, each = retriever.search_all([Query(embeddings[:1], 5), Query(embeddings[:1], 5, variants=True)])
    assert each.contrast == pytest.approx(0, abs=1e-6) and one.contrast is not None and one.contrast > 0.1
