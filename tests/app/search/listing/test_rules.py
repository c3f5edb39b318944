"""Rules move, pin and hide results exactly as a plain loop over all products does, within their bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from app.gallery.gallery import Gallery
from app.products.conditions import Condition
from app.products.filters import Filters
from app.products.grouping import Grouping
from app.products.product import Product
from app.rules.rule import ActiveRules, Hide, Move, Pin, Rule
from app.search.listing import explanations
from app.search.results import Listing, Query, SearchResult
from app.search.retriever import Retriever
from app.words.word_query import WordQuery
from tests.support.grouped_shop import FILTERS, GroupedShop, by_id, passes, random_products, singly
from tests.support.rule_conditions import random_condition, with_private_fields
from tests.support.small_galleries import open_catalogue, small_checkpoint, vectors

COUNT = 120


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[GroupedShop, Retriever]:
    random = np.random.default_rng(3)
    directory = tmp_path_factory.mktemp("rules")
    shop, catalogue = GroupedShop({}, {}), open_catalogue(directory)
    products = [with_private_fields(product, random) for product in random_products(random, COUNT, has_ties=False)]
    catalogue.put(products, shop.put(products, random))
    gallery = Gallery.open(directory, small_checkpoint(), open_catalogue(directory))
    return shop, Retriever(small_checkpoint(), gallery, 5, device="cpu")


def random_rules(random: np.random.Generator, bound: float) -> ActiveRules:
    """Draw rules that move, and one that hides."""
    weights = random.uniform(-1, 1, 4)
    rules = [Rule(f"move {n}", random_condition(random), Move(float(weight))) for n, weight in enumerate(weights)]
    return ActiveRules([*rules, Rule("hide", random_condition(random), Hide())], bound)


def ids(result: SearchResult) -> list[str]:
    return [item.product.product_id for item in result.results]


def listed_plainly(
    shop: GroupedShop, query: Query, moves: Sequence[tuple[Condition, float]], bound: float
) -> list[str]:
    """List the nearest passing product of each group by a loop over all products."""
    distances = shop.distances(np.asarray(query.views)[0])
    weight = small_checkpoint().network.distance.weight.double().numpy()  # type: ignore[operator]
    s = np.asarray(query.views)[0].astype(np.float64)
    photos = np.concatenate(list(shop.embeddings.values())).astype(np.float64)
    mean = float(np.mean([(weight * (s[:, None] - p[None, :]) ** 2).sum() for p in photos]))
    passing = [
        name
        for name, product in shop.products.items()
        if passes(product, query.filters) and not any(c.is_met_by(product) for c in query.filters.hidden)
    ]
    spread = max(0.0, mean - min((distances[name] for name in passing), default=mean))
    moved = {}
    for name in passing:
        total = sum(own for condition, own in moves if condition.is_met_by(shop.products[name]))
        moved[name] = distances[name] - bound / 2 * max(-1, min(1, total)) * spread
        for other in (name for name in moved if moved[name] < moved[name]):
            assert distances[other] <= distances[name] + bound * spread
    groups: dict[object, str] = {}
    for name in sorted(passing, key=lambda name: (moved[name], name)):
        groups.setdefault((singly if query.variants else by_id)(shop.products[name]), name)
    return list(groups.values())


def test_results_and_pages_are_those_of_a_plain_loop(shop: tuple[GroupedShop, Retriever]) -> None:
    plain, retriever = shop
    random = np.random.default_rng(4)
    for number in range(14):
        bound = float(random.choice([0, 0.3, 1]))
        rules = random_rules(random, bound)
        filters = replace(FILTERS[number % len(FILTERS)], hidden=rules.hidden)
        sketch = random.standard_normal((1, 8)).astype(np.float32)
        query = Query(sketch, COUNT, filters, variants=bool(number % 2), rules=rules)
        moves = [(rule.condition, rule.effect.weight) for rule in rules.rules if isinstance(rule.effect, Move)]
        expected = listed_plainly(plain, query, moves, bound)
        pages = [replace(query, k=17, listing=Listing(start=start)) for start in range(0, len(expected) + 1, 17)]
        whole, *parts = retriever.search_all([query, *pages])
        assert ids(whole) == expected, (number, bound)
        assert [name for part in parts for name in ids(part)] == expected
        assert all(before.page.through == after.page.before for before, after in pairwise(parts))


def test_no_product_passes_one_that_is_nearer_by_more_than_the_bound(shop: tuple[GroupedShop, Retriever]) -> None:
    _, retriever = shop
    random = np.random.default_rng(5)
    for bound in (0.1, 0.4, 1.0):
        rules = random_rules(random, bound)
        query = Query(random.standard_normal((1, 8)).astype(np.float32), COUNT, variants=True, rules=rules)
        moved, plain = retriever.search_all([query, explanations.without_rules(query)])
        before = {item.product.product_id: item.distance for item in plain.results}
        distances = [before[name] for name in ids(moved)]
        # a product without rules keeps its distance, so the spread shows in the one that is moved most
        shifts = [abs(item.distance - before[item.product.product_id]) for item in moved.results]
        weights = [abs(rules.shift(item.product)) for item in moved.results]
        spread = max(shift / weight for shift, weight in zip(shifts, weights, strict=True) if weight)
        furthest_before = np.maximum.accumulate(distances)
        assert (furthest_before <= np.array(distances) + bound * spread + 1e-4).all()
        assert ids(moved) != ids(plain)


def test_explanations_name_the_rules_and_the_place_without_them(shop: tuple[GroupedShop, Retriever]) -> None:
    plain_shop, retriever = shop
    random = np.random.default_rng(6)
    rules = random_rules(random, 1.0)
    query = Query(random.standard_normal((1, 8)).astype(np.float32), 10, Filters(hidden=rules.hidden), rules=rules)
    query = replace(query, listing=Listing(start=5))
    found, without = retriever.search_all([query, explanations.without_rules(query)])
    explained = explanations.explain(found, without, query, Grouping.BY_ID)
    places = [by_id(item.product) for item in without.results]
    assert explained.explanations is not None and len(explained.explanations) == 10
    for item, explanation in zip(explained.results, explained.explanations, strict=True):
        stored = plain_shop.products[item.product.product_id]
        assert [rule.name for rule in explanation.rules] == [
            rule.name for rule in rules.rules if isinstance(rule.effect, Move) and rule.condition.is_met_by(stored)
        ]
        assert explanation.rank == 1 + places.index(by_id(item.product))
        assert explanation.distance == without.results[explanation.rank - 1].distance


BOOTS = [
    ("a", "g1", "41"),
    ("b", "g1", "42"),
    ("c", None, "41"),
    ("d", "g2", "41"),
    ("e", "g2", "42"),
    ("f", None, "x"),
]


@pytest.fixture(scope="module")
def boots(tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    directory = tmp_path_factory.mktemp("boots")
    catalogue = open_catalogue(directory)
    stock = {"c": "out_of_stock"}
    products = [
        Product(
            name, "Red boots", "Shoes", group_id=group, size=size, availability=stock.get(name), custom_label_0=name
        )
        for name, group, size in BOOTS
    ]
    catalogue.put([*products, Product("g", "Blue boots", "Shoes")], vectors(7))
    return Retriever(small_checkpoint(), Gallery.open(directory, small_checkpoint(), catalogue), device="cpu")


def found_by_words(
    retriever: Retriever, rules: ActiveRules, filters: Filters = Filters(words=WordQuery("red boots")), **fields: object
) -> list[str]:
    pins = rules.pins_for(filters.words, filters.category)
    query = Query(np.zeros((0, 0), np.float32), 10, filters, rules=rules, pins=pins)
    whole = ids(retriever.search_all([replace(query, **fields)])[0])  # type: ignore[arg-type]
    pages = [replace(query, **{**fields, "k": 1, "listing": Listing(start=n)}) for n in range(len(whole))]  # type: ignore[arg-type]
    assert "listing" in fields or [name for page in retriever.search_all(pages) for name in ids(page)] == whole
    return whole


def pin(position: int, *names: str, words: tuple[str, ...] = ("Red Boots",), category: str | None = None) -> Rule:
    return Rule(" ".join(names), Condition(product_ids=names), Pin(position, words, category))


def test_pins_put_products_at_their_places(boots: Retriever) -> None:
    assert found_by_words(boots, ActiveRules()) == ["a", "c", "d", "f"]
    for pins, expected in [
        ([pin(1, "f")], ["f", "a", "c", "d"]),
        ([pin(2, "e")], ["a", "e", "c", "f"]),  # stands for its group
        ([pin(1, "e"), pin(1, "b")], ["e", "b", "c", "f"]),
        ([pin(3, "a"), pin(1, "d")], ["d", "c", "a", "f"]),
        ([pin(9, "a")], ["c", "d", "f", "a"]),  # beyond the end
        ([pin(1, "d", "e")], ["d", "a", "c", "f"]),
        ([pin(1, "g")], ["a", "c", "d", "f"]),  # has not the words
        ([pin(1, "f", words=("boots",))], ["a", "c", "d", "f"]),  # of another list
        ([pin(1, "f", words=(), category="Shoes")], ["a", "c", "d", "f"]),
    ]:
        assert found_by_words(boots, ActiveRules(pins)) == expected
    in_category = Filters("shoes", words=WordQuery("Boots réd"))
    assert found_by_words(boots, ActiveRules([pin(1, "f", words=(), category="Shoes")]), in_category) == list("facd")
    assert found_by_words(boots, ActiveRules([pin(1, "f")]), in_category) == list("facd")
    rules = ActiveRules([pin(1, "e")])
    assert found_by_words(boots, rules, variants=True) == list("eabcdf")
    assert found_by_words(boots, rules, Filters(sizes=("41",), words=WordQuery("red boots"))) == list("acd")
    last = Listing(out_of_stock_last=True)
    assert found_by_words(boots, ActiveRules([pin(1, "c")]), listing=last) == list("adfc")
    assert found_by_words(boots, ActiveRules([pin(1, "f")]), listing=last) == list("fadc")


def test_moves_order_products_that_have_the_words_equally_well(boots: Retriever) -> None:
    def move(weight: float, *names: str) -> Rule:
        return Rule("".join(names), Condition(labels=(("custom_label_0", names),)), Move(weight))

    assert found_by_words(boots, ActiveRules([move(0.5, "f"), move(-1, "a", "b")])) == list("fcda")
    assert found_by_words(boots, ActiveRules([move(0.1, "e"), move(0.2, "d")])) == list("dacf")
    assert found_by_words(boots, ActiveRules([move(1, "f")]), listing=Listing("price_asc")) == list("facd")
