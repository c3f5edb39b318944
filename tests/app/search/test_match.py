"""Tests of matches: the attention on the sketch and on the photo, and its place on both."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image, ImageOps

from app.decoding.framed_picture import FramedPicture
from app.gallery.gallery import Gallery
from app.products.product import Product
from app.search.match import match
from app.search.results import UnknownProductError
from app.search.retriever import Retriever
from model.checkpoint import Checkpoint, load_checkpoint
from model.network.dssa import DSSA, NetworkConfig
from model.preprocessing.preprocess import Preprocess
from tests.conftest import PRODUCTS, draw_product
from tests.support.sketch_files import JSON, PNG, ZIGZAG, blank_file, image_file, refused, sketch_file, strokes_body


def post_match(
    client: httpx.Client, product_id: str, content: bytes, headers: dict[str, str] = PNG, **query: Any
) -> Any:
    response = client.post(f"/products/{product_id}/match", content=content, headers=headers, params=query)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.fixture(scope="module")
def real(tiny_gallery: Path, tiny_checkpoint: Path) -> Iterator[tuple[Retriever, Checkpoint]]:
    checkpoint = load_checkpoint(tiny_checkpoint)
    gallery = Gallery.open(tiny_gallery, checkpoint)
    yield Retriever(checkpoint, gallery, device="cpu"), checkpoint
    gallery.close()


def framed_photo(preprocess: Preprocess, number: int) -> FramedPicture:
    return FramedPicture(*preprocess.place_photo(draw_product(number)), 320, 240)


def mirrored_picture(picture: FramedPicture) -> FramedPicture:
    return picture._replace(frame=np.ascontiguousarray(picture.frame[:, ::-1]))


@pytest.mark.parametrize("mirror", [True, False])
@pytest.mark.parametrize("seed", [3, 40])
def test_a_match_has_the_distance_that_a_search_gives(client: httpx.Client, *, mirror: bool, seed: int) -> None:
    sent = sketch_file(seed)
    results = client.post("/search", content=sent, headers=PNG, params={"mirror": mirror}).json()["results"]
    assert len(results) == len(PRODUCTS)
    for result in results:
        answer = post_match(client, result["product_id"], sent, mirror=mirror)
        assert answer["distance"] == pytest.approx(result["distance"], abs=1e-5)


def test_attention_is_a_map_whose_largest_is_one(client: httpx.Client) -> None:
    answer = post_match(client, "boot-1", sketch_file(0))
    for side in ("sketch", "photo"):
        rows = np.array(answer[side]["attention"])
        assert rows.ndim == 2 and rows.size > 4
        assert rows.max() == 1 and 0 <= rows.min() < 1
    assert answer["sketch"]["attention"] != post_match(client, "boot-1", sketch_file(9))["sketch"]["attention"]
    assert answer["photo"] == post_match(client, "boot-1", sketch_file(9))["photo"]


@pytest.mark.parametrize("number", [0, 5, 11])
def test_the_nearer_way_round_is_told_and_shown_as_drawn(real: tuple[Retriever, Checkpoint], number: int) -> None:
    retriever, checkpoint = real
    name, sketch = PRODUCTS[number][0], framed_photo(checkpoint.preprocess, number)
    plain = match(retriever, checkpoint, name, sketch, mirror=True)
    mirrored = match(retriever, checkpoint, name, mirrored_picture(sketch), mirror=True)
    as_drawn = match(retriever, checkpoint, name, mirrored_picture(sketch), mirror=False)
    assert (plain.mirrored, mirrored.mirrored, as_drawn.mirrored) == (False, True, False)
    assert as_drawn.distance > mirrored.distance
    assert plain.sketch.attention is not None and mirrored.sketch.attention is not None
    np.testing.assert_allclose(mirrored.sketch.attention, plain.sketch.attention[:, ::-1], atol=1e-5)
    wanted = checkpoint.attend_frames([sketch.frame])
    assert wanted is not None
    np.testing.assert_allclose(plain.sketch.attention, wanted[0], atol=1e-5)
    for compared in (mirrored, as_drawn):
        assert compared.photo.attention is not None and plain.photo.attention is not None
        np.testing.assert_allclose(compared.photo.attention, plain.photo.attention, atol=1e-5)


def test_a_mirrored_drawing_is_told_over_http(client: httpx.Client) -> None:
    """The drawing is the photo itself, whose filled shapes have enough lines."""
    answers = [post_match(client, "sofa-1", image_file(image)) for image in (draw_product(7), mirror_of(7))]
    assert [answer["mirrored"] for answer in answers] == [False, True]


def mirror_of(number: int) -> Image.Image:
    return ImageOps.mirror(draw_product(number))


def test_a_network_without_attention_says_so(real: tuple[Retriever, Checkpoint]) -> None:
    retriever, checkpoint = real
    network = DSSA(NetworkConfig("orientations", "residual", "none", ("stem",), "euclidean")).eval()
    blind = Checkpoint(network, checkpoint.preprocess, "")
    compared = match(retriever, blind, "boot-1", framed_photo(checkpoint.preprocess, 0), mirror=True)
    assert compared.sketch.attention is None and compared.photo.attention is None


def test_the_photos_box_lies_on_the_stored_photo(client: httpx.Client) -> None:
    box = post_match(client, "boot-2", sketch_file())["photo"]["box"]
    photo = Image.open(io.BytesIO(client.get(client.get("/products/boot-2").json()["photo_url"]).content))
    assert (box["picture_width"], box["picture_height"]) == photo.size == (320, 240)
    ink = np.asarray(photo.convert("L")) < 235
    columns, rows = np.flatnonzero(ink.any(0)), np.flatnonzero(ink.any(1))
    middle = box["left"] + box["width"] / 2, box["top"] + box["height"] / 2
    np.testing.assert_allclose(middle, ((columns[0] + columns[-1]) / 2, (rows[0] + rows[-1]) / 2), atol=4)
    assert box["width"] == pytest.approx(256 / 226 * max(np.ptp(columns), np.ptp(rows)), rel=0.05)


def test_lines_of_both_pictures_are_those_that_the_network_sees(client: httpx.Client) -> None:
    answer = post_match(client, "boot-2", strokes_body(strokes=[[[20, 40], [300, 40], [300, 200]]]), JSON)
    (line,) = answer["sketch"]["lines"]
    places = sorted([line[0], line[-1]])
    np.testing.assert_allclose(places, [[20, 40], [300, 200]], atol=2)
    ink = np.asarray(draw_product(1).convert("L")) < 235
    points = np.concatenate([np.array(line) for line in answer["photo"]["lines"]])
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    assert len(points) > 20
    np.testing.assert_allclose(points.min(axis=0), (columns[0], rows[0]), atol=8)
    np.testing.assert_allclose(points.max(axis=0), (columns[-1], rows[-1]), atol=8)


@pytest.mark.parametrize("unit", [1, 1 / 320, 10])
def test_a_box_of_strokes_is_in_the_canvass_unit(client: httpx.Client, unit: float) -> None:
    strokes = [[[x * unit, y * unit] for x, y, *_ in stroke] for stroke in ZIGZAG["strokes"]]
    size = {"width": max(320 * unit, 1), "height": max(240 * unit, 1)}
    box = post_match(client, "tote-1", strokes_body(strokes=strokes, **size), JSON)["sketch"]["box"]
    assert (box["picture_width"], box["picture_height"]) == (size["width"], size["height"])
    # the lines go from (20, 40) to (300, 200): 280 units are 225 px of the frame's 256
    assert box["width"] == box["height"] == pytest.approx(256 / 225 * 280 * unit)
    assert box["left"] + box["width"] / 2 == pytest.approx(160 * unit)
    assert box["top"] + box["height"] / 2 == pytest.approx(120 * unit)


def test_a_box_of_an_image_is_in_pixels_of_the_upright_image(client: httpx.Client) -> None:
    page = Image.new("L", (800, 500), 255)
    page.paste(0, (100, 50, 104, 250))
    page.paste(0, (100, 250, 500, 254))
    box = post_match(client, "tote-1", image_file(page))["sketch"]["box"]
    assert (box["picture_width"], box["picture_height"]) == (800, 500)
    assert box["left"] + box["width"] / 2 == pytest.approx(300, abs=3)
    assert box["top"] + box["height"] / 2 == pytest.approx(152, abs=3)
    exif, buffer = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    page.save(buffer, "PNG", exif=exif)
    lying = post_match(client, "tote-1", buffer.getvalue())["sketch"]["box"]
    assert (lying["picture_width"], lying["picture_height"]) == (500, 800)
    assert lying["left"] + lying["width"] / 2 == pytest.approx(500 - 152, abs=3)
    assert lying["top"] + lying["height"] / 2 == pytest.approx(300, abs=3)


def test_what_cannot_be_matched(client: httpx.Client) -> None:
    path = "/products/boot-1/match"
    refused(client.post("/products/none/match", json=ZIGZAG), 404, "not_found", "no product 'none'")
    refused(client.post(path, content=b"", headers=PNG), 400, "empty_body")
    refused(client.post(path, content=b"hello", headers=PNG), 415, "not_an_image")
    refused(client.post(path, content=blank_file(300, 200), headers=PNG), 422, "blank_sketch")
    refused(client.post(path, content=b"{", headers=JSON), 422, "bad_strokes")
    refused(client.post(path, content=bytes(9_000_000), headers=PNG), 413, "body_too_large")
    refused(client.post(path, json=ZIGZAG, params={"mirror": "maybe"}), 422, "invalid_parameter")


def test_a_photo_that_is_not_stored_is_missing(tmp_path: Path, tiny_gallery: Path, tiny_checkpoint: Path) -> None:
    shutil.copytree(tiny_gallery, tmp_path / "gallery")
    checkpoint = load_checkpoint(tiny_checkpoint)
    gallery = Gallery.open(tmp_path / "gallery", checkpoint)
    retriever = Retriever(checkpoint, gallery, device="cpu")
    frame = framed_photo(checkpoint.preprocess, 1).frame
    gallery.catalogue.put([Product("bare", "B")], checkpoint.embed_photos([frame[None]], mirrored=True))
    sketch = framed_photo(checkpoint.preprocess, 2)
    with pytest.raises(FileNotFoundError):
        match(retriever, checkpoint, "bare", sketch, mirror=True)
    with pytest.raises(UnknownProductError):
        match(retriever, checkpoint, "nobody", sketch, mirror=True)
    gallery.close()
