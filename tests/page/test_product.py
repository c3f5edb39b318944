"""The panel of one product: opened, browsed, explained and closed again."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.page.support.axe import assert_fits
from tests.page.support.phone import BOOT, Phone
from tests.page.test_search import answer, product, show

MATCH = "**/match"
SIMILAR = "**/similar?*"
TELLTALE = "export function announceChoice(product) { window.told = product; return true; }"  # in the place of host.js


def panel(page: Page) -> Locator:
    return page.locator("#product")


def open_first(phone: Phone) -> Locator:
    """Draws, taps the nearest product and returns its panel."""
    phone.draw_and_wait(BOOT[0])
    phone.results.first.get_by_role("button").tap()
    expect(panel(phone.page)).to_be_visible()
    return panel(phone.page)


def one_place(row: int, column: int) -> list[list[float]]:
    """Return a map of 8x8 that looks at one place only."""
    return [[float((y, x) == (row, column)) for x in range(8)] for y in range(8)]


def match(**more: Any) -> dict[str, Any]:
    """Return the body of an answer about what matched: the top left of the sketch, the bottom right of the photo.

    On both there is a line from the top left to the bottom right, which crosses the places, and one beside them.
    """
    box = {"left": 0, "top": 0, "width": 320, "height": 320, "picture_width": 320, "picture_height": 240}
    lines = [[[0, 0], [320, 240]], [[0, 160], [160, 240]]]
    sketch = {"attention": one_place(0, 0), "box": {**box, "picture_height": 320}, "lines": lines}
    photo = {"attention": one_place(5, 7), "box": box, "lines": lines}
    known = {"distance": 1, "mirrored": False, "photo_url": "/photos/none.webp"}
    return known | {"sketch": sketch, "photo": photo, **more}


def colour_at(canvas: Locator, x: float, y: float) -> str:
    """Return what a canvas shows at a place given as shares of its size: "strong", "faint", or "" for nothing."""
    pixel = """(canvas, [x, y]) => {
        const {data} = canvas.getContext("2d").getImageData(canvas.width * x, canvas.height * y, 1, 1);
        const [red, , blue, alpha] = data;
        return alpha && (blue > red + 80 ? "strong" : "faint");
    }"""
    return str(canvas.evaluate(pixel, [x, y]) or "")


def test_a_tap_shows_the_product(page: Page, phone: Phone) -> None:
    phone.draw_and_wait(BOOT[0])
    first = phone.results.first
    found = page.request.get(f"/products/{first.get_attribute('data-product-id')}").json()
    first.get_by_role("button").tap()
    dialog = page.get_by_role("dialog", name=found["title"])
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("heading", name=found["title"])).to_be_focused()
    expect(dialog).to_contain_text(found["category"].replace(">", "›"))
    expect(dialog).to_contain_text(found["color"], ignore_case=True)
    visit = dialog.get_by_role("link", name="Visit the shop")
    for name, value in (("href", found["link"]), ("target", "_blank"), ("rel", "noopener")):
        expect(visit).to_have_attribute(name, value)
    expect(dialog.get_by_role("img", name=found["title"])).to_have_attribute("src", found["photo_url"])


def test_the_photo_s_room_is_kept_whatever_comes(page: Page, phone: Phone) -> None:
    wide = product("wide", photo_url="/photos/none.webp", thumbnail_url="/static/icons/favicon.svg")
    page.route(SIMILAR, lambda route: route.fulfill(json=answer()))
    page.route(MATCH, lambda route: route.fulfill(json=match(mirrored=True)))
    show(phone, wide, product("bare"))
    phone.results.first.get_by_role("button").tap()
    picture = panel(page).locator(".pictures")
    expect(picture).to_be_visible()
    panel(page).evaluate("dialog => Promise.all(dialog.getAnimations().map(each => each.finished))")
    before = picture.bounding_box()
    panel(page).get_by_role("button", name="What matched").tap()
    expect(panel(page)).to_contain_text("The coloured lines")
    assert picture.bounding_box() == before
    page.keyboard.press("ArrowRight")
    expect(panel(page).get_by_role("heading", name="Bare")).to_be_visible()
    assert picture.bounding_box() == before


def test_more_like_this_leads_on_and_back(page: Page, phone: Phone) -> None:
    dialog = open_first(phone)
    first = dialog.get_by_role("heading", level=2).inner_text()
    expect(dialog.get_by_role("button", name="Back")).to_be_hidden()
    strip = dialog.get_by_role("list", name="More like this").get_by_role("button")
    expect(strip.first).to_be_visible()
    names = [each.locator(".title").inner_text() for each in strip.all()]
    assert first not in names and len(names) > 4
    prices = [each.locator(".price").inner_text() for each in strip.all()]
    assert sum("€" in price for price in prices) >= len(prices) - 1  # one product has none
    strip.nth(1).tap()
    expect(dialog.get_by_role("heading", level=2, name=names[1], exact=True)).to_be_focused()
    dialog.get_by_role("button", name="Back").tap()
    expect(dialog.get_by_role("heading", level=2)).to_have_text(first)
    expect(dialog.get_by_role("button", name="Back")).to_be_hidden()


def test_the_browser_s_back_closes_it_and_the_address_stays(page: Page, phone: Phone) -> None:
    page.goto("/#here")
    address = page.url
    dialog = open_first(phone)
    assert page.url == address
    page.go_back()
    expect(dialog).to_be_hidden()
    assert page.url == address
    expect(phone.results.first.get_by_role("button")).to_be_focused()
    phone.results.nth(1).get_by_role("button").tap()  # and again, for the history is as it was
    expect(dialog).to_be_visible()
    page.go_back()
    expect(dialog).to_be_hidden()
    assert page.url == address


def test_closing_leaves_nothing_in_the_history(page: Page, phone: Phone) -> None:
    for way in ("Escape", "Close", "backdrop"):
        page.goto("/?lang=en")
        dialog = open_first(phone)
        if way == "Escape":
            page.keyboard.press("Escape")
        elif way == "Close":
            dialog.get_by_role("button", name="Close").tap()
        else:
            page.touchscreen.tap(195, 8)
        expect(dialog).to_be_hidden()
        expect(phone.results.first.get_by_role("button")).to_be_focused()
        page.evaluate("new Promise(done => history.state?.sheet ? addEventListener('popstate', done) : done())")
        page.go_back()
        assert "lang=en" not in page.url, way  # the page before, not one more entry of this one


def test_a_tap_inside_does_not_close_it(page: Page, phone: Phone) -> None:
    dialog = open_first(phone)
    dialog.locator(".about").tap(position={"x": 5, "y": 5})
    dialog.locator(".pictures").tap()
    expect(dialog).to_be_visible()


def test_arrow_keys_go_from_result_to_result(page: Page, phone: Phone) -> None:
    things = [product(name) for name in ("one", "two", "three")]
    page.route(SIMILAR, lambda route: route.fulfill(json=answer(product("other"))))
    show(phone, *things)
    phone.results.nth(1).get_by_role("button").tap()
    heading = panel(page).get_by_role("heading", level=2)
    expect(heading).to_have_text("Two")
    for step, name in [("Right", "Three"), ("Right", "Three"), ("Left", "Two"), ("Left", "One"), ("Left", "One")]:
        page.keyboard.press(f"Arrow{step}")
        expect(heading).to_have_text(name)
    expect(panel(page).get_by_role("button", name="Previous result")).to_be_disabled()
    expect(panel(page)).to_contain_text("1 of 3")
    panel(page).get_by_role("button", name="Other").tap()
    expect(heading).to_have_text("Other")
    panel(page).get_by_role("button", name="Next result").tap()  # from the result that the trail began with
    expect(heading).to_have_text("Two")
    expect(panel(page).get_by_role("button", name="Back")).to_be_hidden()


def test_the_paper_s_shortcuts_are_off_meanwhile(page: Page, phone: Phone) -> None:
    dialog = open_first(phone)
    dialog.locator(".pictures").tap()
    for key in ("Control+z", "e"):
        page.keyboard.press(key)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(phone.results).not_to_have_count(0)
    expect(phone.button("Undo")).to_be_enabled()
    expect(phone.button("Eraser")).to_have_attribute("aria-pressed", "false")


def test_what_matched_is_coloured_on_the_lines_of_both_pictures(page: Page, phone: Phone) -> None:
    asked: list[Any] = []
    other = page.request.get("/products/sofa-1").json()["photo_url"]  # as if it were the second photo of each product

    def serve(route: Route) -> None:
        asked.append(route.request.post_data_json)
        route.fulfill(json=match(photo_url=other))

    page.route(MATCH, serve)
    dialog = open_first(phone)
    searched = phone.searches[-1].post_data_json
    toggle = dialog.get_by_role("button", name="What matched")
    toggle.tap()
    words = dialog.locator(".matched-words")
    expect(words).to_have_text("The coloured lines counted most, in your sketch and on the photo.")
    expect(toggle).to_have_attribute("aria-pressed", "true")
    assert asked == [searched]
    of_sketch = dialog.get_by_role("img", name="Your drawing beside the photo")
    of_photo = dialog.locator(".photo-lines")
    assert [colour_at(of_sketch, *place) for place in ((0.04, 0.03), (0.8, 0.6), (0.9, 0.1))] == ["strong", "faint", ""]
    assert [colour_at(of_photo, *place) for place in ((0.97, 0.97), (0.4, 0.4), (0.9, 0.1))] == ["strong", "faint", ""]
    assert colour_at(of_sketch, 0.25, 0.625) == colour_at(of_photo, 0.25, 0.8333) == "faint"
    expect(dialog.locator(".product-photo")).to_have_attribute("src", other)
    boxes = [dialog.locator(name).bounding_box() for name in (".product-photo", ".photo-lines")]
    assert boxes[0] == boxes[1]
    toggle.tap()
    expect(toggle).to_have_attribute("aria-pressed", "false")
    expect(of_photo).to_be_hidden()
    expect(words).to_be_hidden()


def test_it_tells_that_the_product_shows_its_other_side(page: Page, phone: Phone) -> None:
    page.route(MATCH, lambda route: route.fulfill(json=match(mirrored=True)))
    dialog = open_first(phone)
    dialog.get_by_role("button", name="What matched").tap()
    expect(dialog.locator(".matched-words")).to_contain_text("The product shows its other side.")


def test_a_network_that_tells_nothing_is_not_asked_again(page: Page, phone: Phone) -> None:
    body = match()
    for side in ("sketch", "photo"):
        body[side]["attention"] = None
    page.route(MATCH, lambda route: route.fulfill(json=body))
    dialog = open_first(phone)
    toggle = dialog.get_by_role("button", name="What matched")
    toggle.tap()
    expect(toggle).to_be_hidden()
    expect(dialog).to_contain_text("This shop cannot tell what matched.")
    expect(dialog.locator(".photo-lines")).to_be_hidden()


@pytest.mark.parametrize(("route", "status"), [(MATCH, 500), (SIMILAR, 503)])
def test_what_fails_can_be_tried_again(page: Page, phone: Phone, route: str, status: int) -> None:
    page.route(MATCH, lambda each: each.fulfill(json=match()))
    page.route(route, lambda each: each.fulfill(status=status, body="<h1>"), times=1)
    dialog = open_first(phone)
    if route == MATCH:
        dialog.get_by_role("button", name="What matched").tap()
    trouble = dialog.get_by_role("alert")
    expect(trouble).to_contain_text("This could not be loaded." if status == 500 else "Very busy right now.")
    trouble.get_by_role("button", name="Retry").tap()
    expect(trouble).to_be_hidden()
    expect(dialog.locator(".matched-words" if route == MATCH else ".strip-button").first).to_be_visible()


def test_a_lost_network_leaves_what_is_known(page: Page, phone: Phone) -> None:
    phone.draw_and_wait(BOOT[0])
    page.wait_for_function("""() => {
        const isPanel = ({name}) => name.endsWith("/js/products/product_panel.js");
        const fetched = performance.getEntriesByType("resource").find(isPanel);
        return fetched && import(fetched.name).then(() => true);  // that is, with all that it imports
    }""")
    title = phone.results.first.locator(".title").inner_text()
    page.context.set_offline(True)
    phone.results.first.get_by_role("button").tap()
    expect(panel(page).get_by_role("heading", level=2)).to_have_text(title)
    expect(panel(page).get_by_role("alert")).to_contain_text("No connection to the shop.")
    page.context.set_offline(False)
    panel(page).get_by_role("button", name="Retry").tap()
    expect(panel(page).locator(".strip-button").first).to_be_visible()


def test_a_product_that_is_gone_says_so(page: Page, phone: Phone) -> None:
    show(phone, product("vanished"))
    phone.results.first.get_by_role("button").tap()
    expect(panel(page).get_by_role("alert")).to_have_text("The shop no longer has this product.")
    expect(panel(page).get_by_role("heading", name="More like this")).to_be_hidden()


def test_the_shop_is_told_what_the_panel_shows(page: Page, phone: Phone) -> None:
    """What is newer than the search, but with the photo that was found."""
    news = product("a", price=49.9, link="https://shop.example/new", photo_url="/photos/first.webp")
    page.route("**/products/a?*", lambda route: route.fulfill(json=news))
    page.route(SIMILAR, lambda route: route.fulfill(json=answer()))
    page.route("**/js/embed/host_page.js", lambda route: route.fulfill(content_type="text/javascript", body=TELLTALE))
    page.reload()
    show(phone, product("a", photo_url="/photos/found.webp"))
    phone.results.first.get_by_role("button").tap()
    expect(panel(page).locator(".product-price")).to_have_text("€49.90")
    panel(page).get_by_role("link", name="Visit the shop").tap()
    told = page.evaluate("told")
    assert told["price"] == 49.9 and told["link"] == "https://shop.example/new"
    assert told["photo_url"] == "/photos/found.webp"


@pytest.mark.parametrize(
    ("product_id", "path"),
    [("shoes/no 1?&#ü", "products/shoes/no%201%3F%26%23%C3%BC"), ("more/similar", "products/more%2Fsimilar")],
)
def test_ids_may_hold_anything(page: Page, phone: Phone, product_id: str, path: str) -> None:
    paths: list[str] = []
    page.on("request", lambda request: paths.append(request.url.split(":", 2)[2].partition("/")[2]))
    show(phone, product(product_id))
    phone.results.first.get_by_role("button").tap()
    expect(panel(page).get_by_role("alert")).to_be_visible()
    assert {f"{path}?lang=en", f"{path}/similar?k=12&lang=en"} <= set(paths)


def test_only_the_web_is_linked_to_and_titles_are_text(page: Page, phone: Phone) -> None:
    for link in ("javascript:alert(1)", "data:text/html,x", "//evil.example", None):
        bad = product("bad", title="<img src=x onerror=alert(1)>", category="Shoes > Boots & <b", link=link)
        page.route(SIMILAR, partial(Route.fulfill, json=answer(bad)))
        page.route("**/products/bad?*", partial(Route.fulfill, json={**bad, "color": "<u>red</u>", "gender": None}))
        page.goto("/")
        show(phone, bad)
        phone.results.first.get_by_role("button").tap()
        expect(panel(page).get_by_role("heading", level=2)).to_have_text("<img src=x onerror=alert(1)>")
        expect(panel(page).locator(".product-facts")).to_have_text("Shoes › Boots & <b · <u>red</u>")
        expect(panel(page).locator(".strip-button")).to_have_count(1)
        expect(panel(page).get_by_role("link")).to_have_count(0)
        assert page.locator("[onerror], b, i, u").count() == 0, link


def test_it_fits_and_its_targets_are_large(page: Page, phone: Phone) -> None:
    for width, height in ((390, 844), (320, 568), (844, 390), (1440, 900)):
        page.set_viewport_size({"width": width, "height": height})
        dialog = open_first(phone)
        expect(dialog.locator(".strip-button").first).to_be_attached()
        dialog.evaluate("dialog => Promise.all(dialog.getAnimations().map(each => each.finished))")
        assert_fits(dialog, width, height)
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()


def test_the_panel_s_code_may_come_late(page: Page, phone: Phone) -> None:
    page.route("**/js/products/product_panel.js", lambda route: route.abort())
    page.reload()
    phone.draw_and_wait(BOOT[0])
    phone.results.first.get_by_role("button").tap()
    expect(phone.status).to_contain_text("This needs the network")
    page.unroute("**/js/products/product_panel.js")
    phone.results.first.get_by_role("button").tap()
    expect(panel(page)).to_be_visible()
