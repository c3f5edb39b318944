"""Words beside a sketch and words alone, with other filters and groups: the same as a plain loop over the products."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.products.filters import Filters
from app.products.grouping import Grouping
from app.products.product import Product
from app.search.results import Listing, Query
from app.search.retriever import Retriever
from app.words.stemming import stem
from app.words.tokens import tokens
from app.words.word_query import WordQuery
from tests.app.search.test_groups import GROUPINGS, ids, open_retriever
from tests.support.grouped_shop import FILTERS, GroupedShop, passes, random_products, singly
from tests.support.small_galleries import open_catalogue
from tests.support.word_loop import WordLoop, texts_of

QUERIES = [
    "red suede",
    "RED sued",
    "Suéde boots ",
    "lether",
    "black bo",
    "red qwertz suede",
    "warm red ",
    "of",
    "zzzzz",
]
NO_SKETCH = np.zeros((0, 0), np.float32)


def in_words(product: Product, random: np.random.Generator) -> Product:
    """Return the product with random words in its title and description."""
    title = f"{random.choice(['Suede', 'Leather', 'Red suede', 'Canvas'])} {random.choice(['boot', 'boots', 'bag'])}"
    description = str(random.choice(["Warm lining of suede", "Leather, black or red", ""]))
    return replace(product, title=title, description=description or None)


def fill_in_words(directory: Path, random: np.random.Generator) -> GroupedShop:
    shop, catalogue = GroupedShop({}, {}), open_catalogue(directory)
    products = [in_words(product, random) for product in random_products(random, 60)]
    catalogue.put(products, shop.put(products, random))
    return shop


def narrowed(shop: GroupedShop, text: str) -> GroupedShop:
    """Return the shop with the products alone that have the words."""
    names = WordLoop([*shop.products.values()], "en").passing(text)
    return GroupedShop({name: shop.products[name] for name in names}, shop.embeddings)


def distance_by_words(product: Product, text: str, loop: WordLoop) -> float:
    """Measure by loops how far a product is from having all words in its title, after `loop` has searched for them."""
    total = 0.0
    keys = list(dict.fromkeys(token.key for token in tokens(text)))
    for key in (key for key in keys if key not in loop.dropped):
        costs = [
            place + 0.5 * (token.key != key)
            for place, part in enumerate(texts_of(product))
            for token in tokens(part)
            if stem(token.key, "en") == stem(key, "en")
            or token.key in loop.corrected.get(key, ())
            or (key == keys[-1] and not text.endswith(" ") and token.key.startswith(key))
        ]
        total += min(costs)
    return total


def assert_plain(shop: GroupedShop, retriever: Retriever, random: np.random.Generator) -> None:
    group_of = dict(GROUPINGS)[retriever.gallery.grouping]
    sketches: NDArray[np.float32] = random.standard_normal((len(QUERIES), 8)).astype(np.float32)
    cases = [
        (sketch, text, replace(filters, words=WordQuery(text, "en")), variants)
        for sketch, text in zip(sketches, QUERIES, strict=True)
        for filters in (FILTERS[0], FILTERS[2], FILTERS[4])
        for variants in (False, True)
    ]
    with_sketch = retriever.search_all([Query(s[None], 20, f, v) for s, _, f, v in cases])
    alone = retriever.search_all([Query(NO_SKETCH, 200, f, v) for _, _, f, v in cases])
    loop = WordLoop([*shop.products.values()], "en")
    by_text = {text: narrowed(shop, text) for text in QUERIES}
    for (sketch, text, filters, variants), found, by_words in zip(cases, with_sketch, alone, strict=True):
        group = singly if variants else group_of
        matching = by_text[text]
        assert ids(found) == matching.nearest(sketch, 20, filters, group), (text, filters)
        loop.passing(text)
        assert found.words == by_words.words and found.words is not None
        assert list(found.words.dropped) == loop.dropped
        passing = [product for product in matching.products.values() if passes(product, filters)]
        costs = {
            product.product_id: distance_by_words(product, text, loop) for product in passing if found.words.choices
        }
        order = sorted(costs, key=lambda name: (costs[name], name))
        firsts = {group(shop.products[name]): name for name in reversed(order)}
        assert ids(by_words) == [name for name in order if firsts[group(shop.products[name])] == name], text
        assert [item.distance for item in by_words.results] == [costs[name] for name in ids(by_words)]


@pytest.mark.parametrize("grouping", [grouping for grouping, _ in GROUPINGS])
def test_words_with_filters_and_a_sketch_are_those_of_a_plain_loop(directory: Path, grouping: Grouping) -> None:
    random = np.random.default_rng(5)
    shop = fill_in_words(directory, random)
    retriever = open_retriever(directory, grouping)
    assert_plain(shop, retriever, random)
    catalogue = open_catalogue(directory)
    gone = [name for name in shop.products if random.random() < 0.2]
    catalogue.delete(gone)
    for name in gone:
        del shop.products[name], shop.embeddings[name]
    renewed = [in_words(product, random) for product in random_products(random, 60) if random.random() < 0.2]
    catalogue.put(renewed, shop.put(renewed, random))
    assert_plain(shop, retriever, random)  # the index does not have these changes yet


def test_words_are_listed_in_stock_first_and_page_by_page(directory: Path) -> None:
    random = np.random.default_rng(6)
    shop = fill_in_words(directory, random)
    retriever = open_retriever(directory, Grouping.SINGLE)
    filters = Filters(words=WordQuery("suede", "en"))
    stocked = Listing(out_of_stock_last=True)
    whole = ids(retriever.search_all([Query(NO_SKETCH, 200, filters, listing=stocked)])[0])
    assert set(whole) == set(narrowed(shop, "suede").products)
    is_gone = [shop.products[name].availability == "out_of_stock" for name in whole]
    assert is_gone == sorted(is_gone) and 0 < sum(is_gone) < len(whole)
    part = Query(NO_SKETCH, 7, filters, listing=Listing(start=5, out_of_stock_last=True))
    assert ids(retriever.search_all([part])[0]) == whole[5:12]
    sketch = random.standard_normal((1, 8)).astype(np.float32)
    both = ids(retriever.search_all([Query(sketch, 200, filters, listing=stocked)])[0])
    assert sorted(both) == sorted(whole)
