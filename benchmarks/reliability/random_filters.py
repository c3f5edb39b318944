"""Products of many traits, and random filters of them, for benchmarks."""

from __future__ import annotations

import random
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import numpy as np

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.gallery.layout import CATALOGUE_FILE
from app.products.product import Product

_BATCH = 500  # products written together
_COLORS = [f"{shade}{name}" for shade in ("", "Dark ", "Light ") for name in ("Red", "Black", "Blue", "Green", "White")]
_BRANDS = [f"Brand {number}" for number in range(80)]
_SIZES = [str(number) for number in range(30, 52)]
_GENDERS = ["women", "men", "children"]
_CATEGORIES = ["Shoes > Boots", "Shoes > Pumps", "Shoes", "Bags > Totes", "Chairs > Stools"]
_NAMES = [f"attribute {number}" for number in range(15)]
_VALUES = [f"value {number}" for number in range(40)]

Parameters = list[tuple[str, str]]


def add_products(gallery: Path, count: int, chance: random.Random) -> None:
    """Add products of random traits, each found by the embedding of one that is there."""
    with closing(Catalogue(sqlite_url(gallery / CATALOGUE_FILE))) as catalogue:
        embedding = catalogue.embedding(catalogue.page(limit=1)[0].product_id)
        catalogue.bind(str(catalogue.state().checkpoint), int(catalogue.state().dim or 0))
        made = [_product(number, chance) for number in range(count)]
        for start in range(0, count, _BATCH):
            batch = made[start : start + _BATCH]
            catalogue.put(batch, np.repeat(np.asarray(embedding)[:1], len(batch), 0))


def _product(number: int, chance: random.Random) -> Product:
    return Product(
        f"p{number}",
        f"Product {number}",
        chance.choice(_CATEGORIES),
        Decimal(chance.randrange(500, 20_000)) / 100,
        chance.choice(["EUR", "USD"]),
        color="/".join(chance.sample(_COLORS, chance.randint(1, 3))),
        brand=chance.choice(_BRANDS),
        gender=chance.choice(_GENDERS),
        size=chance.choice(_SIZES),
        availability=chance.choice(["in_stock", "out_of_stock"]),
        attributes=tuple((name, chance.choice(_VALUES)) for name in chance.sample(_NAMES, 12)),
    )


def random_filters(chance: random.Random) -> Parameters:
    """Query parameters of filters. Most are accepted; some are too many, or have values that no product has."""
    is_modest = chance.random() < 0.85
    most = chance.choice([2, 5, 15]) if is_modest else 60
    chosen: Parameters = []
    for name, values in (("color", _COLORS), ("brand", _BRANDS), ("size", _SIZES), ("gender", _GENDERS)):
        if chance.random() < 0.4:
            chosen += [(name, chance.choice(values)) for _ in range(chance.randint(1, most))]
    if chance.random() < 0.3:
        chosen += [("color", "/".join(chance.choices(_COLORS, k=chance.randint(2, 3)))) for _ in range(most // 5)]
    for name in chance.sample(_NAMES, chance.choice([0, 0, 1, 3, 10] if is_modest else [12])):
        values = chance.choices(_VALUES, k=chance.randint(1, max(1, most // 3)))
        chosen += [("attribute", f"{name}:{value}") for value in values]
    single = {"category": "Shoes", "min_price": "20", "max_price": "150", "currency": "EUR", "in_stock": "true"}
    chosen += [(name, value) for name, value in single.items() if chance.random() < 0.4]
    if any(name.endswith("_price") for name, _ in chosen) and ("currency", "EUR") not in chosen:
        chosen.append(("currency", "EUR"))
    if chance.random() < 0.02:
        chosen.append(("color", "/".join(chance.choices("rgb", k=1000))))
    if chance.random() < 0.03:
        chosen.append((chance.choice(["brand", "size", "color"]), f"unknown {chance.randrange(1000)}"))
    chance.shuffle(chosen)
    return chosen
