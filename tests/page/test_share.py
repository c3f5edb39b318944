"""A shared link shows others the same sketch and the same results, whatever they open it on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.page.conftest import Menu
from tests.page.support.phone import BOOT, Phone, is_search, sent
from tests.page.support.pointers import Pen

Link = Callable[[], str]
Stranger = Callable[[int, int], Phone]

LACE = [(0.50, 0.40), (0.59, 0.38)]


@pytest.fixture
def link(page: Page, phone: Phone) -> Link:
    """Presses Share; returns what is then in the clipboard."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    def share() -> str:
        page.evaluate("delete Navigator.prototype.share")
        phone.button("Share").tap()
        expect(phone.status).to_have_text("Link copied. Whoever opens it sees your sketch.")
        copied: str = page.evaluate("navigator.clipboard.readText()")
        return copied

    return share


@pytest.fixture
def stranger(browser: Browser, live_server: str) -> Iterator[Stranger]:
    """Somebody else's browser, of a size of its own."""
    contexts = []

    def open_page(width: int, height: int) -> Phone:
        viewport: Any = {"width": width, "height": height}
        contexts.append(browser.new_context(base_url=live_server, viewport=viewport, has_touch=True, locale="en-GB"))
        return Phone(contexts[-1].new_page())

    yield open_page
    for context in contexts:
        context.close()


def test_that_the_link_is_copied_is_said_beside_the_button(page: Page, phone: Phone, link: Link) -> None:
    phone.draw_and_wait(BOOT[0])
    link()
    bubble = page.locator(".note.shown", has_text="Link copied")
    expect(bubble).to_be_visible()
    said, button = bubble.bounding_box(), phone.button("Share").bounding_box()
    assert said and button
    assert 0 < button["y"] - said["y"] - said["height"] < 20 and said["x"] + said["width"] <= 390
    phone.draw_and_wait(BOOT[1])
    expect(bubble).to_be_hidden()


def test_a_link_brings_the_same_strokes_and_results(page: Page, phone: Phone, link: Link, stranger: Stranger) -> None:
    for stroke in BOOT:
        phone.draw_and_wait(stroke)
    response = phone.wait_for_search(lambda: Pen(page).draw(LACE))
    drawn, address = sent(response.request), link()
    assert len(address) < 2000
    same = stranger(390, 844)
    opened = same.wait_for_sketch(lambda: same.page.goto(address))
    assert sent(opened.request) == drawn
    assert opened.json()["results"] == response.json()["results"] and same.ids() == phone.ids()
    wide = stranger(1440, 900)
    opened = wide.wait_for_sketch(lambda: wide.page.goto(address))
    assert opened.json()["results"] == response.json()["results"]
    assert _moved_to_zero(sent(opened.request)) == _moved_to_zero(drawn)


def test_a_link_is_as_exact_on_a_paper_that_is_too_small_for_the_sketch(
    page: Page, phone: Phone, link: Link, stranger: Stranger
) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    drawn = sent(phone.draw_and_wait([(0.01, 0.02), (0.6, 0.5), (0.99, 0.98)]).request)
    small = stranger(320, 568)
    opened = sent(small.wait_for_sketch(lambda: small.page.goto(link())).request)
    assert _moved_to_zero(opened) == _moved_to_zero(drawn)
    assert all(0 <= x <= opened["width"] and 0 <= y <= opened["height"] for x, y, _ in opened["strokes"][0])


def test_the_link_stays_in_the_address_until_one_draws(phone: Phone, link: Link, stranger: Stranger) -> None:
    phone.draw_and_wait(BOOT[0])
    address = link()
    other = stranger(390, 844)
    other.wait_for_sketch(lambda: other.page.goto(address))
    assert other.page.url == address
    assert len(sent(other.wait_for_sketch(other.page.reload).request)["strokes"]) == 1
    assert other.page.url == address
    other.draw_and_wait(BOOT[1])
    assert other.page.url == address.partition("#")[0]
    assert len(sent(other.wait_for_sketch(other.page.reload).request)["strokes"]) == 2


def test_a_link_does_not_destroy_what_was_drawn_before(page: Page, phone: Phone, link: Link) -> None:
    shared = sent(phone.draw_and_wait(BOOT[0]).request)
    address = link()
    phone.button("Clear").tap()
    mine = sent(phone.draw_and_wait(BOOT[1]).request)
    page.goto("about:blank")
    phone.wait_for_sketch(lambda: page.goto(address), lambda sketch: sketch == shared)
    phone.button("More").tap()
    expect(page.get_by_role("button", name="Recent sketch")).to_have_count(2)
    page.keyboard.press("Escape")
    assert phone.press("Undo") == mine


def test_who_draws_before_a_link_is_read_gets_it_all_the_same(phone: Phone, link: Link, stranger: Stranger) -> None:
    shared = sent(phone.draw_and_wait(BOOT[0]).request)
    other = stranger(390, 844)
    late: list[Route] = []
    other.page.route("**/js/session/share_link.js", lambda route: late.append(route))
    other.page.goto(link())
    other.draw_and_wait(BOOT[1])
    other.wait_for_sketch(late[0].continue_, lambda sketch: sketch == shared)


def test_a_link_put_into_the_address_of_an_open_page_is_opened(page: Page, phone: Phone, link: Link) -> None:
    shared = sent(phone.draw_and_wait(BOOT[0]).request)
    address = link()
    phone.button("Clear").tap()
    assert sent(phone.wait_for_sketch(lambda: page.goto(address)).request) == shared


def test_a_sketch_from_the_menu_takes_the_place_of_a_link(page: Page, phone: Phone, link: Link, menu: Menu) -> None:
    phone.draw_and_wait(BOOT[0])
    address = link()
    page.goto("about:blank")
    phone.wait_for_sketch(lambda: page.goto(address))
    example = phone.wait_for_sketch(menu().locator(".example").first.tap)
    page.wait_for_function("!history.state?.sheet")
    assert page.url == address.partition("#")[0]
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert phone.press("Undo")["strokes"] != sent(example.request)["strokes"]
    assert phone.press("Redo") == sent(example.request)


def test_the_browser_s_back_closes_the_menu(page: Page, phone: Phone, menu: Menu) -> None:
    address = page.url
    dialog = menu()
    page.go_back()
    expect(dialog).to_be_hidden()
    assert page.url == address
    expect(phone.button("More")).to_be_focused()


def test_the_phone_s_own_sheet_is_used_where_there_is_one(page: Page, phone: Phone) -> None:
    page.evaluate("Object.defineProperty(navigator, 'share', {value: (data) => { window.shared = data; }})")
    phone.draw_and_wait(BOOT[0])
    phone.button("Share").tap()
    page.wait_for_function("() => window.shared !== undefined")
    shared = page.evaluate("window.shared")
    assert shared["url"].startswith(page.url) and "#s=1z" in shared["url"] and shared["title"]
    expect(phone.status).to_contain_text("closest of")


def test_without_a_clipboard_the_link_is_in_the_address_bar(page: Page, phone: Phone) -> None:
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined}); delete Navigator.prototype.share")
    drawn = sent(phone.draw_and_wait(BOOT[0]).request)
    phone.button("Share").tap()
    expect(phone.status).to_have_text("The link is in the address bar now: copy it from there.")
    assert "#s=1z" in page.url
    assert sent(phone.wait_for_sketch(page.reload).request) == drawn


def test_browsers_that_cannot_deflate_share_as_well(page: Page, phone: Phone, link: Link, stranger: Stranger) -> None:
    page.evaluate("delete window.CompressionStream")
    drawn = sent(phone.draw_and_wait(BOOT[0]).request)
    address = link()
    assert "#s=1r" in address
    other = stranger(390, 844)
    assert sent(other.wait_for_sketch(lambda: other.page.goto(address)).request) == drawn


def test_a_sketch_with_too_much_in_it_is_not_shared_as_a_link(page: Page, phone: Phone) -> None:
    noise = """() => {
        const canvas = document.querySelector("#sketch"), {left, top} = canvas.getBoundingClientRect();
        let seed = 1;
        const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
        const fire = (type) => canvas.dispatchEvent(new PointerEvent(type, {
            pointerId: 9, pointerType: "touch", clientX: left + 350 * random(), clientY: top + 380 * random()}));
        fire("pointerdown");
        for (let i = 0; i < 6000; i++) fire("pointermove");
        fire("pointerup");
    }"""
    phone.wait_for_search(lambda: page.evaluate(noise))
    phone.button("Share").tap()
    expect(phone.status).to_have_text("This sketch is too detailed for a link. Save it as a picture instead.")


def test_what_the_search_was_narrowed_down_to_goes_with_the_link(page: Page, phone: Phone, link: Link) -> None:
    phone.draw_and_wait(BOOT[0])
    with page.expect_request(lambda request: is_search(request) and "category=Shoes" in request.url):
        page.get_by_role("group", name="Category").get_by_role("button", name=re.compile("^Shoes")).tap()
    address = link()
    assert "category=Shoes" in address
    page.goto("about:blank")
    with page.expect_request(lambda request: is_search(request) and "category=Shoes" in request.url):
        page.goto(address)


def _moved_to_zero(sketch: dict[str, Any]) -> list[list[list[float]]]:
    """Return the strokes with their box in the corner, as the search moves them first."""
    left = min(x for stroke in sketch["strokes"] for x, _, _ in stroke)
    top = min(y for stroke in sketch["strokes"] for _, y, _ in stroke)
    return [[[x - left, y - top, pressure] for x, y, pressure in stroke] for stroke in sketch["strokes"]]
