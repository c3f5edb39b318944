"""A shop of lamps: a few drawn products, and the TOML file that makes the page its own."""

from __future__ import annotations

import re
from pathlib import Path

from PIL import Image, ImageDraw

from app.gallery.layout import GalleryLocation
from index_builder.gallery.build import build
from tests.support.shop_files import LOGO, png

SHOES = re.compile(
    r"shoe|\bboots?\b|sneaker|\bheels?\b|sandal|schuh|stiefel|\bpumps|chaussure|\bbottes?\b|\bbaskets?\b|escarpin"
    r"|zapat|\bbotas?\b|tacón|鞋|靴",
    re.I,
)
"""Words for shoes in the five languages of the page."""

SHOP_FILE = """
name = "Lumen"
logo = "logo.svg"
icon = "icon.png"
rounding = 8

[launcher]
en = "Draw your lamp"
de = "Lampe zeichnen"

[light]
accent = "#7a4300"
ground = "#fffaf2"

[dark]
ground = "#1a1510"
text = "#fff4e4"
"""

_KINDS = (("Lampen > Tischlampen", 40), ("Lampen > Stehleuchten", 90), ("Lampen > Pendelleuchten", 0))


def make_lamp_shop(directory: Path, checkpoint: Path, count: int = 6) -> tuple[Path, Path]:
    """Build a gallery of lamps, and return its directory and the shop's file."""
    feed = ["id\ttitle\tproduct_type\tcolor\tprice\tavailability\timage_link"]
    for number in range(count):
        category, stem = _KINDS[number % len(_KINDS)]
        draw_lamp(number, stem).save(directory / f"{number}.png")
        feed.append(f"lamp-{number}\tLumina {number}\t{category}\tbrass\t{49 + number}.50 EUR\tin stock\t{number}.png")
    (directory / "feed.tsv").write_text("\n".join(feed) + "\n")
    (directory / "logo.svg").write_text(LOGO)
    (directory / "icon.png").write_bytes(png((512, 512)))
    (directory / "shop.toml").write_text(SHOP_FILE)
    gallery = directory / "gallery"
    build(directory / "feed.tsv", GalleryLocation(gallery), checkpoint)
    return gallery, directory / "shop.toml"


def draw_lamp(number: int, stem: int) -> Image.Image:
    """Draw a lamp with a stem of that many pixels, or one that hangs. The number decides the shade and its colour."""
    image = Image.new("RGB", (240, 240), "white")
    pen = ImageDraw.Draw(image)
    colour = ("#c98b2d", "#5a4632", "#a33b2a", "#2f5d50")[number % 4]
    narrow, wide, top = 18 + 4 * (number % 5), 52 + 5 * (number % 3), 20 if stem else 90
    if not stem:
        pen.line([(120, 5), (120, top)], "#333333", 3)
    pen.polygon([(120 - narrow, top), (120 + narrow, top), (120 + wide, top + 60), (120 - wide, top + 60)], colour)
    if stem:
        pen.rectangle([116, top + 60, 124, top + 60 + stem], "#333333")
        pen.ellipse([84, top + 50 + stem, 156, top + 72 + stem], "#333333")
    return image
