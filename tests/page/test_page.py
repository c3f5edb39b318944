"""A shopper draws on the page, in real Chromium against a real server."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Request, expect

from tests.page.support.phone import BOOT, Phone, sent

SEARCH = "**/search?*"


def test_every_stroke_brings_results(phone: Phone) -> None:
    expect(phone.results).to_have_count(0)
    for number, stroke in enumerate(BOOT, start=1):
        response = phone.draw_and_wait(stroke)
        assert response.status == 200
        assert len(sent(response.request)["strokes"]) == number
    found = response.json()["results"]
    assert phone.ids() == [result["product_id"] for result in found] and found
    ranks = [item.get_attribute("data-rank") for item in phone.results.all()]
    assert ranks == [str(result["rank"]) for result in found]
    expect(phone.status).to_have_text(f"{len(found)} closest of {response.json()['gallery']['size']}")


def test_a_long_stroke_is_searched_before_the_finger_lifts(phone: Phone) -> None:
    phone.down((0.2, 0.2))
    for step in range(12):
        phone.move((0.2 + 0.04 * step, 0.2 + 0.03 * step))
        phone.page.wait_for_timeout(60)
    expect(phone.results.first).to_be_visible()
    phone.up()


def test_undo_redo_and_clear_search_what_is_left(phone: Phone) -> None:
    for name in ("Undo", "Redo", "Clear"):
        expect(phone.button(name)).to_be_disabled()
    phone.draw_and_wait(BOOT[0])
    two = sent(phone.draw_and_wait(BOOT[1]).request)
    assert phone.press("Undo")["strokes"] == two["strokes"][:1]
    assert phone.press("Redo") == two
    phone.button("Clear").tap()
    expect(phone.results).to_have_count(0)
    expect(phone.button("Clear")).to_be_disabled()
    assert phone.press("Undo") == two
    expect(phone.results.first).to_be_visible()


def test_keyboard_shortcuts_undo_and_redo(phone: Phone) -> None:
    one = sent(phone.draw_and_wait(BOOT[0]).request)
    two = sent(phone.draw_and_wait(BOOT[1]).request)
    press = phone.page.keyboard.press
    assert sent(phone.wait_for_search(lambda: press("Control+z")).request) == one
    assert sent(phone.wait_for_search(lambda: press("Control+Shift+z")).request) == two
    press("Control+z")
    assert sent(phone.wait_for_search(lambda: press("Control+y")).request) == two


def test_the_eraser_removes_the_stroke_it_crosses(phone: Phone) -> None:
    phone.draw_and_wait(BOOT[0])
    two = sent(phone.draw_and_wait(BOOT[1]).request)
    phone.button("Eraser").tap()
    expect(phone.button("Eraser")).to_have_attribute("aria-pressed", "true")
    after = sent(phone.draw_and_wait([(0.25, 0.40), (0.45, 0.42)]).request)
    assert after["strokes"] == two["strokes"][1:]
    assert phone.press("Undo") == two


def test_an_outdated_request_is_aborted(phone: Phone) -> None:
    failures: list[Request] = []
    phone.page.on("requestfailed", lambda request: failures.append(request))
    phone.page.route(SEARCH, lambda route: None, times=1)  # the first request is never answered
    phone.draw([(0.3, 0.3), (0.32, 0.32)])
    expect(phone.page.locator(".searching")).to_be_visible()
    with phone.page.expect_event("requestfailed"):  # it may be told after the answer to the next
        phone.draw_and_wait(BOOT[1])
    # on a slow machine half of the second stroke is searched too, and aborted when it is finished
    assert phone.searches[0] in failures and phone.searches[-1] not in failures
    assert {request.failure for request in failures} == {"net::ERR_ABORTED"}
    expect(phone.results.first).to_be_visible()


def test_errors_are_said_in_plain_words_and_results_stay(phone: Phone) -> None:
    phone.draw_and_wait(BOOT[0])
    before = phone.ids()
    body = {"error": {"code": "internal", "message": "KeyError: 3", "detail": None}}
    phone.page.route(SEARCH, lambda route: route.fulfill(status=500, json=body))
    phone.draw(BOOT[1])
    expect(phone.status).to_have_text("Something went wrong on our side. Your next stroke tries again.")
    assert phone.ids() == before
    body["error"] |= {"code": "something_new", "message": "`X-NEW` is missing"}
    phone.page.route(SEARCH, lambda route: route.fulfill(status=418, json=body))
    phone.draw(BOOT[2])
    expect(phone.status).to_have_text("The shop answered with error 418.")  # messages are for developers


def test_a_dot_is_waited_out(phone: Phone) -> None:
    phone.page.locator("#sketch").tap()
    expect(phone.status).to_have_text("Keep going, a little more is needed")
    assert phone.draw_and_wait(BOOT[0]).status == 200
    expect(phone.results.first).to_be_visible()


def test_a_lost_network_is_said_and_mended_without_a_touch(phone: Phone) -> None:
    phone.draw_and_wait(BOOT[0])
    before = phone.ids()
    phone.page.context.set_offline(True)
    phone.draw(BOOT[1])
    expect(phone.status).to_contain_text("Your sketch is safe; trying again")
    assert phone.ids() == before
    phone.page.context.set_offline(False)
    expect(phone.status).to_contain_text("closest of")
    assert len(sent(phone.searches[-1])["strokes"]) == 2


def test_a_busy_server_is_asked_again(phone: Phone) -> None:
    busy: dict[str, Any] = {"status": 503, "headers": {"Retry-After": "3"}, "body": "<h1>Busy</h1>"}
    phone.page.route(SEARCH, lambda route: route.fulfill(**busy), times=1)
    phone.draw(BOOT[0])
    expect(phone.status).to_have_text("The shop is not answering. Trying again…")
    expect(phone.results.first).to_be_visible()


def test_an_example_starts_a_sketch(phone: Phone) -> None:
    response = phone.wait_for_search(phone.button("Stool").tap)
    assert response.status == 200 and len(sent(response.request)["strokes"]) > 4
    expect(phone.results.first).to_be_visible()
    phone.button("Undo").tap()
    expect(phone.results).to_have_count(0)


def test_a_feed_cannot_put_code_on_the_page(phone: Phone) -> None:
    result = {
        "product_id": "1", "rank": 1, "title": "<b>Boot</b>", "price": 59.9, "currency": "EUR",
        "link": "javascript:alert(1)", "thumbnail_url": "/photos/none.webp",
    }  # fmt: skip
    phone.page.route(SEARCH, lambda route: route.fulfill(json={"results": [result], "gallery": {"size": 1}}))
    phone.draw_and_wait(BOOT[0])
    expect(phone.results).to_have_text("<b>Boot</b>€59.90")
    expect(phone.results.get_by_role("link")).to_have_count(0)
