"""Partial updates of a product, compared with a merge of plain dictionaries."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from app.api.schemas.patches import parse_patch
from app.api.schemas.writes import ProductBody
from app.products.product import Photo, Product
from app.products.product_patch import ProductPatch

BOOT = Product(
    "boot",
    "Boot",
    price=Decimal("59.90"),
    currency="EUR",
    attributes=(("heel", "high"), ("material", "leather"), ("material", "wool")),
    photos=(Photo("name", "source"),),
    revision=7,
)


def test_what_is_not_named_stays() -> None:
    assert ProductPatch("boot", {}).apply(BOOT) == BOOT
    assert ProductPatch("boot", {"price": None}).apply(BOOT) == replace(BOOT, price=None)


def test_attributes_are_replaced_by_name_in_any_spelling() -> None:
    changed = ProductPatch("boot", {}, {"MATERIAL ": ["felt"], "heel": [], "lining": ["wool"]}).apply(BOOT)
    assert changed.attributes == (("lining", "wool"), ("material", "felt"))
    assert ProductPatch("boot", {}, None).apply(BOOT).attributes == ()


@pytest.mark.parametrize(
    ("fields", "attributes", "words"),
    [
        ({"availability": "maybe"}, {}, "availability 'maybe' is unknown"),
        ({"title": "x" * 3000}, {}, "title has 3,000 characters"),
        ({}, {"price": ["5"]}, "attribute 'price' is not usable"),
        ({}, {str(number): ["x"] for number in range(100)}, "there are 103 attributes: expected at most 100"),
    ],
)
def test_what_cannot_be_recorded_is_refused(fields: dict[str, Any], attributes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ProductPatch("boot", fields, attributes).apply(BOOT)


def merge(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Merge JSON objects as RFC 7396 defines it, down to attributes."""
    merged = dict(target)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name, {}), value) if isinstance(value, dict) else value
    return merged


VALUES: dict[str, list[Any]] = {
    "title": ["Boot", "Red boot"],
    "category": ["Shoes > Boots", "Bags"],
    "price": [5, "59.90", 12.5],
    "currency": ["EUR", "usd"],
    "link": ["https://shop.example/1"],
    "color": ["Black/Red", ["Blue", "White"], []],
    "gender": ["women"],
    "brand": ["Acme"],
    "size": ["41", ["41", "42"]],
    "size_system": ["eu"],
    "size_type": [["big", "tall"]],
    "group_id": ["g1"],
    "availability": ["in stock", "out_of_stock"],
    "description": ["Words"],
}
ATTRIBUTES: dict[str, list[Any]] = {"heel": ["high", "low"], "material": ["wool", ["felt", "wool"]], "fit": ["wide"]}


def draw_object(chance: random.Random, *, nulls: bool) -> dict[str, Any]:
    """Draw some of the fields, with null for some of them."""

    def draw(choices: dict[str, list[Any]]) -> dict[str, Any]:
        names = [name for name in choices if chance.random() < 0.4]
        return {name: chance.choice([*choices[name], *([None] if nulls else [])]) for name in names}

    drawn = draw(VALUES)
    if chance.random() < 0.6:
        drawn["attributes"] = None if nulls and chance.random() < 0.2 else draw(ATTRIBUTES)
    return drawn


def put(fields: dict[str, Any]) -> Product:
    """Return the product that a PUT of these fields stores."""
    return ProductBody.model_validate(fields).to_product("p")


@pytest.mark.parametrize("seed", range(20))
def test_a_chain_of_patches_gives_what_one_put_of_the_merged_dictionary_gives(seed: int) -> None:
    chance = random.Random(seed)
    model = draw_object(chance, nulls=False)
    product = put(model)
    for _ in range(40):
        patch = draw_object(chance, nulls=True)
        model = merge(model, patch)
        product = parse_patch(json.dumps(patch).encode(), "p").apply(product)
        assert product == put(model)
