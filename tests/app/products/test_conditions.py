"""Conditions of rules: SQL and Python agree, and hidden products are in no search and no count."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.products.conditions import Condition
from app.products.filters import Filters
from app.products.product import Product
from tests.support.grouped_shop import FILTERS, GroupedShop, passes, random_products
from tests.support.rule_conditions import random_condition, with_private_fields
from tests.support.small_galleries import matching, open_catalogue, vectors


def test_conditions_in_sql_and_in_python_agree(directory: Path) -> None:
    random = np.random.default_rng(1)
    shop, catalogue = GroupedShop({}, {}), open_catalogue(directory)
    products = [with_private_fields(product, random) for product in random_products(random, 150)]
    catalogue.put(products, shop.put(products, random))
    stored = catalogue.page(limit=200)
    counts = []
    for number in range(60):
        condition = random_condition(random)
        expected = [product for product in stored if condition.is_met_by(product)]
        with catalogue.view() as view:
            assert {*view.meeting(condition).tolist()} == {product.revision for product in expected}, condition
        filters = FILTERS[number % len(FILTERS)]
        shown = {product.revision for product in stored if passes(product, filters)}
        hidden = Filters(**{**vars(filters), "hidden": (condition, Condition(product_ids=("p001",)))})
        shown -= {product.revision for product in expected} | {p.revision for p in stored if p.product_id == "p001"}
        assert set(matching(catalogue, hidden)) == shown, (condition, filters)
        if number < len(FILTERS):
            assert catalogue.facets(hidden).size == len(shown)
        counts.append(len(expected))
    assert sum(0 < count < 150 for count in counts) > 30  # conditions that say something


def test_a_condition_without_requirements_is_met_by_all(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    catalogue.put([Product("a", "A")], vectors(1))
    assert Condition().is_met_by(Product("a", "A"))
    assert matching(catalogue, Filters(hidden=(Condition(),))) == []
