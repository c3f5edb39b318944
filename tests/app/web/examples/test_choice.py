"""Examples that fit the categories of a gallery."""

from __future__ import annotations

import pytest

from app.web.examples.category_words import CategoryWords
from app.web.examples.choice import MOST_EXAMPLES, choose_kinds, phrases_of
from app.web.examples.kinds import Kind, read_kinds

TABLE = read_kinds()
WORDS = CategoryWords(TABLE)


def choose(categories: dict[str, int]) -> list[Kind]:
    return choose_kinds(TABLE, WORDS, categories)


def names(categories: dict[str, int]) -> list[str]:
    return [kind.name for kind in choose(categories)]


def test_every_family_has_a_part_and_its_kinds_are_together() -> None:
    categories = {"Shoes": 70, "Shoes > Boots": 40, "Shoes > Other": 30, "Chairs": 20, "Bags": 9}
    chosen = names(categories)
    assert chosen == ["boot", "sneaker", "heel", "chair", "armchair", "stool", "bag", "backpack"]
    assert len(chosen) == MOST_EXAMPLES


def test_a_shop_of_lamps_has_lamps_only() -> None:
    assert names({"Lampen": 40, "Lampen > Tischlampen": 30}) == ["lamp", "pendant_lamp", "floor_lamp"]


@pytest.mark.parametrize("parent", ["Apparel & Shoes", "APPAREL & shoes"])
def test_an_ancestor_without_products_of_its_own_names_nothing(parent: str) -> None:
    assert names({parent: 5, "Apparel & Shoes > Hats": 5}) == ["hat"]


def test_unknown_categories_have_no_example() -> None:
    assert choose({"Tractors": 5}) == [] and choose({}) == []


@pytest.mark.parametrize(
    ("categories", "language", "phrases"),
    [
        ({"Boots": 5}, "en", ["a boot"]),
        ({"Boots": 5, "Pumps": 4, "Bags": 3}, "en", ["a shoe", "a bag"]),
        ({"Boots": 5, "Pumps": 4, "Handtaschen": 3}, "de", ["einen Schuh", "eine Tasche"]),
        ({"Sofas": 5, "Tables": 4, "Lamps": 3, "Beds": 2}, "es", ["un sofá", "una mesa", "una lámpara"]),
        ({"Chairs": 5}, "fr", ["une chaise"]),
    ],
)
def test_one_word_stands_for_several_kinds(categories: dict[str, int], language: str, phrases: list[str]) -> None:
    assert phrases_of(TABLE, choose(categories), language) == phrases
