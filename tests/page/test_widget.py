"""The page in a panel of a shop's page that is of another site: who may, how it opens, and how it closes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from app.web.languages import read_languages
from tests.page.support.axe import assert_accessible
from tests.page.support.phone import DESKTOP, PHONE
from tests.page.support.shop_page import Shop, panel_of

TURNED = PHONE | {"viewport": {"width": 844, "height": 390}}


@pytest.mark.parametrize(
    ("device", "width"),
    [(PHONE, 390), (TURNED, 844), (DESKTOP, 480)],
    ids=["phone", "turned", "desktop"],
    indirect=["device"],
)
def test_a_button_opens_the_page_in_a_panel(shopper: Page, shop: Shop, home: str, device: Any, width: int) -> None:
    shop.embed(home)
    shopper.goto("/")
    button = shopper.get_by_role("button", name="Search by sketch")
    box = button.bounding_box()
    assert box and min(box["width"], box["height"]) >= 44
    expect(shopper.locator("iframe")).to_have_count(0)  # nothing is loaded before somebody wants it
    button.click()
    frame = panel_of(shopper)
    frame.get_by_role("button", name="Stool", exact=True).click()
    expect(frame.get_by_role("list", name="Results").get_by_role("listitem").first).to_be_visible()
    dialog = shopper.get_by_role("dialog", name="Search by sketch")
    panel, window = dialog.bounding_box(), device["viewport"]
    assert panel and (panel["width"], panel["height"]) == (width, window["height"])
    assert panel["x"] + panel["width"] == window["width"]
    assert frame.locator("html").evaluate("html => html.scrollWidth <= innerWidth && html.scrollHeight <= innerHeight")
    assert_accessible(shopper)


def test_it_closes_in_every_way_and_focus_returns(shopper: Page, shop: Shop, home: str) -> None:
    shop.embed(home)
    shopper.goto("/")
    button = shopper.get_by_role("button", name="Search by sketch")
    dialog = shopper.get_by_role("dialog")
    button.click()
    frame = panel_of(shopper)
    ways: list[Callable[[], object]] = [
        lambda: frame.get_by_role("button", name="Close", exact=True).click(),
        lambda: shopper.keyboard.press("Escape"),
        lambda: frame.get_by_role("button", name="Stool", exact=True).press("Escape"),
    ]
    for close in ways:
        expect(dialog).to_be_visible()
        expect(shopper.get_by_role("button", name="Close")).to_have_count(0)  # the page has the only one
        close()
        expect(dialog).to_be_hidden()
        expect(button).to_be_focused()
        button.click()
    expect(frame.locator("html.embedded")).to_be_attached()  # still the same page


def test_a_page_that_never_came_is_asked_for_again(shopper: Page, shop: Shop, home: str) -> None:
    shop.embed(home)
    shopper.goto("/")
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    shopper.route(f"{home}/?*", refuse)
    button = shopper.get_by_role("button", name="Search by sketch")
    for _ in range(2):  # soon after, it may be on its way
        button.click()
        shopper.get_by_role("button", name="Close").click()
    assert len(asked) == 1
    shopper.unroute(f"{home}/?*")
    shopper.evaluate("const then = performance.now(); performance.now = () => then + 6000;")
    button.click()
    panel_of(shopper).get_by_role("button", name="Close", exact=True).click()
    shopper.locator("iframe").evaluate("frame => (frame.isSame = true)")
    shopper.evaluate("performance.now = () => 1e9")
    button.click()
    assert shopper.locator("iframe").evaluate("frame => frame.isSame") is True


@pytest.mark.parametrize("device", [DESKTOP], indirect=True)
def test_a_tap_beside_the_panel_closes_it(shopper: Page, shop: Shop, home: str) -> None:
    shop.embed(home)
    shopper.goto("/")
    shopper.get_by_role("button", name="Search by sketch").click()
    expect(shopper.get_by_role("dialog")).to_be_visible()
    shopper.mouse.click(100, 400)
    expect(shopper.get_by_role("dialog")).to_be_hidden()


def test_escape_closes_a_dialog_of_the_page_first(shopper: Page, shop: Shop, home: str) -> None:
    shop.embed(home)
    shopper.goto("/")
    shopper.get_by_role("button", name="Search by sketch").click()
    frame = panel_of(shopper)
    frame.locator("body").evaluate("""body => {
        const dialog = document.createElement("dialog");
        dialog.append(document.createElement("button"));
        body.append(dialog);
        dialog.showModal();
    }""")
    frame.locator("dialog[open] button").press("Escape")
    expect(frame.locator("dialog[open]")).to_have_count(0)
    expect(shopper.get_by_role("dialog", name="Search by sketch")).to_be_visible()


def test_elements_of_the_shop_open_the_panel_with_what_they_say(shopper: Page, shop: Shop, home: str) -> None:
    shop.embed(home, 'data-target="#find, .later" data-label="Draw!" data-lang="de" data-category="Shoes &gt; Boots"')
    shopper.goto("/")
    expect(shopper.get_by_role("button", name="Draw!")).to_have_count(0)
    expect(shopper.locator("#find")).to_have_attribute("aria-haspopup", "dialog")
    shopper.locator("#late").evaluate("link => link.classList.add('later')")
    shopper.locator("#late").click()
    expect(shopper.get_by_role("dialog", name="Draw!")).to_be_visible()
    frame = panel_of(shopper)
    expect(frame.locator("html")).to_have_attribute("lang", "de")
    asked = parse_qs(urlsplit(str(shopper.locator("iframe").get_attribute("src"))).query)
    assert asked == {"host": [shop.origin], "lang": ["de"], "category": ["Shoes > Boots"]}
    frame.get_by_role("button", name="Schließen", exact=True).click()
    shopper.locator("#find").click()
    expect(shopper.get_by_role("dialog", name="Draw!")).to_be_visible()
    assert urlsplit(shopper.url).path == "/"


@pytest.mark.parametrize("device", [PHONE | {"color_scheme": "dark"}], ids=["dark phone"], indirect=True)
def test_a_light_shop_has_a_light_panel_on_a_dark_phone(shopper: Page, shop: Shop, home: str) -> None:
    shop.embed(home, 'data-scheme="light"')
    shopper.goto("/")
    shopper.get_by_role("button", name="Search by sketch").click()
    frame = panel_of(shopper)
    expect(frame.locator("body")).to_have_css("background-color", "rgb(243, 243, 240)")
    expect(shopper.get_by_role("dialog")).to_have_css("background-color", "rgb(255, 255, 255)")


def test_a_shop_s_strict_policy_is_enough(shopper: Page, shop: Shop, home: str) -> None:
    shop.embed(home)
    shop.headers = {"Content-Security-Policy": f"default-src 'none'; script-src {home}; frame-src {home}"}
    said: list[str] = []
    shopper.on("console", lambda message: said.append(message.text))
    shopper.goto("/")
    shop.headers = {}
    button = shopper.get_by_role("button", name="Search by sketch")
    assert button.evaluate("element => getComputedStyle(element).position") == "fixed"
    button.click()
    panel_of(shopper)
    assert not [text for text in said if "widget" in text and "Security Policy" in text]


def test_other_shops_are_refused(shopper: Page, shop: Shop, live_server: str) -> None:
    shop.embed(live_server)
    said: list[str] = []
    shopper.on("console", lambda message: said.append(message.text))
    shopper.goto("/")
    shopper.get_by_role("button", name="Search by sketch").click()
    expect(shopper.get_by_role("dialog")).to_be_visible()
    expect(shopper.get_by_role("dialog")).to_contain_text("The sketch search cannot be shown in this page.")
    expect(shopper.get_by_role("link", name="Open it in a new tab")).to_have_attribute("href", live_server)
    assert_accessible(shopper)
    assert any(f"expected {shop.origin} in its SKETCHFIND_EMBED_ORIGINS" in text for text in said)
    assert any("frame-ancestors" in text for text in said)


def test_the_policy_names_who_may_embed(shop: Shop, home: str, live_server: str) -> None:
    def ancestors(url: str) -> str:
        found = re.search(r"frame-ancestors ([^;]*)", httpx.get(url).headers["content-security-policy"])
        return found[1] if found else ""

    assert ancestors(home) == f"'self' {shop.origin}"
    assert ancestors(live_server) == "'self'"
    assert ancestors(f"{home}/widget-example") == ancestors(f"{home}/docs") == "'none'"


def test_the_script_is_for_everybody_and_for_an_hour(live_server: str) -> None:
    script = httpx.get(f"{live_server}/widget.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["cache-control"] == "public, max-age=3600"
    assert script.headers["cross-origin-resource-policy"] == "cross-origin"
    assert all(language.say("widget.open") in script.text for language in read_languages().values())
