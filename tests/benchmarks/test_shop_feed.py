"""A feed of shoes in several sizes: groups, exact filters and complete imports, in small."""

from __future__ import annotations

import random
from pathlib import Path

import httpx

from app.gallery.layout import GalleryLocation
from app.products.product import Product
from benchmarks.reliability.shop_feed import ShopCheck
from benchmarks.reliability.variant_shop import make_items
from benchmarks.support.write_clients import FolderServer, add_write_key
from index_builder.gallery.create import create_gallery
from tests.conftest import draw_product, serving

SHOES, SIZES, PHOTOS = 26, 2, 3


def test_a_feed_of_variants_is_searched_filtered_and_replaced_exactly(tmp_path: Path, tiny_checkpoint: Path) -> None:
    rng = random.Random(3)
    for number in range(PHOTOS):
        draw_product(number, (80, 60)).save(tmp_path / f"{number}.png")
    gallery = tmp_path / "gallery"
    create_gallery(GalleryLocation(gallery), tiny_checkpoint)
    headers = {"Authorization": f"Bearer {add_write_key(gallery)}"}
    with FolderServer(tmp_path) as photos, serving(gallery, allow_private_addresses=True) as url:
        shoes = [
            (
                Product(f"s{n}", f"Shoe {n}", "Shoes > Boots", color=rng.choice(["Red", "Black"]), gender="women"),
                f"{photos.url}/{n % PHOTOS}.png",
            )
            for n in range(SHOES)
        ]
        with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
            check = ShopCheck(client, make_items(shoes, SIZES, rng), rng)
            figures = check.run(gone=7, filters=4)
    assert check.faults == []
    assert (figures["items"], figures["groups"], figures["filters"]) == (SHOES * SIZES, SHOES, 5)
