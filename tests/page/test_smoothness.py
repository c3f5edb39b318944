"""Drawing is never held up, however much is on the paper."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.conftest import serving
from tests.page.support.frame_trace import LONG, main_thread_tasks
from tests.page.support.phone import PHONE, Phone, sent
from tests.page.test_search import COUNT_FLIGHTS


def test_100_strokes_and_a_stroke_of_3000_points_never_hold_the_page_up(page: Page, phone: Phone) -> None:
    page.wait_for_load_state("networkidle")
    with main_thread_tasks(page) as tasks:
        points = phone.wait_for_search(lambda: page.evaluate(_SCRIBBLE))
    strokes = sent(points.request)["strokes"]
    assert len(strokes) == 101 and len(strokes[-1]) > 2900
    assert len(tasks) > 200 and max(tasks) < LONG


def test_20_seconds_of_drawing_before_a_slow_server_lose_nothing(browser: Browser, tiny_gallery: Path) -> None:
    """Every answer takes 300 ms; strokes of two seconds each, without a pause."""
    with serving(tiny_gallery, within=_slowed) as url:
        context = browser.new_context(base_url=url, locale="en-GB", service_workers="block", **PHONE)
        page = context.new_page()
        page.add_init_script(COUNT_FLIGHTS)
        page.goto("/")
        phone = Phone(page)
        page.wait_for_load_state("networkidle")
        with main_thread_tasks(page) as tasks:
            drawn = page.evaluate(_TEN_STROKES)
        expect(page.locator(".found")).not_to_have_class(re.compile("searching"))
        last = sent(phone.searches[-1])
        assert page.evaluate("flights.most") == 1
        assert len(phone.searches) > 10  # not one search for all of it
        assert [[point[:2] for point in stroke] for stroke in last["strokes"]] == drawn
        assert len(drawn) == 10 and sum(map(len, drawn)) > 500  # three a frame, of which a busy machine shows few
        assert len(tasks) > 500 and max(tasks) < LONG
        expect(phone.results.first).to_be_visible()
        context.close()


def _slowed(app: ASGIApp) -> ASGIApp:
    """Whatever is searched takes 300 ms more."""

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path") == "/search":
            await asyncio.sleep(0.3)
        await app(scope, receive, send)

    return slow


# in the page, since 3,700 events from outside would take minutes: six points a frame, as 360 Hz digitisers deliver them
_SCRIBBLE = """async () => {
    const canvas = document.querySelector("#sketch");
    const {left, top} = canvas.getBoundingClientRect();
    const event = (type, [x, y], more) => new PointerEvent(
        type, {pointerId: 9, pointerType: "touch", bubbles: true, clientX: left + x, clientY: top + y, ...more});
    const fire = (type, point, coalescedEvents = []) => canvas.dispatchEvent(event(type, point, {coalescedEvents}));
    const frame = () => new Promise(requestAnimationFrame);
    for (let i = 0; i < 100; i++) {
        const [x, y] = [20 + 33 * (i % 10), 20 + 33 * Math.floor(i / 10)];
        fire("pointerdown", [x, y]);
        for (let k = 1; k < 8; k++) fire("pointermove", [x + 3 * k, y + 9 * Math.sin(k)]);
        await frame();
        fire("pointerup", [x + 24, y]);
    }
    const wide = (i) => 90 + 60 * Math.sin(i / 200);
    const at = (i) => [180 + wide(i) * Math.cos(i / 23), 190 + wide(i) * Math.sin(i / 19)];
    fire("pointerdown", at(0));
    for (let i = 1; i < 3000; i += 6) {
        fire("pointermove", at(i + 5), Array.from({length: 6}, (_, k) => event("pointermove", at(i + k))));
        await frame();
    }
    fire("pointerup", at(3000));
}"""


# whole pixels, far enough from one another for each to be kept; three a frame, as 180 Hz digitisers deliver them
_TEN_STROKES = """async () => {
    const canvas = document.querySelector("#sketch");
    const {left, top} = canvas.getBoundingClientRect();
    const fire = (type, [x, y], coalesced = []) => canvas.dispatchEvent(new PointerEvent(type, {
        pointerId: 9, pointerType: "touch", bubbles: true, clientX: left + x, clientY: top + y,
        coalescedEvents: coalesced.map(([x, y]) => new PointerEvent(type, {clientX: left + x, clientY: top + y}))}));
    const frame = () => new Promise(requestAnimationFrame);
    const drawn = [];
    for (let s = 0; s < 10; s++) {
        let i = 0;
        const at = () => {
            const [x, y] = [180 + (60 + 9 * s) * Math.cos(++i / 11), 180 + 90 * Math.sin(i / 7 + s)];
            return [Math.round(x), Math.round(y)];
        };
        const stroke = [at()], end = performance.now() + 2000;
        fire("pointerdown", stroke[0]);
        while (performance.now() < end) {
            const points = [at(), at(), at()];
            stroke.push(...points);
            fire("pointermove", points[2], points);
            await frame();
        }
        fire("pointerup", stroke.at(-1));
        drawn.push(stroke);
    }
    return drawn;
}"""
