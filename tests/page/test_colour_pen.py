"""The colour pen: what it draws has a colour on the paper, in searches, and wherever a sketch is kept."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.page.support.axe import assert_accessible
from tests.page.support.phone import BOOT, Phone, sent
from tests.page.support.pointers import picture

RED, BLUE = "#c0252d", "#2f65a7"


def choose(phone: Phone, name: str) -> None:
    phone.button("Colour").tap()
    phone.page.get_by_role("radio", name=name, exact=True).tap()


def test_strokes_have_the_colour_that_was_chosen(page: Page, phone: Phone) -> None:
    first = sent(phone.draw_and_wait(BOOT[0]).request)
    assert "colors" not in first
    choose(phone, "Red")
    second = sent(phone.draw_and_wait(BOOT[1]).request)
    assert second["colors"] == [None, RED] and second["strokes"][:1] == first["strokes"]
    expect(page.locator("#colours")).to_be_hidden()
    choose(phone, "Any colour")
    assert sent(phone.draw_and_wait(BOOT[2]).request)["colors"] == [None, RED, None]
    assert phone.press("Undo")["colors"] == [None, RED]
    assert "colors" not in phone.press("Undo")
    assert phone.press("Redo")["colors"] == [None, RED]


def test_colours_outlive_a_reload_and_the_list_of_recent_sketches(page: Page, phone: Phone) -> None:
    choose(phone, "Blue")
    phone.draw_and_wait(BOOT[0])
    before = picture(page)
    page.wait_for_timeout(400)
    phone.searches.clear()
    page.reload()
    phone.wait_until_sent(lambda sketch: sketch.get("colors") == [BLUE])
    assert picture(page) == before
    phone.button("Clear").tap()
    phone.button("More").tap()
    recent = phone.button("Recent sketch 1")
    assert recent.locator("path").evaluate("path => path.style.stroke") == "rgb(47, 101, 167)"
    assert sent(phone.wait_for_search(recent.tap).request)["colors"] == [BLUE]


def test_a_link_keeps_colours(page: Page, phone: Phone) -> None:
    script = """async () => {
        const { linkTo, openLink } = await import(`${BASE}/session/share_link.js`);
        const { colour, colourOf } = await import(`${BASE}/sketch/sketch.js`);
        const strokes = [[[0, 0, 0.5], [10, 5, 0.5]], colour([[3, 3, 0.5]], "#c0252d")];
        const open = async (some) => openLink(new URLSearchParams(new URL(await linkTo(some)).hash.slice(1)));
        return [(await open(strokes)).map(colourOf), (await open(strokes.slice(0, 1))).map(colourOf)];
    }"""
    base = page.locator("script[type=module]").get_attribute("src")
    assert base is not None
    assert page.evaluate(script.replace("BASE", f"'{base.removesuffix('/main.js')}'")) == [[None, RED], [None]]


def test_the_keyboard_chooses_a_colour(page: Page, phone: Phone) -> None:
    phone.button("Colour").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio", name="Any colour")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Red")).to_be_checked()
    page.keyboard.press("Escape")
    expect(phone.button("Colour")).to_be_focused()
    expect(page.locator("#colours")).to_be_hidden()
    assert sent(phone.draw_and_wait(BOOT[0]).request)["colors"] == [RED]


def test_the_row_fits_and_is_accessible(page: Page, phone: Phone) -> None:
    choose(phone, "Green")
    for width, height in ((320, 640), (360, 740), (1440, 900)):
        page.set_viewport_size({"width": width, "height": height})
        assert_accessible(page)
        for swatch in page.locator("#colours input").all():
            box = swatch.bounding_box()
            assert box and box["width"] >= 24 and box["x"] >= 0 and box["x"] + box["width"] <= width
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
