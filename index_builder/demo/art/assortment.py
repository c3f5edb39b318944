"""Assortment of the demo shop: every kind, its number of products, and the products themselves."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from index_builder.demo.art.bags.clutches import clutch
from index_builder.demo.art.bags.handbags import handbag, tote
from index_builder.demo.art.bags.shoulder_bags import bucket, hobo, shoulder
from index_builder.demo.art.bags.travel_bags import backpack, duffel
from index_builder.demo.art.bags.work_bags import belt_bag, briefcase
from index_builder.demo.art.boots.ankle_boots import ankle_boot, chelsea
from index_builder.demo.art.boots.laced_boots import combat_boot
from index_builder.demo.art.boots.tall_boots import cowboy, tall_boot
from index_builder.demo.art.boots.weather_boots import rain_boot, snow_boot
from index_builder.demo.art.chairs.armchairs import armchair, lounge, swivel
from index_builder.demo.art.chairs.dining_chairs import dining, rocking
from index_builder.demo.art.chairs.shell_chairs import folding, office, shell
from index_builder.demo.art.chairs.stools import bar_stool, bench, stool
from index_builder.demo.art.painting.seeded_choices import SEED, Picture, Piece, SeededChoices
from index_builder.demo.art.shoes.flats import ballet_flat, loafer
from index_builder.demo.art.shoes.heeled_sandals import heeled_sandal, wedge_shoe
from index_builder.demo.art.shoes.heels import mary_jane, pump, slingback
from index_builder.demo.art.shoes.sandals import flip_flop, sandal, slide
from index_builder.demo.art.shoes.sneakers import high_top, runner, slip_on, sneaker
from index_builder.demo.art.shoes.town_shoes import clog, oxford


@dataclass(frozen=True)
class Kind:
    """Kind of product: `count` products named prefix-001, prefix-002, ..., each designed by `design`."""

    prefix: str
    category: str
    count: int
    design: Callable[[SeededChoices], Piece]


KINDS = (
    Kind("pump", "Shoes > Heels", 14, pump),
    Kind("slingback", "Shoes > Heels", 8, slingback),
    Kind("mary-jane", "Shoes > Heels", 8, mary_jane),
    Kind("heeled-sandal", "Shoes > Heels", 12, heeled_sandal),
    Kind("wedge", "Shoes > Heels", 10, wedge_shoe),
    Kind("ballet-flat", "Shoes > Flats", 10, ballet_flat),
    Kind("loafer", "Shoes > Flats", 10, loafer),
    Kind("oxford", "Shoes > Flats", 9, oxford),
    Kind("clog", "Shoes > Flats", 6, clog),
    Kind("sneaker", "Shoes > Sneakers", 10, sneaker),
    Kind("high-top", "Shoes > Sneakers", 8, high_top),
    Kind("runner", "Shoes > Sneakers", 9, runner),
    Kind("slip-on", "Shoes > Sneakers", 4, slip_on),
    Kind("slide", "Shoes > Sandals", 7, slide),
    Kind("flip-flop", "Shoes > Sandals", 5, flip_flop),
    Kind("sandal", "Shoes > Sandals", 10, sandal),
    Kind("chelsea", "Shoes > Boots", 8, chelsea),
    Kind("ankle-boot", "Shoes > Boots", 12, ankle_boot),
    Kind("lace-boot", "Shoes > Boots", 9, combat_boot),
    Kind("boot", "Shoes > Boots", 14, tall_boot),
    Kind("cowboy", "Shoes > Boots", 5, cowboy),
    Kind("rain-boot", "Shoes > Boots", 5, rain_boot),
    Kind("snow-boot", "Shoes > Boots", 5, snow_boot),
    Kind("dining-chair", "Chairs > Dining chairs", 20, dining),
    Kind("shell-chair", "Chairs > Dining chairs", 7, shell),
    Kind("folding-chair", "Chairs > Folding chairs", 6, folding),
    Kind("rocking-chair", "Chairs > Rocking chairs", 7, rocking),
    Kind("office-chair", "Chairs > Office chairs", 9, office),
    Kind("armchair", "Chairs > Armchairs", 13, armchair),
    Kind("swivel-chair", "Chairs > Armchairs", 3, swivel),
    Kind("lounge-chair", "Chairs > Armchairs", 7, lounge),
    Kind("stool", "Chairs > Stools", 10, stool),
    Kind("bar-stool", "Chairs > Stools", 9, bar_stool),
    Kind("bench", "Chairs > Benches", 7, bench),
    Kind("tote", "Bags > Totes", 14, tote),
    Kind("handbag", "Bags > Handbags", 14, handbag),
    Kind("shoulder-bag", "Bags > Shoulder bags", 12, shoulder),
    Kind("hobo", "Bags > Shoulder bags", 7, hobo),
    Kind("bucket-bag", "Bags > Shoulder bags", 6, bucket),
    Kind("clutch", "Bags > Clutches", 12, clutch),
    Kind("backpack", "Bags > Backpacks", 13, backpack),
    Kind("duffel", "Bags > Travel and work", 7, duffel),
    Kind("briefcase", "Bags > Travel and work", 9, briefcase),
    Kind("belt-bag", "Bags > Belt bags", 4, belt_bag),
)
# Model names for products whose title would not be unique otherwise
NAMES = (
    "Alma",
    "Bruno",
    "Celia",
    "Dara",
    "Emil",
    "Fina",
    "Gero",
    "Hanne",
    "Ilka",
    "Jona",
    "Kaja",
    "Lotte",
    "Milo",
    "Nora",
)


@dataclass(frozen=True)
class DemoProduct:
    """Product of the demo shop, before its photo is painted."""

    product_id: str
    title: str
    category: str
    colour: str
    gender: str
    price: str  # as feeds write it: "89.90 EUR"
    picture: Picture


def assortment(kinds: tuple[Kind, ...] = KINDS) -> Iterator[DemoProduct]:
    """Yield all products in the order of `kinds`. The products are the same at every call; titles are unique."""
    seen: dict[str, int] = {}
    for kind in kinds:
        for index in range(kind.count):
            piece = kind.design(SeededChoices(kind.prefix, index, kind.count))
            times = seen[piece.title] = seen.get(piece.title, 0) + 1
            title = piece.title if times == 1 else f"{piece.title}, {NAMES[(times - 2) % len(NAMES)]}"
            yield DemoProduct(
                product_id=f"{kind.prefix}-{index + 1:03d}",
                title=title,
                category=kind.category,
                colour=piece.colour,
                gender=piece.gender if kind.category.startswith(("Shoes", "Bags")) else "",
                price=_format_price(kind.prefix, index, piece.price),
                picture=piece.picture,
            )


def _format_price(prefix: str, index: int, amount: float) -> str:
    """Format a price near `amount` with an ending that shops use."""
    ending = random.Random(f"{SEED}/{prefix}/{index}/price").choice((-0.05, -0.10, 0.0, -0.01))
    return f"{max(5, round(amount)) + ending:.2f} EUR"
