"""A shopper's whole visit with the network that ships, in a shop of drawn boots, chairs and bags."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from index_builder.demo.art.assortment import KINDS
from index_builder.demo.gallery import build_demo
from tests.conftest import serving
from tests.page.support.phone import BOOT, PHONE, Phone, is_search, sent

SOLD = ("chelsea", "ankle-boot", "boot", "ballet-flat", "stool", "tote")


@pytest.fixture(scope="module")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a server of a small demo shop, embedded by the checkpoint that ships."""
    kinds = tuple(replace(kind, count=4) for kind in KINDS if kind.prefix in SOLD)
    assert len(kinds) == len(SOLD)
    with serving(build_demo(tmp_path_factory.mktemp("demo"), kinds=kinds)) as url:
        yield url


def test_a_boot_is_drawn_found_narrowed_down_opened_and_shared(page: Page, phone: Phone, browser: Browser) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("delete Navigator.prototype.share")

    for number, stroke in enumerate(BOOT, start=1):
        answer = phone.draw_and_wait(stroke)
        assert len(sent(answer.request)["strokes"]) == number
        assert phone.ids() == [each["product_id"] for each in answer.json()["results"]] != []
    drawn = sent(answer.request)
    categories = [each["category"] for each in answer.json()["results"][:8]]
    assert categories.count("Shoes > Boots") >= 6  # of 8, where half of the products are no boots

    assert phone.press("Undo")["strokes"] == drawn["strokes"][:4]
    assert phone.press("Undo")["strokes"] == drawn["strokes"][:3]
    assert phone.press("Redo")["strokes"] == drawn["strokes"][:4]

    with page.expect_response(lambda response: is_search(response.request) and "category=" in response.url) as narrowed:
        page.get_by_role("group", name="Category").get_by_role("button", name=re.compile("^Shoes")).tap()
    found = narrowed.value.json()["results"]
    assert {each["category"].split(" > ")[0] for each in found} == {"Shoes"}
    expect(phone.results).to_have_count(len(found))

    phone.results.first.get_by_role("button").tap()
    panel = page.get_by_role("dialog", name=found[0]["title"])
    expect(panel.get_by_role("heading", name=found[0]["title"])).to_be_visible()
    expect(panel.get_by_role("link").first).to_have_attribute("href", found[0]["link"])
    panel.get_by_role("button", name="What matched").tap()
    expect(panel).to_contain_text("The coloured lines")
    page.keyboard.press("Escape")

    phone.button("Share").tap()
    expect(phone.status).to_have_text("Link copied. Whoever opens it sees your sketch.")
    address = page.evaluate("navigator.clipboard.readText()")
    context = browser.new_context(locale="en-GB", **PHONE)
    other = Phone(context.new_page())
    opened = other.wait_for_sketch(lambda: other.page.goto(address))
    assert sent(opened.request)["strokes"] == drawn["strokes"][:4]
    assert opened.json()["results"] == found and other.ids() == phone.ids()
    context.close()
