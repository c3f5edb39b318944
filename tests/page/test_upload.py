"""Pictures of sketches: chosen, pasted or dropped, made small, read by the server and searched like drawn ones."""

from __future__ import annotations

import base64
import io
from functools import partial
from typing import Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import FilePayload, Page, Request, Route, expect

from tests.conftest import PRODUCTS, draw_product
from tests.page.support.phone import BOOT, Phone, sent

STROKES = "**/strokes"
# a square and a line in a picture of 400 x 300
READ: dict[str, Any] = {
    "width": 400,
    "height": 300,
    "strokes": [[[100, 50], [300, 50], [300, 250], [100, 250], [100, 50]], [[150, 100], [250, 200]]],
}


def photo(size: tuple[int, int] = (400, 300), name: str = "sketch.png", **options: Any) -> FilePayload:
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).rectangle((10, 10, size[0] // 2, size[1] // 2), outline="black", width=3)
    data = io.BytesIO()
    kind = name.rpartition(".")[2]
    image.save(data, "JPEG" if kind == "jpg" else kind, **options)
    return {"name": name, "mimeType": "image/jpeg" if kind == "jpg" else f"image/{kind}", "buffer": data.getvalue()}


def choose(phone: Phone, file: FilePayload) -> None:
    with phone.page.expect_file_chooser() as chooser:
        phone.button("Upload").tap()
    chooser.value.set_files(file)


def test_an_uploaded_sketch_takes_the_place_of_the_drawn_one_in_one_step(page: Page, phone: Phone) -> None:
    drawn = sent(phone.draw_and_wait(BOOT[0]).request)
    page.route(STROKES, lambda route: route.fulfill(json=READ))
    response = phone.wait_for_sketch(lambda: choose(phone, photo()))
    sketch = sent(response.request)
    assert response.status == 200 and [len(stroke) for stroke in sketch["strokes"]] == [5, 2]
    xs = [x for stroke in sketch["strokes"] for x, _, _ in stroke]
    ys = [y for stroke in sketch["strokes"] for _, y, _ in stroke]
    assert max(xs) - min(xs) == pytest.approx(max(ys) - min(ys), abs=1)  # it was a square
    assert max(xs) - min(xs) == pytest.approx(0.8 * sketch["width"], abs=2)
    assert min(xs) == pytest.approx(sketch["width"] - max(xs), abs=2)
    expect(phone.status).to_contain_text("closest of")
    assert phone.press("Undo") == drawn


def test_it_says_that_it_searched_by_the_photo_of_a_product(page: Page, phone: Phone) -> None:
    picture = io.BytesIO()
    draw_product(3).save(picture, "png")
    file: FilePayload = {"name": "boot.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    response = phone.wait_for_sketch(lambda: choose(phone, file))
    expect(phone.status).to_have_text("Searched by the edges of your photo.")
    assert response.json()["results"][0]["product_id"] == PRODUCTS[3][0]
    expect(phone.status).to_contain_text("closest of")


def test_pictures_are_small_upright_and_on_white_before_they_are_sent(page: Page, phone: Phone) -> None:
    bodies: list[bytes] = []

    def read(route: Route) -> None:
        assert route.request.headers["content-type"] == "image/jpeg"
        bodies.append(route.request.post_data_buffer or b"")
        route.fulfill(json=READ)

    page.route(STROKES, read)
    turned = Image.Exif()
    turned[0x0112] = 6  # orientation: held upright
    phone.wait_for_sketch(lambda: choose(phone, photo((3200, 2400), "photo.jpg", exif=turned)))
    large = Image.open(io.BytesIO(bodies[0]))
    assert large.format == "JPEG" and large.size == (1200, 1600)
    transparent = io.BytesIO()
    Image.new("RGBA", (60, 40), (0, 0, 0, 0)).save(transparent, "png")
    phone.wait_for_sketch(
        lambda: choose(phone, {"name": "a.png", "mimeType": "image/png", "buffer": transparent.getvalue()})
    )
    small = Image.open(io.BytesIO(bodies[1]))
    assert small.size == (60, 40) and small.convert("L").getextrema() == (255, 255)


def test_it_says_that_it_reads(page: Page, phone: Phone) -> None:
    waiting: list[Route] = []
    page.route(STROKES, lambda route: waiting.append(route))
    with page.expect_request(STROKES):
        choose(phone, photo())
    expect(phone.status).to_have_text("Reading your picture…")
    with page.expect_request(lambda request: "/search" in request.url):
        waiting[0].fulfill(json=READ)
    expect(phone.status).to_contain_text("closest of")


def test_what_goes_wrong_is_said_in_plain_words(page: Page, phone: Phone) -> None:
    drawn = sent(phone.draw_and_wait(BOOT[0]).request)
    for status, code, words in (
        (422, "blank_sketch", "No drawing was found in this picture. Dark lines on plain paper work best."),
        (415, "not_an_image", "This file is not a picture that can be read. Try a JPEG or PNG."),
        (413, "body_too_large", "This picture is too large. Try a smaller one."),
        (404, "not_found", "This shop cannot read pictures of sketches."),
        (503, "busy", "Very busy right now. Try the picture again in a moment."),
        (405, "method_not_allowed", "This shop cannot read pictures of sketches."),
        (500, "internal", "This picture could not be read. Try another one."),
    ):
        body = {"error": {"code": code, "message": "refused", "detail": None}}
        page.route(STROKES, partial(Route.fulfill, status=status, json=body))
        choose(phone, photo())
        expect(phone.status).to_have_text(words)
    assert sent(phone.draw_and_wait(BOOT[1]).request)["strokes"][:1] == drawn["strokes"]


def test_what_is_no_picture_is_not_sent(page: Page, phone: Phone) -> None:
    posts: list[Request] = []
    page.route(STROKES, lambda route: posts.append(route.request))
    choose(phone, {"name": "notes.png", "mimeType": "image/png", "buffer": b"these are not pixels"})
    expect(phone.status).to_have_text("This file is not a picture that can be read. Try a JPEG or PNG.")
    assert posts == []


def test_a_picture_in_which_nothing_is_found_is_said(page: Page, phone: Phone) -> None:
    page.route(STROKES, lambda route: route.fulfill(json={**READ, "strokes": []}))
    choose(phone, photo())
    expect(phone.status).to_contain_text("No drawing was found in this picture.")


def test_a_lost_network_is_said(page: Page, phone: Phone) -> None:
    page.route(STROKES, lambda route: route.abort("connectionfailed"))
    choose(phone, photo())
    expect(phone.status).to_have_text("No answer from the shop. Try the picture again.")
    page.context.set_offline(True)
    choose(phone, photo())
    expect(phone.status).to_have_text("You are offline. Try the picture again when you are connected.")


def test_the_newest_of_two_pictures_wins(page: Page, phone: Phone) -> None:
    page.route(STROKES, lambda route: route.fulfill(json=READ))
    page.route(STROKES, lambda route: None, times=1)  # the first picture is never answered
    with page.expect_request(STROKES) as first:
        choose(phone, photo())
    with page.expect_event("requestfailed") as failed:
        phone.wait_for_sketch(lambda: choose(phone, photo()))
    assert failed.value == first.value
    expect(phone.status).to_contain_text("closest of")


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_pictures_can_be_pasted_and_dropped(page: Page, phone: Phone, way: str) -> None:
    page.route(STROKES, lambda route: route.fulfill(json=READ))
    give = """([way, data]) => {
        const transfer = new DataTransfer();
        const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
        transfer.items.add(new File([bytes], "sketch.png", {type: "image/png"}));
        const options = {bubbles: true, cancelable: true};
        if (way === "paste") {
            return document.body.dispatchEvent(new ClipboardEvent("paste", {...options, clipboardData: transfer}));
        }
        const over = document.body.dispatchEvent(new DragEvent("dragover", {...options, dataTransfer: transfer}));
        const shown = getComputedStyle(document.querySelector(".drop-here")).visibility;
        const dropped = document.body.dispatchEvent(new DragEvent("drop", {...options, dataTransfer: transfer}));
        return over || dropped || shown !== "visible";
    }"""
    data = base64.b64encode(photo()["buffer"]).decode()

    def hand_over() -> None:
        assert page.evaluate(give, [way, data]) is False  # prevented: else the browser would open the picture

    assert len(sent(phone.wait_for_sketch(hand_over).request)["strokes"]) == 2
    expect(page.locator(".drop-here")).to_be_hidden()


def test_a_sketch_that_was_saved_here_can_be_uploaded_again(page: Page, phone: Phone) -> None:
    page.route(STROKES, lambda route: route.fulfill(json=READ))
    phone.draw_and_wait(BOOT[0])
    phone.button("More").tap()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as SVG").tap()
    with open(download.value.path(), "rb") as file:
        saved: FilePayload = {"name": "sketch.svg", "mimeType": "image/svg+xml", "buffer": file.read()}
    assert len(sent(phone.wait_for_sketch(lambda: choose(phone, saved)).request)["strokes"]) == 2
