"""The page for everybody: readers, keyboards, contrast, large text, and what people ask for in their settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.web.languages import read_languages
from tests.page.support.axe import assert_accessible, assert_accessible_in_both_schemes
from tests.page.support.phone import BOOT, DESKTOP, PHONE, Phone
from tests.page.test_search import answer


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def context(browser: Browser, live_server: str, request: Any) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=live_server, locale="en-GB", service_workers="block", **request.param)
    context.set_default_timeout(20_000)
    yield context
    context.close()


def draw_example(page: Page) -> None:
    page.locator(".example").first.click()
    expect(page.get_by_role("list", name="Results").get_by_role("listitem").first).to_be_visible()


def test_the_page_is_accessible_empty_and_with_results(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto("/")
    assert_accessible_in_both_schemes(page)
    draw_example(page)
    assert_accessible_in_both_schemes(page)


def test_the_widget_s_example_is_accessible_closed_and_open(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto("/widget-example")
    assert_accessible_in_both_schemes(page)
    page.get_by_role("button", name="Search by sketch").click()
    expect(page.frame_locator("iframe").get_by_role("status")).to_contain_text("products")
    assert_accessible_in_both_schemes(page)


def test_every_language_says_which_it_is(page: Page) -> None:
    for code in sorted(read_languages()):
        page.goto(f"/?lang={code}")
        expect(page.locator("html")).to_have_attribute("lang", code)
        assert_accessible(page)


def test_what_opens_over_the_page_is_accessible(phone: Phone) -> None:
    for stroke in BOOT:
        phone.draw_and_wait(stroke)
    first = phone.results.first.get_by_role("button")
    dialog = phone.page.locator("dialog[open]")
    for opener in ("More", "Filters", "the first result"):
        (first if opener == "the first result" else phone.page.get_by_role("button", name=opener)).tap()
        expect(dialog).to_be_visible()
        if opener == "the first result":
            dialog.get_by_role("button", name="What matched").tap()
            expect(dialog).to_contain_text("The coloured lines")
        assert_accessible_in_both_schemes(phone.page)
        phone.page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()


def test_axe_would_say_something(page: Page) -> None:
    page.locator("#undo").evaluate("button => ['aria-label', 'title'].forEach((name) => button.removeAttribute(name))")
    with pytest.raises(AssertionError, match="button-name"):
        assert_accessible(page)


def test_more_contrast_for_those_who_ask(phone: Phone) -> None:
    faint = "element => getComputedStyle(element).color !== getComputedStyle(document.body).color"
    border = "element => getComputedStyle(element).borderTopWidth"
    assert phone.status.evaluate(faint) and phone.page.locator(".paper").evaluate(border) == "0px"
    phone.page.emulate_media(contrast="more")
    assert not phone.status.evaluate(faint) and phone.page.locator(".paper").evaluate(border) == "1px"
    phone.draw_and_wait(BOOT[0])
    assert_accessible(phone.page)


def test_the_focus_goes_on_where_a_button_is_gone(page: Page, phone: Phone) -> None:
    undo = phone.button("Undo")
    page.locator(".example").first.press("Enter")
    expect(undo).to_be_focused()
    phone.button("Clear").press("Enter")
    expect(undo).to_be_focused()
    page.goto("/?category=Bags")
    page.route("**/search?*category*", lambda route: route.fulfill(json=answer()))
    undo.press("Enter")
    phone.button("Search everything").press("Enter")
    expect(phone.results.first.get_by_role("button")).to_be_focused()
    phone.draw_and_wait(BOOT[0])
    phone.button("Undo").focus()
    page.keyboard.press("Delete")  # the focus was elsewhere, and stays there
    expect(undo).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_forced_colours_leave_ink_on_paper_and_show_what_is_pressed(phone: Phone, scheme: Any) -> None:
    phone.page.emulate_media(forced_colors="active", color_scheme=scheme)
    colour, ground = (f"element => getComputedStyle(element).{name}" for name in ("color", "backgroundColor"))
    assert phone.page.locator(".invitation strong").evaluate(colour) == "rgb(21, 23, 30)"
    phone.draw_and_wait(BOOT[0])
    eraser, clear = phone.button("Eraser"), phone.button("Clear")
    eraser.tap()
    expect(eraser).not_to_have_css("background-color", clear.evaluate(ground))  # after its transition
    assert clear.evaluate("element => getComputedStyle(element).borderTopStyle") == "solid"
    assert_accessible(phone.page)
    phone.button("Filters").tap()
    black, red = (phone.page.locator(".option", has_text=name) for name in ("black", "red"))
    assert red.locator(".swatch").evaluate(ground) == "rgb(192, 37, 45)"
    black.tap()
    assert black.evaluate(ground) != red.evaluate(ground)
    assert black.locator(".count").evaluate(colour) == black.evaluate(colour)
    assert red.evaluate("element => getComputedStyle(element).borderTopStyle") == "solid"


def test_text_of_twice_the_size_is_not_cut(browser: Browser, live_server: str) -> None:
    """Zoomed to 200 %, a desktop of 1280 x 1024 is one of 640 x 512."""
    context = browser.new_context(base_url=live_server, viewport={"width": 640, "height": 512}, device_scale_factor=2)
    page = context.new_page()
    page.goto("/")
    for font in ("100%", "200%"):  # and by larger text alone
        page.evaluate("font => document.documentElement.style.setProperty('font-size', font)", font)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        cut = """() => [...document.querySelectorAll("h1, .status, .tool, .chip, h2, .example span, .invitation *")]
            .filter((element) => element.checkVisibility() && element.scrollWidth > element.clientWidth + 1
                && getComputedStyle(element).overflowX !== "visible").map((element) => element.className)"""
        assert page.evaluate(cut) == []
    context.close()


def test_reduced_motion_stands_still(phone: Phone) -> None:
    phone.page.emulate_media(reduced_motion="reduce")
    phone.page.reload()
    phone.draw_and_wait(BOOT[0])
    expect(phone.results.first).to_be_visible()
    running = "document.getAnimations().filter(({playState}) => playState === 'running').length"
    assert phone.page.evaluate(running) == 0
