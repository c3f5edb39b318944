"""The sketch as a file."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from tests.page.conftest import Menu
from tests.page.support.phone import BOOT, Phone


def test_a_saved_svg_has_a_path_for_every_stroke(page: Page, phone: Phone, menu: Menu) -> None:
    for stroke in BOOT[:3]:
        phone.draw_and_wait(stroke)
    with page.expect_download() as download:
        menu().get_by_role("button", name="Save as SVG").tap()
    assert download.value.suggested_filename == "sketch.svg"
    svg = ElementTree.fromstring(Path(download.value.path()).read_text())
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    assert [child.tag for child in svg] == ["{http://www.w3.org/2000/svg}path"] * 3
    left, top, width, height = map(float, svg.attrib["viewBox"].split())
    assert width < 390 and height < 390 and left < 0 and top < 0
    assert all(path.attrib["d"].startswith("M") and path.attrib["d"].endswith("Z") for path in svg)


def test_a_saved_png_is_ink_on_white(page: Page, phone: Phone) -> None:
    phone.draw_and_wait(BOOT[0])
    with page.expect_download() as download:
        page.keyboard.press("Control+s")
    assert download.value.suggested_filename == "sketch.png"
    image = Image.open(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert image.format == "PNG" and max(image.size) == 1600
    grey = image.convert("L")
    assert grey.getextrema() == (23, 255) and grey.getpixel((0, 0)) == 255
    assert image.convert("RGBA").getchannel("A").getextrema() == (255, 255)


def test_nothing_is_saved_or_shared_while_the_paper_is_empty(phone: Phone, menu: Menu) -> None:
    expect(phone.button("Share")).to_be_disabled()
    expect(menu().get_by_role("button", name="Save as PNG")).to_be_disabled()
