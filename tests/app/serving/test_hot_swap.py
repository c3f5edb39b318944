"""Tests of a server during a re-embedding: it keeps searching and writing, with one checkpoint or the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import torch

from app.decoding.sketch_decoder import SketchDecoder
from app.gallery.checkpoint_store import checkpoint_file
from app.gallery.gallery import Gallery
from app.gallery.layout import GalleryLocation
from app.search.retriever import Retriever
from index_builder.gallery.reembed import reembed
from index_builder.gallery.verify.verify import verify
from model.checkpoint import load_checkpoint
from tests.conftest import PRODUCTS, draw_product
from tests.index_builder.cli.test_cli import answer
from tests.support.sketch_files import JSON, refused, strokes_body
from tests.support.writable_server import Shop, opened, own_gallery

Distances = dict[str, float]


@pytest.fixture
def shop(tiny_gallery: Path, tmp_path: Path) -> Iterator[Shop]:
    gallery, key = own_gallery(tiny_gallery, tmp_path)
    with opened(gallery, key) as shop:
        yield shop


def distances(client: httpx.Client) -> Distances:
    """Search, and return the distance of a sketch from each of the original products."""
    response = client.post("/search?k=100", content=strokes_body(), headers=JSON)
    assert response.status_code == 200, response.text
    first = {name for name, *_ in PRODUCTS}
    results = response.json()["results"]
    return {result["product_id"]: result["distance"] for result in results if result["product_id"] in first}


def is_close(left: Distances, right: Distances) -> bool:
    return left.keys() == right.keys() and all(left[name] == pytest.approx(right[name], rel=1e-3) for name in left)


def wait_for_other_distances(client: httpx.Client, old: Distances) -> Distances:
    """Wait until the distances are not `old` any more, and return the new ones."""
    deadline = time.monotonic() + 30
    while is_close(current := distances(client), old):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return current


def test_searches_are_by_one_checkpoint_and_no_write_is_lost(shop: Shop, other_checkpoint: Path) -> None:
    old = distances(shop.client)
    stop, seen, put = threading.Event(), list[Distances](), list[str]()
    broken: list[str] = []

    def search() -> None:
        with httpx.Client(base_url=shop.client.base_url, timeout=60) as client:
            while not stop.is_set():
                seen.append(distances(client))
                for path in ("/products/boot-1/similar", "/facets?category=shoes"):
                    if (response := client.get(path)).status_code != 200:
                        broken.append(response.text)

    def write() -> None:
        while not stop.is_set():
            name = f"late-{len(put)}"
            response = shop.put(name, 100 + len(put) % 7)
            put.append(name)
            if response.status_code != 201 or name not in shop.found(100 + (len(put) - 1) % 7, k=100):
                broken.append(f"{name}: {response.text}")

    threads = [threading.Thread(target=search), threading.Thread(target=write)]
    for thread in threads:
        thread.start()
    reembed(GalleryLocation(shop.gallery), other_checkpoint)
    with httpx.Client(base_url=shop.client.base_url, timeout=60) as client:
        new = wait_for_other_distances(client, old)
    time.sleep(0.3)
    stop.set()
    for thread in threads:
        thread.join()
    assert broken == [] and put
    assert all(is_close(current, old) or is_close(current, new) for current in seen)
    is_new = [is_close(current, new) for current in seen]
    assert is_new == sorted(is_new)  # never back again
    report = verify(GalleryLocation(shop.gallery))
    assert report.problems == () and report.products == len(PRODUCTS) + len(put)


def search_fresh_start(gallery: Path) -> list[str]:
    """Open a gallery, search for the first product, and return the ids of the results, nearest first."""
    with closing(GalleryLocation(gallery).open_catalogue()) as catalogue:
        checkpoint = load_checkpoint(checkpoint_file(GalleryLocation(gallery), catalogue.state().checkpoint))
        frame = checkpoint.preprocess.photo(draw_product(0))
        retriever = Retriever(checkpoint, Gallery.open(gallery, checkpoint, catalogue))
        return [result.product.product_id for result in retriever.search(frame, 12).results]


def test_what_it_switches_to_is_what_a_fresh_start_serves(
    shop: Shop, other_checkpoint: Path, tiny_checkpoint: Path
) -> None:
    for checkpoint in (other_checkpoint, tiny_checkpoint):
        before = distances(shop.client)
        reembed(GalleryLocation(shop.gallery), checkpoint)
        wait_for_other_distances(shop.client, before)
        assert shop.found(0, kind="photo", k=12) == search_fresh_start(shop.gallery)
    shop.put("after", 50)
    assert shop.found(50)[0] == "after"


def test_an_import_goes_on_with_the_checkpoint_that_came_meanwhile(shop: Shop, other_checkpoint: Path) -> None:
    """The feed's photos are files, which an upload cannot have, so each line is reported as a problem."""
    old = distances(shop.client)
    lines = "\n".join(f'{{"id": "i{n}", "title": "I", "image_link": "x{n}.png"}}' for n in range(400))
    started = shop.client.post("/products/import", content=lines, headers={"Content-Type": "application/jsonl"})
    reembed(GalleryLocation(shop.gallery), other_checkpoint)
    wait_for_other_distances(shop.client, old)
    operation = shop.finished(started)
    assert (operation["state"], operation["total"]) == ("failed", 400)  # as no line could be used
    assert not [error for error in operation["errors"] if "checkpoint" in str(error)]


def test_writers_that_know_the_old_checkpoint_are_followed(shop: Shop, other_checkpoint: Path) -> None:
    old = distances(shop.client)
    answer("reembed", "--gallery", shop.gallery, "--checkpoint", other_checkpoint)
    assert shop.put("boot-1", 60).status_code == 200  # before the server has noticed
    assert shop.found(60)[0] == "boot-1"
    assert shop.client.delete("/products/boot-2").status_code == 200
    assert "boot-2" not in distances(shop.client) and not is_close(distances(shop.client), old)


def test_a_checkpoint_that_cannot_be_served_yet_is_tried_again_now_and_then(
    shop: Shop, other_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, tries = distances(shop.client), list[float]()

    def fail(_decoder: SketchDecoder) -> None:
        tries.append(time.monotonic())
        raise torch.OutOfMemoryError("no GPU memory for both")

    monkeypatch.setattr("app.serving.hot_swap._RETRY_SECONDS", 2.0)
    with monkeypatch.context() as full:
        full.setattr(SketchDecoder, "warm_up", fail)
        reembed(GalleryLocation(shop.gallery), other_checkpoint)
        assert shop.client.get("/").status_code == 200
        refused(
            shop.put("late", 1),
            503,
            "not_ready",
            "the new checkpoint of the gallery is not loaded yet; try again later",
        )
        deadline = time.monotonic() + 30
        while len(tries) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert tries[1] - tries[0] > 2
    wait_for_other_distances(shop.client, old)
    assert shop.put("late", 1).status_code == 201
