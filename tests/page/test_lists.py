"""Lists of results: scrolled to their end, sorted by price, and what cards and panel tell a shopper."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.conftest import PRODUCTS
from tests.page.support.axe import assert_accessible, assert_accessible_in_both_schemes
from tests.page.support.phone import BOOT, Phone
from tests.page.test_product import SIMILAR, panel
from tests.page.test_search import SEARCH, answer, product, show

PAGE = 24
TO_THE_END = "scroller => scroller.scrollTo(0, scroller.scrollHeight)"
BOOT_ON_SALE = {
    "title": "Red boot",
    "brand": "Acme",
    "price": 60,
    "regular_price": 80,
    "prices": [{"currency": "EUR", "min": 60, "max": 60, "regular": 80}],
    "sizes": ["EU 37", "EU 38", "EU 39"],
    "color": "red",
    "description": "Made by hand. " * 40,
    "availability": "in_stock",
    "in_stock": True,
}


def serve_list(page: Page, count: int, refuse: Callable[[int], tuple[int, str] | None] = lambda start: None) -> None:
    """Let searches answer with pages of so many products; `refuse` gets the start of a page, and returns an error."""

    def serve(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        start = int(query.get("cursor", ["0"])[0])
        if error := refuse(start):
            return route.fulfill(status=error[0], json={"error": {"code": error[1], "message": "", "detail": None}})
        end = min(count, start + PAGE)
        body = answer(*(product(f"p{number}") for number in range(start, end)))
        body["gallery"]["size"] = 900
        return route.fulfill(json={**body, "next": str(end) if end < count else None})

    page.route(SEARCH, serve)


def scroll_on(page: Page) -> None:
    page.locator(".scroll").evaluate(TO_THE_END)


def test_a_shopper_scrolls_to_the_end(page: Page, phone: Phone) -> None:
    serve_list(page, 60)
    phone.draw_and_wait(BOOT[0])
    expect(phone.results).to_have_count(24)
    expect(phone.status).to_have_text("24 closest of 900")
    page.wait_for_timeout(300)
    assert len(phone.searches) == len([search for search in phone.searches if "cursor" not in search.url])
    for count in (48, 60):
        scroll_on(page)
        expect(phone.results).to_have_count(count)
    expect(phone.status).to_have_text("60 closest of 900")
    assert phone.ids() == [f"p{number}" for number in range(60)]
    expect(page.locator(".more")).to_have_text("No more results.")
    assert {search.post_data for search in phone.searches[-2:]} == {phone.searches[-3].post_data}
    scroll_on(page)
    assert_accessible(page)
    phone.results.nth(59).get_by_role("button").tap()
    expect(panel(page)).to_contain_text("60 of 60")
    page.keyboard.press("Escape")
    page.locator(".scroll").evaluate("scroller => scroller.scrollTo(0, 0)")
    phone.draw_and_wait(BOOT[1])  # another list begins
    expect(phone.results).to_have_count(24)
    expect(page.locator(".more")).to_have_text("")


def test_what_fails_at_the_end_can_be_tried_again(page: Page, phone: Phone) -> None:
    errors = [(503, "busy"), (410, "outdated_cursor")]
    serve_list(page, 60, lambda start: errors.pop(0) if start and errors else None)
    phone.draw_and_wait(BOOT[0])
    more = page.locator(".more")
    scroll_on(page)
    expect(more).to_contain_text("Very busy right now.")
    assert_accessible(page)
    more.get_by_role("button", name="Retry").tap()
    expect(more).to_contain_text("The shop’s products have changed.")
    expect(phone.results).to_have_count(24)
    before = len(phone.searches)
    more.get_by_role("button", name="Search again").tap()
    expect(more.get_by_role("button")).to_be_hidden()
    assert page.locator(".scroll").evaluate("scroller => scroller.scrollTop") == 0
    assert "cursor" not in phone.searches[before].url
    scroll_on(page)
    expect(phone.results).to_have_count(48)


def test_results_are_sorted_by_price_and_back(page: Page, phone: Phone) -> None:
    sort = page.get_by_role("combobox", name="Sort")
    expect(sort).to_be_hidden()
    phone.draw_and_wait(BOOT[0])
    nearest = phone.ids()
    expect(sort).to_be_visible()
    priced = {name: float(price.split()[0]) for name, _, price, _ in PRODUCTS if price}
    for value, sign in (("price_asc", 1), ("price_desc", -1)):
        phone.wait_for_search(partial(sort.select_option, value))
        assert f"sort={value}" in phone.searches[-1].url
        ids = phone.ids()
        assert ids[:-1] == sorted(ids[:-1], key=lambda name: sign * priced[name]) and ids[-1] == "pump-2"
    expect(phone.status).to_have_text("12 of the closest, by price")
    assert_accessible(page)
    phone.draw_and_wait(BOOT[1])  # the order stays while one draws on
    assert "sort=price_desc" in phone.searches[-1].url
    phone.press("Undo")
    phone.wait_for_search(lambda: sort.select_option("likeness"))
    assert "sort" not in phone.searches[-1].url and phone.ids() == nearest


def test_cards_show_stock_sale_brand_and_sizes(page: Page, phone: Phone) -> None:
    several = {"prices": [{"currency": "EUR", "min": 39, "max": 59, "regular": None}], "sizes": ["41", "42"]}
    gone = product("gone", in_stock=False, availability="out_of_stock")
    show(phone, product("sale", **BOOT_ON_SALE), gone, product("range", **several))
    sale, sold_out, ranged = phone.results.all()
    expect(sale.get_by_role("button")).to_have_accessible_name("Red boot €60.00 was €80.00 Acme EU 37 – EU 39")
    expect(sale.locator("s")).to_have_text("€80.00")
    expect(sold_out).to_contain_text("Out of stock")
    expect(sale).not_to_contain_text("Out of stock")
    expect(ranged).to_contain_text("from €39.00")
    expect(ranged).to_contain_text("41, 42")
    assert_accessible_in_both_schemes(page)


@pytest.fixture
def photos(page: Page) -> list[str]:
    """Return the addresses of three photos of the gallery."""
    return [page.request.get(f"/products/{name}").json()["photo_url"] for name in ("boot-1", "boot-2", "sofa-1")]


def open_boot(page: Page, phone: Phone, photos: list[str], **more: Any) -> None:
    page.route(SIMILAR, lambda route: route.fulfill(json=answer(product("other", **BOOT_ON_SALE))))
    boot = product("boot", **{**BOOT_ON_SALE, "photo_url": photos[1], "photo_urls": photos, **more})
    page.route("**/products/boot?*", lambda route: route.fulfill(json=boot))
    show(phone, boot)
    phone.results.first.get_by_role("button").tap()
    expect(panel(page)).to_be_visible()
    panel(page).evaluate("dialog => Promise.all(dialog.getAnimations().map(each => each.finished))")


def test_all_photos_are_swiped_stepped_and_reached_by_keys(page: Page, phone: Phone, photos: list[str]) -> None:
    open_boot(page, phone, photos)
    dialog, strip = panel(page), page.get_by_role("group", name="Photos")
    current = "strip => Math.round(10 * strip.scrollLeft / strip.clientWidth) / 10"

    def expect_photo(number: int) -> None:
        dots = dialog.locator(".photo-dot")
        expect(dots).to_have_count(3)
        expect(dots.nth(number - 1)).to_have_class(re.compile("current"))
        page.wait_for_function(f"(strip) => ({current})(strip) === {number - 1}", arg=strip.element_handle())

    expect_photo(2)  # the one that was found
    names = [image.get_attribute("alt") for image in dialog.locator(".product-photo").all()]
    assert names == [f"Red boot, photo {number} of 3" for number in (1, 2, 3)]
    phone.swipe(strip, -0.6)
    expect_photo(3)
    expect(dialog.get_by_role("button", name="Next photo")).to_be_disabled()
    dialog.get_by_role("button", name="Previous photo").tap()
    expect_photo(2)
    strip.focus()
    for key, number in (("ArrowLeft", 1), ("ArrowLeft", 1), ("ArrowRight", 2)):
        page.keyboard.press(key)
        expect_photo(number)
    expect(dialog.get_by_role("heading", name="Red boot")).to_be_visible()  # not the next product
    page.set_viewport_size({"width": 844, "height": 390})
    expect_photo(2)
    assert_accessible(page)


def test_one_photo_has_nothing_to_step_through(page: Page, phone: Phone, photos: list[str]) -> None:
    open_boot(page, phone, photos, photo_urls=[photos[1]])
    expect(panel(page).get_by_role("img", name="Red boot", exact=True)).to_be_visible()
    for name in ("Previous photo", "Next photo"):
        expect(panel(page).get_by_role("button", name=name)).to_be_hidden()


def test_the_panel_tells_what_a_shopper_asks(page: Page, phone: Phone, photos: list[str]) -> None:
    open_boot(page, phone, photos, variants=3, in_stock=False)
    dialog = panel(page)
    expect(dialog.locator(".product-price")).to_have_text("€60.00 €80.00was €80.00")
    expect(dialog.locator(".product-stock")).to_have_text("Out of stock")
    expect(dialog.locator(".product-facts")).to_have_text("Acme · Shoes › Boots · Red")
    expect(dialog.locator(".product-sizes")).to_have_text("Sizes: EU 37, EU 38, EU 39")
    description = dialog.locator(".product-description")
    height = description.bounding_box()
    more = dialog.get_by_role("button", name="Read more")
    more.tap()
    expect(more).to_be_hidden()
    expect(dialog.get_by_role("button", name="Read less")).to_have_attribute("aria-expanded", "true")
    unfolded = description.bounding_box()
    assert height and unfolded and unfolded["height"] > 2 * height["height"]
    expect(dialog.locator(".strip-button")).to_have_accessible_name("Red boot €60.00 was €80.00")
    assert_accessible_in_both_schemes(page)


def test_the_latest_news_of_a_product_without_variants_are_shown(page: Page, phone: Phone, photos: list[str]) -> None:
    open_boot(page, phone, photos)
    expect(panel(page).locator(".product-stock")).to_have_text("In stock")
    news = product("boot", **{**BOOT_ON_SALE, "price": 50, "availability": "out_of_stock"})
    news = {name: value for name, value in news.items() if name not in ("prices", "sizes", "in_stock")}
    page.unroute("**/products/boot?*")
    page.route("**/products/boot?*", lambda route: route.fulfill(json=news))
    page.keyboard.press("Escape")
    phone.results.first.get_by_role("button").tap()
    expect(panel(page).locator(".product-stock")).to_have_text("Out of stock")
    expect(panel(page).locator(".product-price")).to_contain_text("€50.00")
    expect(panel(page).locator(".product-sizes")).to_have_text("Sizes: EU 37, EU 38, EU 39")
