"""Products of many traits, and random filters for them, for benchmarks."""

from __future__ import annotations

import random
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import numpy as np

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.gallery.layout import CATALOGUE_FILE
from app.products.product import Product

_BATCH = 500  # products per transaction
_COLORS = [f"{shade}{name}" for shade in ("", "Dark ", "Light ") for name in ("Red", "Black", "Blue", "Green", "White")]
_BRANDS = [f"Brand {number}" for number in range(80)]
_SIZES = [str(number) for number in range(30, 52)]
_GENDERS = ["women", "men", "children"]
_CATEGORIES = ["Shoes > Boots", "Shoes > Pumps", "Shoes", "Bags > Totes", "Chairs > Stools"]
_NAMES = [f"attribute {number}" for number in range(15)]
_VALUES = [f"value {number}" for number in range(40)]

Parameters = list[tuple[str, str]]


def add_products(gallery: Path, count: int, rng: random.Random) -> None:
    """Add products of random traits, all with the embedding of an existing product."""
    with closing(Catalogue(sqlite_url(gallery / CATALOGUE_FILE))) as catalogue:
        embedding = catalogue.embedding(catalogue.page(limit=1)[0].product_id)
        catalogue.bind(str(catalogue.state().checkpoint), int(catalogue.state().dim or 0))
        added = [_make_product(number, rng) for number in range(count)]
        for start in range(0, count, _BATCH):
            batch = added[start : start + _BATCH]
            catalogue.put(batch, np.repeat(np.asarray(embedding)[:1], len(batch), 0))


def _make_product(number: int, rng: random.Random) -> Product:
    return Product(
        f"p{number}",
        f"Product {number}",
        rng.choice(_CATEGORIES),
        Decimal(rng.randrange(500, 20_000)) / 100,
        rng.choice(["EUR", "USD"]),
        color="/".join(rng.sample(_COLORS, rng.randint(1, 3))),
        brand=rng.choice(_BRANDS),
        gender=rng.choice(_GENDERS),
        size=rng.choice(_SIZES),
        availability=rng.choice(["in_stock", "out_of_stock"]),
        attributes=tuple((name, rng.choice(_VALUES)) for name in rng.sample(_NAMES, 12)),
    )


def draw_filters(rng: random.Random) -> Parameters:
    """Draw query parameters of filters. Most are accepted; some are too many, or have values without products."""
    is_modest = rng.random() < 0.85
    most = rng.choice([2, 5, 15]) if is_modest else 60
    chosen: Parameters = []
    for name, values in (("color", _COLORS), ("brand", _BRANDS), ("size", _SIZES), ("gender", _GENDERS)):
        if rng.random() < 0.4:
            chosen += [(name, rng.choice(values)) for _ in range(rng.randint(1, most))]
    if rng.random() < 0.3:
        chosen += [("color", "/".join(rng.choices(_COLORS, k=rng.randint(2, 3)))) for _ in range(most // 5)]
    for name in rng.sample(_NAMES, rng.choice([0, 0, 1, 3, 10] if is_modest else [12])):
        values = rng.choices(_VALUES, k=rng.randint(1, max(1, most // 3)))
        chosen += [("attribute", f"{name}:{value}") for value in values]
    single = {"category": "Shoes", "min_price": "20", "max_price": "150", "currency": "EUR", "in_stock": "true"}
    chosen += [(name, value) for name, value in single.items() if rng.random() < 0.4]
    if any(name.endswith("_price") for name, _ in chosen) and ("currency", "EUR") not in chosen:
        chosen.append(("currency", "EUR"))
    if rng.random() < 0.02:
        chosen.append(("color", "/".join(rng.choices("rgb", k=1000))))
    if rng.random() < 0.03:
        chosen.append((rng.choice(["brand", "size", "color"]), f"unknown {rng.randrange(1000)}"))
    rng.shuffle(chosen)
    return chosen
