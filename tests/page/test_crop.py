"""The box around the object in a photo: moved by finger and by keys, it is searched again."""

from __future__ import annotations

import io
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, Request, expect

from tests.model.preprocessing.test_object_cutout import scene
from tests.page.support.axe import assert_accessible
from tests.page.support.phone import Phone, sent
from tests.page.test_upload import choose


def scene_file() -> FilePayload:
    """Return a photo of a red box among other things, as an uploaded file."""
    data = io.BytesIO()
    Image.fromarray(scene()).save(data, "png")
    return {"name": "scene.png", "mimeType": "image/png", "buffer": data.getvalue()}


def crop_of(request: Request) -> list[float]:
    """Return the box of a request for strokes, the guess as an empty list."""
    values = parse_qs(urlsplit(request.url).query).get("crop", [""])[0]
    return [float(value) for value in values.split(",") if value]


def drag(phone: Phone, what: Locator, across: float, down: float) -> None:
    """Drag an element by its middle, in px."""
    box, paper = what.bounding_box(), phone.page.locator("#sketch").bounding_box()
    assert box is not None and paper is not None
    phone.hold(what)
    for share in (0.5, 1):
        x = box["x"] + box["width"] / 2 + share * across - paper["x"]
        y = box["y"] + box["height"] / 2 + share * down - paper["y"]
        phone.move((x / paper["width"], y / paper["height"]))
    phone.up()


def test_the_box_around_a_guess_is_moved_and_searched_again(page: Page, phone: Phone) -> None:
    traced: list[Request] = []
    page.on("requestfinished", lambda request: traced.append(request) if "/strokes" in request.url else None)
    drawn = sent(phone.draw_and_wait([(0.2, 0.2), (0.8, 0.2), (0.5, 0.8)]).request)
    first = sent(phone.wait_for_sketch(lambda: choose(phone, scene_file()), lambda sketch: sketch != drawn).request)
    view = page.get_by_role("region", name="The part of your photo that is searched")
    question = view.get_by_text("Is it this?")
    expect(question).to_be_visible()
    guess = {"left": 0.0, "top": 0.0, "right": 0.0, "bottom": 0.0} | traced[0].response().json()["object"]  # type: ignore[union-attr]
    assert guess["guessed"] and guess["right"] - guess["left"] < 0.9
    expect(page.locator("body > .note")).to_have_count(0)  # it would lie over the buttons
    expect(page.locator(".found .note")).not_to_have_class(re.compile("shown"))  # nobody has drawn an outline

    corner, photo = view.get_by_role("slider", name="Bottom right corner"), view.locator("canvas").bounding_box()
    target = corner.bounding_box()
    assert photo is not None and target is not None and min(target["width"], target["height"]) >= 44
    second = sent(phone.wait_for_sketch(lambda: drag(phone, corner, -30, -20), lambda sketch: sketch != first).request)
    moved = [guess["left"], guess["top"], guess["right"] - 30 / photo["width"], guess["bottom"] - 20 / photo["height"]]
    assert crop_of(traced[1]) == pytest.approx(moved, abs=0.01)
    expect(question).to_be_hidden()

    whole_box = view.get_by_role("slider", name="The box")
    before = whole_box.get_attribute("aria-valuetext")
    whole_box.focus()
    page.keyboard.press("Shift+ArrowUp")
    phone.wait_for_sketch(lambda: page.keyboard.press("ArrowUp"), lambda sketch: sketch not in (first, second))
    up = min(0.11, guess["top"])
    assert crop_of(traced[2]) == pytest.approx([moved[0], moved[1] - up, moved[2], moved[3] - up], abs=0.01)
    assert whole_box.get_attribute("aria-valuetext") != before
    assert_accessible(page)

    with page.expect_response(lambda response: "/strokes" in response.url) as answer:
        view.get_by_role("button", name="Whole photo").tap()
    assert crop_of(answer.value.request) == [0, 0, 1, 1]
    page.keyboard.press("Escape")
    expect(view).to_be_hidden()
    expect(phone.button("Upload")).to_be_focused()
    expect(page.locator(".found")).to_have_attribute("data-state", "results")
    assert phone.press("Undo") == drawn  # all boxes were one step
