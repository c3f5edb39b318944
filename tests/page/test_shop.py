"""A shop of lamps makes the page its own, and shoppers choose language and theme."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.web.languages import read_languages
from tests.conftest import serving
from tests.page.conftest import Menu
from tests.page.support.axe import assert_accessible, assert_accessible_in_both_schemes, assert_fits
from tests.page.support.phone import BOOT, PHONE, Phone
from tests.support.lamp_shop import SHOES, make_lamp_shop

LANGUAGES = sorted(read_languages())


@pytest.fixture(scope="module")
def lamps(tmp_path_factory: pytest.TempPathFactory, tiny_checkpoint: Path) -> Iterator[str]:
    gallery, shop = make_lamp_shop(tmp_path_factory.mktemp("lamps"), tiny_checkpoint)
    with serving(gallery, shop=shop) as url:
        yield url


def open_shop(browser: Browser, url: str) -> Page:
    context = browser.new_context(base_url=url, locale="en-GB", service_workers="block", **PHONE)
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto("/")
    return page


def colours_of(page: Page) -> tuple[str, str]:
    """Return the colours of the page's ground, and of the browser's own bars."""
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    bars = page.evaluate(
        "[...document.querySelectorAll('meta[name=theme-color]')].find(({media}) => matchMedia(media).matches).content"
    )
    return str(ground), str(bars)


def test_a_shop_of_lamps_never_says_shoe(browser: Browser, lamps: str) -> None:
    page = open_shop(browser, lamps)
    phone = Phone(page)
    expect(page.locator(".invitation strong")).to_have_text("Draw a lamp")
    assert_accessible(page)
    phone.wait_for_search(lambda: page.get_by_role("button", name="Floor lamp").tap())
    expect(phone.results.first).to_be_visible()
    for code in LANGUAGES:
        page.goto(f"/?lang={code}")
        page.locator("#more").tap()
        expect(page.locator("#menu .example")).to_have_count(3)
        said = page.evaluate("document.documentElement.outerHTML + document.title + document.body.innerText")
        assert not SHOES.search(said), (code, SHOES.search(said))
    page.context.close()


def test_the_shop_s_colours_and_logo_are_shown(browser: Browser, lamps: str) -> None:
    page = open_shop(browser, lamps)
    grounds = {"light": ("rgb(255, 250, 242)", "#fffaf2"), "dark": ("rgb(26, 21, 16)", "#1a1510")}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert colours_of(page) == grounds[scheme]
        expect(page.get_by_role("heading", level=1)).to_have_accessible_name("Lumen")
        assert page.locator(".logo:visible").evaluate("image => image.naturalWidth") > 0
        assert_accessible(page)
    page.locator("#more").tap()
    assert_accessible_in_both_schemes(page)
    page.context.close()


def test_a_theme_is_chosen_at_once_and_remembered(page: Page, menu: Menu) -> None:
    page.emulate_media(color_scheme="light")
    light, dark = ("rgb(243, 243, 240)", "#f3f3f0"), ("rgb(18, 19, 23)", "#121317")
    dialog = menu()
    assert_accessible(page)
    assert_fits(dialog, 390, 844)
    assert colours_of(page) == light
    dialog.get_by_role("button", name="Dark").tap()
    assert colours_of(page) == dark
    expect(dialog.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    assert_accessible(page)
    page.reload()
    assert colours_of(page) == dark
    page.emulate_media(color_scheme="dark")
    menu().get_by_role("button", name="Light").tap()
    assert colours_of(page) == light
    page.get_by_role("dialog").get_by_role("button", name="System").tap()
    assert colours_of(page) == dark
    page.reload()
    assert colours_of(page) == dark


def test_a_chosen_theme_keeps_high_contrast(page: Page, menu: Menu) -> None:
    page.emulate_media(color_scheme="light", contrast="more")
    menu().get_by_role("button", name="Dark").tap()
    assert colours_of(page)[0] == "rgb(0, 0, 0)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(255, 255, 255)"


def test_a_language_is_chosen_and_remembered_and_nothing_is_lost(page: Page, phone: Phone, menu: Menu) -> None:
    sketch = phone.draw_and_wait(BOOT[0]).request.post_data
    page.get_by_role("button", name="Bags", exact=True).tap()
    expect(phone.results.first).to_contain_text("€")
    entries = page.evaluate("history.length")
    with page.expect_navigation():
        menu().get_by_role("button", name="Deutsch").tap()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("button", name="Rückgängig")).to_be_enabled()
    expect(page.get_by_role("button", name="Bags", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#results .price", has_text="39,99\u00a0€")).to_be_visible()
    assert phone.searches[-1].post_data == sketch
    assert page.evaluate("history.length") <= entries + 1  # the menu's own entry, which is behind
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.goto("/?lang=fr")  # a link that says so
    expect(page.locator("html")).to_have_attribute("lang", "fr")


@pytest.mark.parametrize(
    ("locale", "price"), [("de-CH", "EUR\u00a039.99"), ("fr-FR", "39,99\u00a0€"), ("ja-JP", "€39.99")]
)
def test_prices_are_written_as_in_the_page_s_language(
    browser: Browser, live_server: str, locale: str, price: str
) -> None:
    context = browser.new_context(base_url=live_server, locale=locale, service_workers="block", **PHONE)
    page = context.new_page()
    page.goto("/?category=Bags")
    Phone(page).draw_and_wait(BOOT[0])
    shown = page.locator("#results .price").all_text_contents()
    assert price.replace("\u00a0", " ") in [text.replace("\u00a0", " ").replace("\u202f", " ") for text in shown]
    context.close()
