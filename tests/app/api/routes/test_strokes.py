"""POST /strokes: strokes traced from pictures find the same products as the pictures."""

from __future__ import annotations

from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image, ImageDraw

from app.api.routes.strokes import drop_shortest, shrink_canvas
from app.decoding.stroke_sketch import MAX_SIDE
from benchmarks.support.synthetic_paper_photos import WAYS, photographed
from model.preprocessing.preprocess import Preprocess
from model.preprocessing.tracing import Tracing
from tests.conftest import PRODUCTS, draw_product
from tests.model.preprocessing.test_tracing import hatched
from tests.support.sketch_files import JSON, PNG, blank_file, bomb, image_file, refused, sketch_file, strokes_body

SKETCH = Image.fromarray(Preprocess().photo(draw_product(3)))  # of PRODUCTS[3]


def trace(client: httpx.Client, data: bytes) -> dict[str, Any]:
    response = client.post("/strokes", content=data, headers=PNG)
    assert response.status_code == 200, response.text
    strokes: dict[str, Any] = response.json()
    return strokes


def first_result(response: httpx.Response) -> str:
    """Return the id of the first result."""
    assert response.status_code == 200, response.text
    return str(response.json()["results"][0]["product_id"])


def test_strokes_find_what_the_picture_finds(client: httpx.Client) -> None:
    picture = image_file(SKETCH)
    strokes = trace(client, picture)
    assert set(strokes) == {"width", "height", "strokes", "kind", "object"}
    assert (strokes["kind"], strokes["object"]) == ("sketch", None)
    assert (strokes["width"], strokes["height"]) == (256, 256)
    assert sum(map(len, strokes["strokes"])) < 1000
    assert first_result(client.post("/search", content=picture, headers=PNG)) == PRODUCTS[3][0]
    assert first_result(client.post("/search", json=strokes)) == PRODUCTS[3][0]


def test_the_edges_of_a_product_s_photo_find_what_the_photo_finds(client: httpx.Client) -> None:
    strokes = trace(client, sketch_file())
    assert (strokes["kind"], strokes["width"], strokes["height"]) == ("photo", 320, 240)
    assert strokes["object"] == {"left": 0, "top": 0, "right": 1, "bottom": 1, "guessed": False}
    assert first_result(client.post("/search", json=strokes)) == PRODUCTS[3][0]


def test_the_edges_of_a_very_long_photo_can_be_searched(client: httpx.Client) -> None:
    size = width, height = MAX_SIDE + 100, 800
    photo = Image.new("L", size, 255)
    ImageDraw.Draw(photo).ellipse((40, 40, width - 40, height - 40), fill=80)
    strokes = trace(client, image_file(photo))
    assert (strokes["kind"], strokes["width"], strokes["height"]) == ("photo", MAX_SIDE, 796)
    points = np.concatenate(strokes["strokes"]) / (MAX_SIDE, 796)  # as fractions of the canvas, as of the photo
    edge = 40 / np.array(size)
    assert np.allclose(points.min(axis=0), edge, atol=0.06) and np.allclose(points.max(axis=0), 1 - edge, atol=0.06)
    assert client.post("/search", json=strokes).status_code == 200


def test_a_photographed_sketch_can_be_searched_and_traced(client: httpx.Client) -> None:
    photo = photographed(SKETCH, WAYS["perspective on a table"], 1)
    assert first_result(client.post("/search", files={"sketch": ("photo.jpg", photo)})) == PRODUCTS[3][0]
    assert first_result(client.post("/search", json=trace(client, photo))) == PRODUCTS[3][0]


def test_a_picture_of_thousands_of_lines_is_refused(client: httpx.Client) -> None:
    response = client.post("/strokes", content=image_file(hatched(2000)), headers=PNG)
    refused(response, 422, "image_too_costly", "too many lines to trace", "expected at most 60,000 px")


def test_the_ways_to_send_a_picture_are_equal(client: httpx.Client) -> None:
    data = image_file(SKETCH)
    sent = [
        client.post("/strokes", content=data, headers={"Content-Type": "application/octet-stream"}),
        client.post("/strokes", files={"sketch": ("sketch", data)}, data={"other": "text"}),
        client.post("/strokes", content=iter([data[:100], data[100:]]), headers=PNG),
    ]
    assert all(response.json() == trace(client, data) for response in sent)


REFUSED = {
    "strokes": (strokes_body(), JSON, 415, "unsupported_media_type", "'application/json': expected multipart"),
    "no type": (sketch_file(), {}, 415, "unsupported_media_type", "content-type is missing"),
    "non-image": (b"hello", PNG, 415, "not_an_image", "cannot be read"),
    "truncated": (sketch_file()[:600], PNG, 415, "not_an_image", "expected a whole"),
    "blank": (blank_file(1200, 900), PNG, 422, "blank_sketch", "expected lines"),
    "one pixel": (blank_file(1, 1), PNG, 422, "blank_sketch", "expected lines"),
    "bomb": (bomb(), PNG, 413, "image_too_large", "expected at most"),
    "over the limit": (bytes(9_000_000), PNG, 413, "body_too_large", "expected at most"),
    "empty": (b"", PNG, 400, "empty_body", "expected a sketch as multipart/form-data"),
    "compressed": (b"x", {**PNG, "Content-Encoding": "gzip"}, 415, "unsupported_media_type", "not compressed"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture_of_a_sketch_is_refused(survivor: httpx.Client, name: str) -> None:
    data, headers, status, code, words = REFUSED[name]
    refused(survivor.post("/strokes", content=data, headers=headers), status, code, words)


def test_a_form_without_the_field_is_refused(survivor: httpx.Client) -> None:
    response = survivor.post("/strokes", files={"photo": ("a.png", sketch_file())})
    refused(response, 422, "invalid_parameter", "field 'sketch' is missing", "'photo'")


def test_the_largest_answer_can_be_searched() -> None:
    strokes = [[[0.0, 0.0], [float(length), 0.0]] for length in (3, 1, 4, 2)]
    assert drop_shortest(strokes) == strokes
    assert drop_shortest(strokes, max_strokes=2) == [strokes[0], strokes[2]]
    assert drop_shortest(strokes, max_points=7) == [strokes[0], strokes[2], strokes[3]]


def test_the_largest_canvas_can_be_searched() -> None:
    tracing = Tracing(30, 120, [[[0.0, 0.0], [30.0, 120.0]]])
    assert shrink_canvas(tracing, max_side=120) is tracing
    assert shrink_canvas(tracing, max_side=60) == Tracing(15, 60, [[[0.0, 0.0], [15.0, 60.0]]])
    assert shrink_canvas(tracing, max_side=2).width == 1  # not less, since a canvas of width 0 cannot be searched


def test_openapi_documents_the_route(client: httpx.Client) -> None:
    posted = client.get("/openapi.json").json()["paths"]["/strokes"]["post"]
    assert "application/json" not in posted["requestBody"]["content"]
    assert {"multipart/form-data", "image/jpeg"} <= set(posted["requestBody"]["content"])
    assert {"200", "400", "413", "415", "422", "500", "503"} <= set(posted["responses"])
