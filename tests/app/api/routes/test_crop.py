"""The parameter `crop`: the box around the object in a photo."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from PIL import Image

from tests.conftest import PRODUCTS, draw_product
from tests.model.preprocessing.test_object_cutout import scene
from tests.support.sketch_files import PNG, ZIGZAG, image_file, refused, sketch_file

RIGHT = "0.5,0,1,1"


def pair_file(left: int, right: int) -> bytes:
    """Draw an image file of two products beside each other, on one ground."""
    pair = Image.new("RGB", (640, 240), "white")
    pair.paste(draw_product(left), (0, 0))
    pair.paste(draw_product(right), (320, 0))
    return image_file(pair)


def post(client: httpx.Client, path: str, data: bytes, **parameters: str) -> dict[str, Any]:
    response = client.post(path, params=parameters, content=data, headers=PNG)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_what_is_in_the_crop_is_found(client: httpx.Client) -> None:
    data = pair_file(2, 3)
    for number, crop in ((2, "0,0,0.5,1"), (3, RIGHT)):
        answer = post(client, "/search", data, crop=crop)
        alone = post(client, "/search", sketch_file(number), kind="photo")
        assert answer["results"] == alone["results"]
        assert answer["results"][0]["product_id"] == PRODUCTS[number][0] and answer["kind"] == "photo"
    box = {"left": 0.5, "top": 0, "right": 1, "bottom": 1, "guessed": False}
    traced = post(client, "/strokes", data, crop=RIGHT)
    assert answer["object"] == traced["object"] == box and traced["kind"] == "photo"
    assert min(x for stroke in traced["strokes"] for x, _ in stroke) > 320  # in the photo's own pixels
    nearest = PRODUCTS[3][0]
    match = post(client, f"/products/{nearest}/match", data, crop=RIGHT)
    assert match["distance"] == pytest.approx(answer["results"][0]["distance"], abs=1e-4)
    assert match["sketch"]["box"]["left"] > 300 and match["sketch"]["box"]["picture_width"] == 640


def test_an_object_that_was_guessed_is_doubted(client: httpx.Client) -> None:
    photo = image_file(Image.fromarray(scene()))
    guess = post(client, "/search", photo)
    box = guess["object"]
    assert box.pop("guessed") and not guess["confident"]
    crop = ",".join(str(edge) for edge in box.values())
    same = post(client, "/search", photo, crop=crop)
    assert same["object"] == {**box, "guessed": False}
    assert same["confident"]  # a dozen products are too few for a contrast
    assert post(client, "/strokes", photo)["object"] == {**box, "guessed": True}


def test_a_list_is_continued_by_the_same_crop_only(client: httpx.Client) -> None:
    data = pair_file(2, 3)
    first = post(client, "/search", data, crop=RIGHT, k="2")
    second = post(client, "/search", data, crop=RIGHT, k="2", cursor=first["next"])
    assert [result["rank"] for result in second["results"]] == [3, 4]
    other = {"crop": "0,0,0.5,1", "k": "2", "cursor": first["next"]}
    refused(client.post("/search", params=other, content=data, headers=PNG), 422, "invalid_cursor")


@pytest.mark.parametrize(
    "crop", ["", "0,0,1", "0,0,1,1,1", "a,0,1,1", "nan,0,1,1", "0.5,0,0.5,1", "0,0.9,1,0.1", "0,0,2,1"]
)
def test_what_is_no_box_is_refused(client: httpx.Client, crop: str) -> None:
    for path in ("/search", "/strokes", "/products/boot-1/match"):
        response = client.post(path, params={"crop": crop}, content=sketch_file(), headers=PNG)
        error = refused(response, 422, "invalid_parameter", f"crop is '{crop}'", "expected left,top,right,bottom")
        assert error["detail"] == {"parameter": "crop"}


def test_only_photos_have_a_crop(client: httpx.Client) -> None:
    response = client.post("/search", params={"crop": RIGHT}, json=ZIGZAG)
    refused(response, 422, "invalid_parameter", "crop is given", "expected an image")
    response = client.post("/search", params={"crop": RIGHT, "kind": "sketch"}, content=sketch_file(), headers=PNG)
    refused(response, 422, "invalid_parameter", "kind is 'sketch' and crop is given", "expected a photo")
