"""Kinds that the names of categories are recognised as, in five languages."""

from __future__ import annotations

import pytest

from app.web.examples.category_words import CategoryWords
from app.web.examples.kinds import read_kinds

WORDS = CategoryWords(read_kinds())
SHOES = ("boot", "sneaker", "heel", "sandal")
LAMPS = ("lamp", "pendant_lamp", "floor_lamp")


@pytest.mark.parametrize(
    ("category", "kinds"),
    [
        ("Shoes > Boots", ("boot",)),
        ("shoes", SHOES), ("Damenschuhe", SHOES), ("zapatos", SHOES), ("Chaussures", SHOES), ("女鞋", SHOES),
        ("Shoes > Clogs", SHOES),
        ("Lampen", LAMPS), ("Home & Garden > Lighting > Lamps", LAMPS), ("LÁMPARAS", LAMPS), ("lamparas", LAMPS),
        ("Stehlampen", ("floor_lamp",)), ("Table lamps", ("lamp",)), ("Lampes de table", ("lamp",)),
        ("吊灯", ("pendant_lamp",)), ("T-Shirts", ("shirt",)),
        ("Sacs à dos", ("backpack",)), ("Bags for laptops", ("bag", "backpack")), ("Chaqueta de piel", ("jacket",)),
        ("Handschuhe", ("glove",)), ("Wine glasses", ("cup",)), ("Sonnenbrillen", ("glasses",)),
        ("Boucles d'oreilles", ("earrings",)), ("Gartenmöbel", ("sofa", "chair", "table", "bed", "shelf", "cabinet")),
    ],
)  # fmt: skip
def test_a_category_is_recognised(category: str, kinds: tuple[str, ...]) -> None:
    assert WORDS.find_kinds(category) == kinds


@pytest.mark.parametrize("category", ["", "Tractors", "Sale", "42", "手机", "Zaunhut"])
def test_an_unknown_category_is_none(category: str) -> None:
    assert WORDS.find_kinds(category) == ()
