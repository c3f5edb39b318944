"""Searching while drawing on slow, lost and busy networks, and what the results do meanwhile."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.page.support.phone import BOOT, Phone, is_search, sent

SEARCH = "**/search?*"

# counts the searches between fetch() and its answer or abort, in the page itself: events that arrive here may be late
COUNT_FLIGHTS = """(() => {
    const fetchIt = window.fetch;
    const flights = (window.flights = {now: 0, most: 0});
    window.fetch = async (path, options) => {
        if (!String(path).startsWith("/search")) return fetchIt(path, options);
        let isOver = false;
        const end = () => { if (!isOver) flights.now--; isOver = true; };
        options.signal.addEventListener("abort", end);
        flights.most = Math.max(flights.most, ++flights.now);
        try { return await fetchIt(path, options); } finally { end(); }
    };
})()"""

STILL = "Promise.all([...document.querySelectorAll('.card')].flatMap(c => c.getAnimations()).map(a => a.finished))"


def product(name: str, **more: Any) -> dict[str, Any]:
    """Return a result as POST /search gives it, less its rank."""
    shown = {"title": name.capitalize(), "category": "Shoes > Boots", "price": 59.9, "currency": "EUR"}
    links = {"link": f"https://shop.example/{name}", "photo_url": None, "thumbnail_url": None}
    return {"product_id": name, "distance": 1.0, **shown, **links, **more}


def answer(*products: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the body of an answer with these results."""
    ranked = [{**each, "rank": rank} for rank, each in enumerate(products, 1)]
    return {"results": ranked, "gallery": {"size": len(products), "revision": 1}, "timings_ms": {"total": 7.4}, **more}


def show(phone: Phone, *products: dict[str, Any], **more: Any) -> None:
    """Lets searches answer with these results, and draws something."""
    phone.page.unroute(SEARCH)
    phone.page.route(SEARCH, lambda route: route.fulfill(json=answer(*products, **more)))
    phone.draw_and_wait(BOOT[0])


def crowded(page: Page) -> int:
    return int(page.evaluate("flights.most"))


def test_a_long_stroke_has_one_request_in_flight_and_the_last_state_is_searched(page: Page, phone: Phone) -> None:
    page.add_init_script(COUNT_FLIGHTS)
    page.reload()
    phone.draw_and_wait(BOOT[0])
    before = len(phone.searches)
    phone.slow_down(300)
    phone.down((0.1, 0.5))
    for step in range(60):  # three seconds and more
        phone.move((0.1 + 0.8 * step / 60, 0.5 + 0.3 * (step % 10) / 10))
        page.wait_for_timeout(50)
    while_drawing = len(phone.searches) - before

    def finish() -> None:
        phone.move((0.95, 0.9))
        phone.up()

    phone.wait_for_search(finish)
    last = sent(phone.searches[-1])
    assert while_drawing >= 3 and crowded(page) == 1
    assert len(last["strokes"]) == 2
    assert last["strokes"][1][-1][:2] == pytest.approx([0.95 * last["width"], 0.9 * last["height"]], abs=2)
    phone.press("Undo")
    assert phone.press("Redo") == last


def test_quick_strokes_do_not_starve_the_results(page: Page, phone: Phone) -> None:
    """Whoever draws faster than the network answers sees results, and at the end those of the last state."""
    page.add_init_script(COUNT_FLIGHTS)
    page.reload()
    phone.draw_and_wait(BOOT[0])
    answered: list[int] = []

    def note(request: Request) -> None:
        if is_search(request):
            answered.append(len(sent(request)["strokes"]))

    page.on("requestfinished", note)
    phone.slow_down(300)
    for number in range(12):
        phone.draw([(0.2, 0.1 + 0.06 * number), (0.8, 0.1 + 0.06 * number)], steps=3)
        page.wait_for_timeout(100)
    in_between = len(answered)
    expect(page.locator(".found")).not_to_have_class(re.compile("searching"))
    last = sent(phone.searches[-1])
    assert len(last["strokes"]) == 13 and crowded(page) == 1
    assert in_between >= 1 and answered == sorted(answered) and answered[-1] == 13
    phone.press("Undo")
    assert phone.press("Redo") == last


def test_a_finger_that_rests_on_the_paper_is_searched_too(page: Page, phone: Phone) -> None:
    phone.draw_and_wait(BOOT[0])
    phone.slow_down(300)
    phone.down((0.2, 0.2))
    phone.move((0.5, 0.4))
    expect(page.locator(".searching")).to_be_visible()
    for place in ((0.6, 0.5), (0.7, 0.6), (0.8, 0.8)):
        phone.move(place)
    phone.wait_until_sent(lambda sketch: sketch["strokes"][-1][-1][0] > 0.78 * sketch["width"])
    phone.up()


def test_lifting_the_finger_aborts_the_search_for_half_a_stroke(page: Page, phone: Phone) -> None:
    phone.draw_and_wait(BOOT[0])
    failures: list[Request] = []
    page.on("requestfailed", lambda request: failures.append(request))
    passing: list[bool] = []  # taking the route away would let the first search go on
    page.route(SEARCH, lambda route: route.continue_() if passing else None)
    phone.down((0.2, 0.2))
    phone.move((0.5, 0.4))
    expect(page.locator(".searching")).to_be_visible()
    half = phone.searches[-1]
    for place in ((0.6, 0.5), (0.7, 0.6), (0.8, 0.8), (0.7, 0.9), (0.6, 0.9)):
        phone.move(place)
    assert phone.searches[-1] is half and not failures
    passing.append(True)
    with page.expect_event("requestfailed"):  # it may be told after the answer to the next
        whole = phone.wait_for_search(phone.up)
    assert failures == [half]
    assert sent(whole.request)["strokes"][1][: len(sent(half)["strokes"][1])] == sent(half)["strokes"][1]
    assert len(sent(whole.request)["strokes"][1]) == 7


def test_another_filter_aborts_what_would_be_wrong(page: Page, phone: Phone) -> None:
    categories = [{"category": name, "count": 3} for name in ("Bags", "Shoes")]
    facets = {"size": 6, "categories": categories, "colors": [], "prices": []}
    page.route("**/facets?*", lambda route: route.fulfill(json=facets))
    page.reload()
    phone.draw_and_wait(BOOT[0])
    phone.draw_and_wait(BOOT[1])
    failures: list[Request] = []
    page.on("requestfailed", lambda request: failures.append(request))
    page.route(SEARCH, lambda route: None)
    phone.button("Undo").tap()
    expect(page.locator(".searching")).to_be_visible()
    page.route(SEARCH, lambda route: route.fulfill(json=answer(product("tote"))))
    phone.button("Bags").tap()
    expect(phone.results).to_have_count(1)
    assert failures == [phone.searches[-2]] and "category=Bags" in phone.searches[-1].url


def test_a_busy_server_is_left_alone_as_long_as_it_asks(page: Page, phone: Phone) -> None:
    asked: list[float] = []
    busy: dict[str, Any] = {"status": 429, "headers": {"Retry-After": "3"}, "json": {"error": {"code": "busy"}}}

    def serve(route: Route) -> None:
        asked.append(time.monotonic())
        route.fulfill(**busy) if len(asked) == 1 else route.continue_()

    page.route(SEARCH, serve)
    phone.draw(BOOT[0])
    expect(phone.status).to_have_text("Very busy right now. These are the last results; trying again soon…")
    phone.draw(BOOT[1])  # a new stroke is no reason to ask before
    expect(phone.status).to_contain_text("closest of")
    assert len(asked) >= 2 and asked[1] - asked[0] >= 3
    assert len(sent(phone.searches[-1])["strokes"]) == 2


def test_a_date_may_say_when_to_come_back(page: Page, phone: Phone) -> None:
    """Retry-After may be a date; one that has passed is no reason to wait, nor is nonsense."""
    waits = page.evaluate(
        """async () => {
            const {ask} = await import("/static/js/platform/api_client.js");
            const later = new Date(Date.now() + 60_000).toUTCString();
            const values = [later, "Wed, 21 Oct 2015 07:28:00 GMT", "soon", "2", "-1"];
            const fetchIt = window.fetch;
            window.fetch = async () => new Response("<h1>", {status: 503, headers: {"Retry-After": values[0]}});
            const waits = [];
            for (; values.length; values.shift()) waits.push((await ask("/")).retryAfter);
            window.fetch = fetchIt;
            return waits;
        }"""
    )
    assert 50_000 < waits[0] <= 60_000 and waits[1:] == [0, 0, 2000, 0]


def test_a_slow_network_is_said(page: Page, phone: Phone) -> None:
    phone.draw_and_wait(BOOT[0])
    phone.draw_and_wait(BOOT[1])
    before = phone.ids()
    page.route(SEARCH, lambda route: None)
    phone.button("Undo").tap()
    expect(phone.status).to_have_text("The network is slow. These are the last results; trying again…")
    assert phone.ids() == before


def test_results_keep_their_elements(phone: Phone) -> None:
    things = [product(name) for name in "abcdef"]
    show(phone, *things)
    phone.results.evaluate_all("items => items.forEach(item => (item.isOld = true))")
    show(phone, things[5], product("new"), *things[1:5])
    expect(phone.results.nth(1)).to_have_attribute("data-product-id", "new")
    assert phone.results.evaluate_all("items => items.map(item => item.isOld === true)") == [
        True, False, True, True, True, True,
    ]  # fmt: skip


def test_a_product_that_changed_is_shown_as_it_is_now(phone: Phone) -> None:
    show(phone, product("a", price=59.9))
    expect(phone.results).to_contain_text("€59.90")
    show(phone, product("a", price=49.9))
    expect(phone.results).to_contain_text("€49.90")
    euros, francs = {"currency": "EUR", "min": 39.9, "max": 49.9}, {"currency": "CHF", "min": 1, "max": 2}
    show(phone, product("a", price=49.9, prices=[francs, euros]))
    expect(phone.results).to_contain_text("from €39.90")


@pytest.mark.parametrize("stays", [True, False])
def test_nothing_moves_under_a_finger_on_the_list(phone: Phone, stays: bool) -> None:
    page = phone.page
    things = [product(name) for name in "abcdefgh"]
    show(phone, *things)
    show(phone, *things)
    held: list[Route] = []
    page.route(SEARCH, lambda route: held.append(route))
    phone.button("Undo").tap()
    expect(page.locator(".searching")).to_be_visible()
    under = page.locator('#results [data-product-id="b"]')
    page.evaluate(STILL)
    before = under.bounding_box()
    phone.hold(under)
    rest = [*things[4:], *things[2:4], product("new")]
    held[0].fulfill(json=answer(*rest, *(things[1:2] if stays else [])))
    expect(page.locator('[data-product-id="new"]')).to_be_attached()
    page.evaluate(STILL)
    assert under.bounding_box() == before
    phone.up()
    if stays:
        expect(phone.results.last).to_have_attribute("data-product-id", "b")
    else:
        expect(under).to_have_count(0)


def test_a_tap_opens_the_product_it_began_on(phone: Phone) -> None:
    page = phone.page
    for _ in range(2):
        show(phone, *(product(name) for name in "abc"))
    held: list[Route] = []
    page.route(SEARCH, lambda route: held.append(route))
    phone.button("Undo").tap()
    expect(page.locator(".searching")).to_be_visible()
    page.locator('[data-product-id="b"]').hover()
    page.mouse.down()
    held[0].fulfill(json=answer(product("a"), product("new")))
    expect(page.locator('[data-product-id="new"]')).to_be_attached()
    page.mouse.up()
    panel = page.get_by_role("dialog", name="B", exact=True)
    expect(panel).to_be_visible()
    expect(panel.locator(".panel-place")).to_have_text("")
    for way in ("Previous", "Next"):
        expect(panel.get_by_role("button", name=f"{way} result")).to_be_disabled()


def test_thumbnails_that_were_lost_come_back_with_the_network(phone: Phone) -> None:
    shown = product("a", thumbnail_url="/static/icons/favicon.svg?a")
    phone.page.route("**/favicon.svg?a", lambda route: route.abort())
    show(phone, shown)
    expect(phone.results.locator(".missing")).to_have_count(1)
    phone.page.unroute("**/favicon.svg?a")
    show(phone, shown)
    expect(phone.results.locator(".thumbnail:not(.missing)")).to_have_js_property("naturalWidth", 150)


def test_motion_is_left_out_where_it_is_unwelcome(phone: Phone) -> None:
    phone.page.emulate_media(reduced_motion="reduce")
    things = [product(name) for name in "abcdef"]
    show(phone, *things)
    phone.page.evaluate("void (Element.prototype.animate = () => { throw new Error('it moves'); })")
    show(phone, *reversed(things))
    assert phone.ids() == list("fedcba")


def test_thumbnails_keep_their_place_and_come_in_order(phone: Phone) -> None:
    show(phone, *(product(name) for name in "abcdefgh"))
    images = phone.results.locator("img")
    assert images.count() > 4
    kept = "images => images.every(i => i.width && i.height && i.loading === 'lazy' && i.decoding === 'async')"
    assert images.evaluate_all(kept)
    first_row = "items => items.filter(item => item.offsetTop === items[0].offsetTop).length"
    columns = int(phone.results.evaluate_all(first_row))
    priorities = images.evaluate_all("images => images.map(image => image.fetchPriority)")
    assert priorities == ["high"] * columns + ["auto"] * (len(priorities) - columns)
    sizes = "items => new Set(items.map(item => item.offsetHeight)).size"
    assert phone.results.evaluate_all(sizes) == 1


def test_results_are_reached_and_opened_by_keyboard(phone: Phone) -> None:
    show(phone, *(product(name) for name in "abcdefgh"))
    press = phone.page.keyboard.press
    focused = "document.activeElement.closest('[data-product-id]')?.dataset.productId"
    phone.results.first.get_by_role("button").focus()
    for key, name in [
        ("ArrowRight", "b"), ("ArrowDown", "e"), ("ArrowLeft", "d"), ("ArrowUp", "a"), ("ArrowUp", "a"), ("End", "h"),
        ("ArrowRight", "h"), ("Home", "a"), ("Tab", "b"),
    ]:  # fmt: skip
        press(key)
        assert phone.page.evaluate(focused) == name
    press("Enter")
    expect(phone.page.get_by_role("dialog", name="B", exact=True)).to_be_visible()


def test_the_focus_stays_on_its_product_while_results_move(phone: Phone) -> None:
    things = [product(name) for name in "abcdef"]
    show(phone, *things)
    phone.results.nth(2).get_by_role("button").focus()
    show(phone, *reversed(things))
    assert phone.ids() == list("fedcba")
    assert phone.page.evaluate("document.activeElement.closest('[data-product-id]').dataset.productId") == "c"


def test_results_are_read_out_once_the_drawing_rests(phone: Phone) -> None:
    page = phone.page
    spoken = page.locator(".spoken")
    page.evaluate(
        """() => {
            window.said = [];
            const region = document.querySelector(".spoken");
            new MutationObserver(() => said.push(region.textContent)).observe(region, {childList: true});
        }"""
    )
    show(phone, product("red boot"), product("clog"))
    phone.draw([(0.2, 0.2), (0.4, 0.4)])
    phone.page.unroute(SEARCH)
    page.route(SEARCH, lambda route: route.fulfill(json=answer(product("clog"))))
    phone.draw([(0.3, 0.2), (0.5, 0.4)])
    expect(spoken).to_have_text("1 closest of 1 First: Clog")
    assert page.evaluate("said.length") <= 2  # after the strokes, not at each of them
    expect(spoken).to_have_attribute("aria-live", "polite")
    expect(phone.status).to_have_attribute("aria-live", "off")


def test_too_little_ink_gets_a_hint_and_more_takes_it_away(phone: Phone) -> None:
    note = phone.page.locator(".note")
    phone.draw_and_wait([(0.2, 0.2), (0.8, 0.8)])
    expect(note).to_have_text("A few more lines will find better")
    expect(note).to_be_visible()
    for stroke in BOOT:
        phone.draw_and_wait(stroke)
    expect(note).to_be_hidden()


def test_a_scribble_gets_a_hint(phone: Phone) -> None:
    for stroke in BOOT[1:]:
        phone.draw_and_wait(stroke)
    show(phone, product("a"), confident=False)
    expect(phone.page.locator(".note")).to_contain_text("Nothing here looks much like this yet.")
    show(phone, product("a"), confident=True)
    expect(phone.page.locator(".note")).to_be_hidden()


def test_an_empty_gallery_says_so(phone: Phone) -> None:
    show(phone)
    expect(phone.page.locator(".nothing")).to_contain_text("There are no products here yet.")
    expect(phone.button("Search everything")).to_be_hidden()


def test_debug_tells_where_the_time_went(page: Page, phone: Phone) -> None:
    page.goto("/?debug")
    phone.draw_and_wait(BOOT[0])
    readout = page.locator(".debug")
    words = r"^\d+ ms to results · server .*embed \d+.* total \d+ ms · \d+ B up, \d+ B down$"
    expect(readout).to_have_text(re.compile(words))


def test_without_debug_there_is_no_readout(page: Page, phone: Phone) -> None:
    phone.draw_and_wait(BOOT[0])
    expect(page.locator(".debug")).to_have_count(0)
