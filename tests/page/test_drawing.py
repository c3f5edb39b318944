"""Fingers, pens, mice and keys on the paper, and the ink that comes of them."""

from __future__ import annotations

import math
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.page.support.axe import assert_accessible
from tests.page.support.phone import BOOT, Phone, sent
from tests.page.support.pointers import Pen, dispatch, picture

# 700 points: a stroke of three pieces
SPIRAL = [(0.5 + 0.0006 * i * math.cos(i / 9), 0.5 + 0.0006 * i * math.sin(i / 9)) for i in range(30, 730)]


def test_a_second_finger_neither_draws_nor_breaks_the_stroke(phone: Phone) -> None:
    phone.down((0.2, 0.2))
    phone.move((0.3, 0.3))
    phone.two("touchStart", (0.3, 0.3), (0.8, 0.8))
    for step in range(1, 5):
        phone.two("touchMove", (0.3 + 0.05 * step, 0.3), (0.8, 0.8 - 0.1 * step))
    strokes = sent(phone.wait_for_search(phone.up).request)["strokes"]
    assert len(strokes) == 1
    box = phone.page.locator("#sketch").bounding_box()
    assert box and max(x for x, _, _ in strokes[0]) < 0.55 * box["width"]
    assert max(y for _, y, _ in strokes[0]) < 0.35 * box["height"]
    assert phone.page.evaluate("[visualViewport.scale, scrollX, scrollY, String(getSelection())]") == [1, 0, 0, ""]
    assert len(sent(phone.draw_and_wait(BOOT[1]).request)["strokes"]) == 2


def test_a_pen_turns_fingers_off_and_a_button_turns_them_on_again(page: Page, phone: Phone) -> None:
    expect(phone.button("Draw with finger")).to_be_hidden()
    phone.draw_and_wait(BOOT[0])
    phone.wait_for_search(lambda: Pen(page).draw(BOOT[1]))
    expect(phone.button("Draw with finger")).to_have_attribute("aria-pressed", "false")
    expect(phone.status).to_contain_text("Only the pen draws now")
    phone.draw(BOOT[2])
    assert len(sent(phone.wait_for_search(lambda: Pen(page).draw(BOOT[3])).request)["strokes"]) == 3
    page.reload()
    phone.draw(BOOT[2])
    phone.button("Draw with finger").tap()
    expect(phone.button("Draw with finger")).to_have_attribute("aria-pressed", "true")
    assert len(sent(phone.draw_and_wait(BOOT[4]).request)["strokes"]) == 4


def test_a_palm_that_comes_before_the_pen_leaves_nothing(page: Page, phone: Phone) -> None:
    blank = picture(page)
    phone.down((0.9, 0.9))
    phone.move((0.85, 0.92))
    assert picture(page) != blank
    stroke = sent(phone.wait_for_search(lambda: dispatch(page, BOOT[0], {"pointerType": "pen"})).request)["strokes"]
    phone.up()
    assert len(stroke) == 1 and len(stroke[0]) == len(BOOT[0])
    phone.button("Undo").tap()
    assert picture(page) == blank


def test_a_pen_s_pressure_is_kept_and_shown(page: Page, phone: Phone) -> None:
    light = sent(phone.wait_for_search(lambda: Pen(page).draw(BOOT[0], (0.1, 0.2))).request)["strokes"][0]
    assert light[0][2] == 0.1 and light[-1][2] == 0.2
    thin = _ink(page)
    phone.button("Undo").tap()
    phone.wait_for_search(lambda: Pen(page).draw(BOOT[0], (0.9, 1.0)))
    assert _ink(page) > 1.3 * thin


def test_the_other_end_of_a_pen_erases(page: Page, phone: Phone) -> None:
    phone.draw_and_wait(BOOT[0])
    phone.draw_and_wait(BOOT[1])
    across = [(0.25, 0.40), (0.45, 0.42)]
    eraser = {"pointerType": "pen", "button": 5, "buttons": 32}
    left = sent(phone.wait_for_search(lambda: dispatch(page, across, eraser)).request)
    assert len(left["strokes"]) == 1
    expect(phone.button("Eraser")).to_have_attribute("aria-pressed", "false")


def test_strokes_are_rubbed_out_where_the_eraser_passes(page: Page, phone: Phone) -> None:
    line = sent(phone.draw_and_wait([(0.1, 0.5), (0.9, 0.5)]).request)["strokes"][0]
    other = sent(phone.draw_and_wait([(0.1, 0.2), (0.9, 0.2)]).request)["strokes"][1]
    phone.button("Eraser").tap()
    choice = page.get_by_role("radio", name="Rub out")
    choice.tap()
    assert_accessible(page)
    left = sent(phone.draw_and_wait([(0.5, 0.4), (0.5, 0.6)]).request)["strokes"]
    expect(choice).to_be_hidden()
    assert len(left) == 3 and left[2] == other
    first, second = left[:2]
    assert (first[0], second[-1]) == (line[0], line[-1])
    middle, y, _ = line[len(line) // 2]
    assert first[-1][0] == pytest.approx(middle - 12, abs=2) and second[0][0] == pytest.approx(middle + 12, abs=2)
    assert first[-1][1] == second[0][1] == y
    rubbed = picture(page)
    assert phone.press("Undo")["strokes"] == [line, other]
    phone.press("Redo")
    assert picture(page) == rubbed
    phone.button("Eraser").tap()  # put down
    assert len(sent(phone.draw_and_wait(BOOT[0]).request)["strokes"]) == 4


def test_only_the_main_button_of_a_mouse_draws(page: Page, phone: Phone) -> None:
    Pen(page, "mouse").draw(BOOT[0], button="right")
    expect(phone.button("Undo")).to_be_disabled()
    stroke = sent(phone.wait_for_search(lambda: Pen(page, "mouse").draw(BOOT[0])).request)["strokes"][0]
    assert {pressure for _, _, pressure in stroke} == {0.5}


def test_keys_erase_and_clear_but_not_while_one_types(page: Page, phone: Phone) -> None:
    phone.draw_and_wait(BOOT[0])
    page.keyboard.press("e")
    expect(phone.button("Eraser")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("e")
    page.evaluate("document.body.append(document.createElement('input'))")
    page.locator("body > input").focus()
    page.keyboard.press("Backspace")
    page.keyboard.press("e")
    expect(phone.button("Clear")).to_be_enabled()
    expect(phone.button("Eraser")).to_have_attribute("aria-pressed", "false")
    page.locator("body > input").blur()
    phone.button("More").tap()
    expect(page.get_by_role("dialog", name="More")).to_be_visible()
    page.keyboard.press("Delete")
    page.keyboard.press("Escape")
    expect(phone.button("Clear")).to_be_enabled()
    page.keyboard.press("Delete")
    expect(phone.button("Clear")).to_be_disabled()
    assert len(phone.press("Undo")["strokes"]) == 1


@pytest.mark.parametrize("pointer", ["touch", "pen"])
def test_the_same_strokes_are_the_same_picture(page: Page, phone: Phone, pointer: str) -> None:
    """Painted as they grew, replayed after undo, and painted by another page: not one pixel differs."""
    pen = {"pointerType": pointer, "pressure": 0.7}
    for stroke in (BOOT[0], SPIRAL, BOOT[1]):
        phone.wait_for_search(lambda stroke=stroke: dispatch(page, stroke, pen))  # type: ignore[misc]
    grown = picture(page)
    for name in ("Undo", "Undo", "Redo", "Redo"):
        phone.button(name).tap()
    assert picture(page) == grown
    phone.button("Clear").tap()
    phone.button("Undo").tap()
    assert picture(page) == grown
    page.reload()
    expect(phone.results.first).to_be_visible()
    assert picture(page) == grown


def test_a_growing_stroke_looks_as_it_will_when_it_is_finished(page: Page, phone: Phone) -> None:
    phone.down((0.1, 0.1))
    for step in range(40):
        phone.move((0.1 + 0.018 * step, 0.1 + 0.4 * math.sin(step / 6) ** 2))
    growing = picture(page)
    phone.wait_for_search(phone.up)
    assert picture(page) == growing


def test_the_paper_stays_sharp_when_the_density_changes(page: Page, phone: Phone) -> None:
    phone.draw_and_wait(BOOT[0])
    metrics: dict[str, Any] = {"width": 390, "height": 844, "mobile": True}
    device = page.context.new_cdp_session(page)
    sharpness = "canvas => canvas.width / canvas.getBoundingClientRect().width"
    for density in (2, 1):
        device.send("Emulation.setDeviceMetricsOverride", {**metrics, "deviceScaleFactor": density})
        page.wait_for_function("density => devicePixelRatio === density", arg=density)
        phone.draw_and_wait(BOOT[1])
        assert page.locator("#sketch").evaluate(sharpness) == pytest.approx(density, abs=0.01)
        assert _ink(page) > 300 * density


def _ink(page: Page) -> int:
    """How many device pixels are dark."""
    script = """canvas => {
        const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return data.reduce((dark, value, i) => dark + (i % 4 === 0 && value < 60), 0);
    }"""
    dark: int = page.locator("#sketch").evaluate(script)
    return dark
