"""An operator's day at the admin page, in a browser: on a phone in the light, then on a desktop in the dark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import serving
from tests.page.support.axe import assert_accessible
from tests.page.support.phone import PHONE
from tests.support.sketch_files import ZIGZAG
from tests.support.writable_server import own_gallery

FEED = "id\ttitle\tprice\timage_link\nboot-1\tBoot\tcheap\ta.png\nnew-1\tNew\t5 EUR\tphotos/none.png\n"
PAGES = ("", "/products", "/products/boot-2", "/rules", "/imports", "/keys", "/searches", "/operations")


@pytest.fixture
def admin(tiny_gallery: Path, tmp_path: Path, browser: Browser) -> Iterator[tuple[Page, str]]:
    """Open the admin page on a phone, after a search of a shopper; yield it with a write key."""
    gallery, key = own_gallery(tiny_gallery, tmp_path)
    with serving(gallery, backup_to=tmp_path / "backup") as url:
        context = browser.new_context(base_url=url, locale="en-GB", **PHONE)
        context.set_default_timeout(20_000)
        assert context.request.post("/search?q=bot&category=Shoes", data=ZIGZAG).ok
        page = context.new_page()
        said: list[str] = []
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.goto("/admin")
        yield page, key
        context.close()
    assert not [line for line in said if "422" not in line]  # the status of a refused form


def open_page(page: Page, name: str) -> None:
    page.get_by_role("navigation").get_by_role("link", name=name).tap()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def assert_shown(page: Page) -> None:
    """Fail if axe finds violations, or the page is wider than its window."""
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


def test_an_operator_s_day(admin: tuple[Page, str], tmp_path: Path) -> None:
    page, key = admin
    expect(page).to_have_url(re.compile("/admin/sign-in$"))
    assert_shown(page)
    page.get_by_label("Key").fill(key)
    page.get_by_role("button", name="Sign in").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")

    open_page(page, "Operations")
    page.get_by_role("button", name="Backup now").tap()
    expect(page.locator("#backup-state")).to_have_text(re.compile("running|done"))

    open_page(page, "Imports")
    feed: Any = {"name": "feed.tsv", "mimeType": "text/plain", "buffer": FEED.encode()}
    page.get_by_label("File").set_input_files(feed)
    page.get_by_role("button", name="Import").tap()
    expect(page.locator("#state")).to_have_text("failed")  # the script has refreshed it
    expect(page.get_by_role("row", name="line 2")).to_contain_text("price 'cheap' cannot be read")
    assert_shown(page)

    open_page(page, "Products")
    page.get_by_label("Words").fill("bot number 2")
    page.get_by_role("button", name="Search").tap()
    page.get_by_role("link", name="Boot number 2").tap()
    page.get_by_label("Price").fill("cheap")
    page.get_by_role("button", name="Save").tap()
    expect(page.get_by_role("alert")).to_contain_text("price is 'cheap'")
    assert_shown(page)
    page.get_by_label("Price").fill("79.90")
    page.get_by_label("Stock").select_option("out of stock")
    page.get_by_role("button", name="Save").tap()
    expect(page.get_by_text("The product is saved.")).to_be_visible()
    product = page.request.get("/products/boot-2").json()
    assert (product["price"], product["availability"], product["brand"]) == (79.9, "out_of_stock", None)

    open_page(page, "Rules")
    page.get_by_label("All rules").fill('[[rule]]\nname = "Boots"\nbost = 1\nwhere = { category = "Shoes > Boots" }')
    page.get_by_role("button", name="Save").tap()
    expect(page.get_by_role("alert")).to_contain_text("rule 1 ('Boots'): bost is not a key")
    assert_shown(page)
    text = page.get_by_label("All rules").input_value()
    page.get_by_label("All rules").fill(text.replace("bost", "boost"))
    page.get_by_label("Words").fill("number")
    page.keyboard.press("Enter")  # checks, and does not save
    expect(page.get_by_role("region", name="Results").get_by_role("row").nth(1)).to_contain_text("boost 1: Boots")
    assert_shown(page)
    page.get_by_role("button", name="Save").tap()
    expect(page.get_by_text("The rules are saved.")).to_be_visible()

    open_page(page, "Keys")
    page.get_by_label("Name").fill("till")
    page.get_by_role("button", name="Make a key").tap()
    secret = page.locator("#secret").inner_text()
    answer = page.request.patch("/products/boot-2", data={"price": "1"}, headers={"X-API-Key": secret})
    assert answer.status in (401, 403)  # a read key, which the server knows within a second

    open_page(page, "Searches")
    expect(page.get_by_role("row", name="bot")).to_contain_text("category Shoes")

    open_page(page, "Operations")
    expect(page.locator("#backup-state")).to_have_text("done", timeout=240_000)  # at a low priority
    expect(page.locator("#backup")).to_contain_text("12 products")
    assert list((tmp_path / "backup").glob("catalogue-*.sqlite"))

    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 1280, "height": 800})
    for path in PAGES:
        page.goto(f"/admin{path}")
        assert_shown(page)
    page.get_by_role("button", name="Sign out").click()
    page.goto("/admin")
    expect(page).to_have_url(re.compile("/admin/sign-in$"))
