"""What the page looks like on phones and desktops, upright and turned."""

from __future__ import annotations

from itertools import pairwise

import pytest
from playwright.sync_api import Browser, expect

from tests.page.support.phone import BOOT, Phone, Sketch, sent


def test_turning_the_phone_keeps_the_sketch(phone: Phone) -> None:
    upright = sent(phone.draw_and_wait([(0.1, 0.02), (0.9, 0.98)]).request)
    phone.page.set_viewport_size({"width": 844, "height": 390})
    turned = sent(phone.draw_and_wait([(0.4, 0.4), (0.6, 0.5)]).request)
    assert (turned["width"], turned["height"]) != (upright["width"], upright["height"])
    assert len(turned["strokes"]) == 2
    for x, y, _ in turned["strokes"][0]:
        assert 0 <= x <= turned["width"] and 0 <= y <= turned["height"]
    phone.page.set_viewport_size({"width": 390, "height": 844})
    assert phone.press("Undo") == upright


def test_the_paper_folds_to_a_strip_for_the_results(phone: Phone) -> None:
    drawn = sent(phone.draw_and_wait([(0.2, 0.05), (0.8, 0.95)]).request)
    paper, results = phone.page.locator(".paper"), phone.page.locator(".scroll")
    before = results.bounding_box()
    phone.button("Enlarge the results").tap()
    expect(phone.button("Undo")).to_be_hidden()
    after = results.bounding_box()
    assert before and after and after["height"] > before["height"] + 300
    phone.page.wait_for_timeout(100)  # the canvas follows its new size in the next frame
    folded = sent(phone.wait_for_search(lambda: phone.page.get_by_role("combobox").select_option("price_asc")).request)
    assert steps_of(folded) == steps_of(drawn)  # the strip shows the sketch smaller, and searches the same
    paper.tap()
    expect(phone.button("Undo")).to_be_visible()
    assert len(sent(phone.draw_and_wait([(0.1, 0.5), (0.9, 0.5)]).request)["strokes"]) == 2


def steps_of(sketch: Sketch) -> list[tuple[float, float]]:
    """Return the steps from point to point of a sketch's first stroke."""
    return [(x - left, y - top) for (left, top, _), (x, y, _) in pairwise(sketch["strokes"][0])]


@pytest.mark.parametrize("density", [3])
def test_the_canvas_is_sharp_and_inked(phone: Phone, density: int) -> None:
    phone.draw_and_wait(BOOT[0])
    sharpness = "canvas => canvas.width / canvas.getBoundingClientRect().width"
    assert phone.page.locator("#sketch").evaluate(sharpness) == pytest.approx(density, abs=0.01)
    ink = """canvas => {
        const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return data.reduce((dark, value, i) => dark + (i % 4 === 0 && value < 60), 0);
    }"""
    drawn = phone.page.locator("#sketch").evaluate(ink)
    assert drawn > 1000
    phone.page.set_viewport_size({"width": 390, "height": 800})
    assert phone.page.locator("#sketch").evaluate(ink) == pytest.approx(drawn, rel=0.1)


def test_nothing_overflows_and_targets_are_large(phone: Phone) -> None:
    for width, height in ((390, 844), (320, 568), (844, 390), (568, 320), (1280, 800)):
        phone.page.set_viewport_size({"width": width, "height": height})
        phone.draw_and_wait(BOOT[0])
        assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        assert phone.page.evaluate("document.documentElement.scrollHeight <= innerHeight"), width
        buttons = [button for button in phone.page.get_by_role("button").all() if button.is_visible()]
        assert len(buttons) >= 4, width
        for button in buttons:
            box = button.bounding_box()
            assert box and min(box["width"], box["height"]) >= 44, (width, button)
        canvas = phone.page.locator("#sketch").bounding_box()
        assert canvas and min(canvas["width"], canvas["height"]) >= 280, width


def test_examples_lie_in_rows_however_long_their_names(phone: Phone) -> None:
    for language in ("en", "de", "es", "fr", "zh"):
        phone.page.goto(f"/?lang={language}")
        tops = "pictures => pictures.map((picture) => picture.getBoundingClientRect().top)"
        rows = phone.page.locator(".start .example svg").evaluate_all(tops)
        assert [len(set(rows[start : start + 3])) for start in range(0, len(rows), 3)] == [1, 1, 1], language


def test_the_paper_stays_white_in_the_dark(browser: Browser, live_server: str) -> None:
    context = browser.new_context(base_url=live_server, color_scheme="dark")
    page = context.new_page()
    page.goto("/")
    colour = "element => getComputedStyle(element).backgroundColor"
    assert page.locator(".paper").evaluate(colour) == "rgb(255, 255, 255)"
    assert page.locator("body").evaluate(colour) != "rgb(255, 255, 255)"
    context.close()
