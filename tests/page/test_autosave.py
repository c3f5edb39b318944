"""A sketch is never lost: it outlives reloads and closed tabs, and stays among the recent ones."""

from __future__ import annotations

import io
import json
import math

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.page.conftest import Menu
from tests.page.support.phone import BOOT, Phone, sent

KEPT, RECENT = "sketchfind.sketch", "sketchfind.recent"

_TOO_LONG = """() => {
    const line = document.querySelector(".status");
    const paper = document.querySelector(".paper").getBoundingClientRect().top;
    const {keeping, trouble, drawing} = JSON.parse(document.querySelector("meta[name=messages]").content);
    return [...Object.values({...keeping, ...trouble}), drawing.pen_only].filter((words) => {
        line.textContent = words;
        const {top, bottom} = line.getBoundingClientRect();
        return top < -4 || bottom > paper + 4;
    });
}"""


def test_the_sketch_and_its_undo_steps_survive_a_reload(page: Page, phone: Phone) -> None:
    phone.draw_and_wait(BOOT[0])
    two = sent(phone.draw_and_wait(BOOT[1]).request)
    phone.button("Undo").tap()
    again = phone.wait_for_search(page.reload)  # at once: nothing has been written by the clock yet
    assert sent(again.request)["strokes"] == two["strokes"][:1]
    assert phone.press("Redo") == two
    phone.button("Clear").tap()
    page.reload()
    assert phone.press("Undo") == two
    expect(phone.results.first).to_be_visible()


def test_the_sketch_survives_the_closing_of_its_tab(page: Page, phone: Phone) -> None:
    drawn = sent(phone.draw_and_wait(BOOT[0]).request)
    page.close(run_before_unload=False)
    other = Phone(page.context.new_page())
    assert sent(other.wait_for_search(lambda: other.page.goto("/")).request) == drawn


def test_a_stroke_that_is_not_finished_survives_when_the_page_goes_to_the_background(page: Page, phone: Phone) -> None:
    phone.down((0.2, 0.2))
    phone.move((0.4, 0.5))
    phone.move((0.6, 0.5))
    page.evaluate("""() => {
        Object.defineProperty(document, "hidden", {value: true});
        document.dispatchEvent(new Event("visibilitychange"));
    }""")
    kept = page.evaluate(f"JSON.parse(localStorage.getItem('{KEPT}'))")
    assert kept["steps"][kept["now"]] == [0]
    phone.up()
    assert len(sent(phone.wait_for_search(page.reload).request)["strokes"]) == 1


def test_what_something_else_has_written_is_ignored(page: Page, phone: Phone) -> None:
    for foreign in (
        "", "nonsense", "null", "[]", '{"strokes": "AQ", "steps": [[0]], "now": 0}', '{"steps": [], "now": 0}',
        '{"strokes": "AA", "steps": [[]], "now": 5}', '{"strokes": "AA", "steps": [[0]], "now": 0}',
        '{"strokes": "AA", "steps": [[]], "now": "0"}', '{"strokes": "!", "steps": "at", "now": -1}',
    ):  # fmt: skip
        page.goto("/healthz")  # the page itself would write over it when it is left
        page.evaluate(f"text => ['{KEPT}', '{RECENT}'].forEach(key => localStorage.setItem(key, text))", foreign)
        page.goto("/")
        assert len(sent(phone.draw_and_wait(BOOT[0]).request)["strokes"]) == 1, foreign
        phone.button("Clear").tap()
        assert len(json.loads(page.evaluate(f"localStorage.getItem('{RECENT}')"))) == 1, foreign


@pytest.mark.parametrize(
    "broken",
    [
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('', 'SecurityError'); }})",
        "Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); }",
    ],
)
def test_the_page_works_where_nothing_can_be_kept(page: Page, phone: Phone, broken: str) -> None:
    page.add_init_script(broken)
    page.reload()
    phone.draw_and_wait(BOOT[0])
    phone.button("Clear").tap()
    assert len(phone.press("Undo")["strokes"]) == 1


def test_recent_sketches_come_back_with_a_tap(page: Page, phone: Phone, menu: Menu) -> None:
    expect(menu().get_by_text("Recent sketches")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(phone.button("More")).to_be_focused()
    first = sent(phone.draw_and_wait(BOOT[0]).request)
    phone.button("Clear").tap()
    phone.draw_and_wait(BOOT[3])
    phone.wait_for_search(menu().get_by_role("button", name="Stool", exact=True).tap)  # in the place of what was drawn
    recent = menu().get_by_role("button", name="Recent sketch")
    expect(recent).to_have_count(2)
    expect(recent.first.locator("path")).to_have_count(1)
    assert sent(phone.wait_for_search(recent.last.tap).request) == first
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.reload()
    dialog = menu()
    expect(recent).to_have_count(3)
    dialog.get_by_role("button", name="Forget them all").tap()
    expect(recent).to_have_count(0)
    page.mouse.click(195, 20)  # beside the sheet
    expect(dialog).to_be_hidden()
    assert page.evaluate(f"localStorage.getItem('{RECENT}')") == "[]"


def test_a_recent_sketch_shows_what_was_drawn(page: Page, phone: Phone, menu: Menu) -> None:
    paper = page.locator("#sketch").bounding_box()
    assert paper is not None
    turns = [2 * math.pi * step / 24 for step in range(25)]
    across, down = 100 / paper["width"], 100 / paper["height"]
    circle = [(0.5 + across * math.cos(turn), 0.5 + down * math.sin(turn)) for turn in turns]
    phone.wait_for_search(lambda: phone.draw(circle, steps=1))
    phone.button("Clear").tap()
    ink = _ink(menu().get_by_role("button", name="Recent sketch").locator("svg"))
    middle = len(ink) / 2
    rows, columns = np.nonzero(ink)
    distances = np.hypot(rows + 0.5 - middle, columns + 0.5 - middle)
    assert distances.min() > 0.3 * len(ink) and np.ptp(distances) < 4  # px
    angles = np.degrees(np.arctan2(rows + 0.5 - middle, columns + 0.5 - middle))
    assert np.histogram(angles, bins=36, range=(-180, 180))[0].min() > 0  # all the way round


def test_only_twelve_sketches_stay_recent(page: Page, phone: Phone, menu: Menu) -> None:
    for number in range(14):
        phone.draw([(0.1, 0.1 + 0.05 * number), (0.6, 0.4)], steps=2)
        page.keyboard.press("Delete")
    expect(menu().get_by_role("button", name="Recent sketch")).to_have_count(12)


def test_a_sketch_that_another_tab_writes_over_stays_recent(page: Page, phone: Phone, menu: Menu) -> None:
    other = Phone(page.context.new_page())
    other.page.goto("/")
    other.draw_and_wait(BOOT[1])
    _wait_for(other.page, KEPT)
    page.bring_to_front()  # a page behind another draws no frames
    phone.draw_and_wait(BOOT[0])
    _wait_for(page, RECENT)
    expect(menu().get_by_role("button", name="Recent sketch")).to_have_count(1)


def test_without_network_the_page_says_what_needs_it(page: Page, phone: Phone) -> None:
    page.context.set_offline(True)
    phone.button("More").tap()
    expect(phone.status).to_have_text("This needs the network, which cannot be reached. Your sketch is safe.")
    page.context.set_offline(False)
    phone.button("More").tap()
    expect(page.get_by_role("dialog", name="More")).to_be_visible()


def _ink(picture: Locator) -> NDArray[np.bool_]:
    """Return the square picture's pixels that differ from its ground: (side, side) bool."""
    pixels = np.asarray(Image.open(io.BytesIO(picture.screenshot())).convert("L"), np.int16)
    side = min(pixels.shape)
    return np.asarray(abs(pixels - np.median(pixels)) > 60)[:side, :side]


def _wait_for(page: Page, key: str) -> None:
    """Wait until something is stored under a key."""
    page.wait_for_function("key => localStorage.getItem(key) !== null", arg=key)


def test_every_sentence_fits_over_the_paper(page: Page) -> None:
    """What the status line says never pushes the paper down, where a stroke would then go astray."""
    for language in ("en", "de", "fr", "es", "zh"):
        page.goto(f"/?lang={language}")
        for width in (320, 390):
            page.set_viewport_size({"width": width, "height": 700})
            assert page.evaluate(_TOO_LONG) == [], (language, width)
            assert page.locator(".paper").evaluate("paper => paper.getBoundingClientRect().top") == 52
