"""Private gallery with a write key, and write requests."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.decoding.decoder_process import Answer
from app.decoding.worker_pool import DecoderPool, DecoderUnavailableError
from app.gallery.layout import CATALOGUE_FILE
from model.preprocessing.images import ImageTooCostlyError
from tests.conftest import draw_product, serving
from tests.support.sketch_files import PNG, image_file


@dataclass
class Shop:
    """Served gallery and a client with write access."""

    gallery: Path
    client: httpx.Client

    def put(self, product_id: str, *seeds: int, **metadata: Any) -> httpx.Response:
        """PUT a product with drawn photos, and with metadata if there is any."""
        files: list[tuple[str, Any]] = [("photo", ("p.png", photo(seed), "image/png")) for seed in seeds]
        if metadata:
            files.append(("product", (None, json.dumps(metadata))))
        return self.client.put(f"/products/{product_id}", files=files)

    def found(self, seed: int, **query: Any) -> list[str]:
        """Search for a drawn product and list the ids of the results, nearest first."""
        response = self.client.post("/search", params=query, content=photo(seed), headers=PNG)
        assert response.status_code == 200, response.text
        return [result["product_id"] for result in response.json()["results"]]

    def finished(self, response: httpx.Response) -> dict[str, Any]:
        """Wait for the operation started by a response, and return it."""
        assert response.status_code == 202, response.text
        return wait_for(self.client, response.headers["location"])


def wait_for(client: httpx.Client, location: str) -> dict[str, Any]:
    """Wait until an operation is done or has failed, and return it."""
    deadline = time.monotonic() + 60
    while True:
        operation: dict[str, Any] = client.get(location).json()
        if operation["state"] in ("done", "failed", "cancelled"):
            return operation
        assert time.monotonic() < deadline, operation
        time.sleep(0.05)


def photo(seed: int) -> bytes:
    """Draw a product's photo."""
    return image_file(draw_product(seed))


def too_costly(costly: bytes) -> Callable[[DecoderPool, bytes, bytes], Answer]:
    """Make a DecoderPool.request() that raises ImageTooCostlyError for this image."""
    request = DecoderPool.request

    def refuse_costly(pool: DecoderPool, header: bytes, data: bytes) -> Answer:
        if data == costly:
            raise ImageTooCostlyError(f"{len(data)} bytes take a great deal")
        return request(pool, header, data)

    return refuse_costly


def too_busy(data: bytes, times: int) -> Callable[[DecoderPool, bytes, bytes], Answer]:
    """Make a DecoderPool.request() that fails to decode this image in time, `times` times."""
    request, left = DecoderPool.request, iter(range(times))

    def refuse_busy(pool: DecoderPool, header: bytes, image: bytes) -> Answer:
        if image == data and next(left, None) is not None:
            raise DecoderUnavailableError("busy: try again later")
        return request(pool, header, image)

    return refuse_busy


def own_gallery(tiny_gallery: Path, folder: Path) -> tuple[Path, str]:
    """Copy a gallery, and add a write key to it."""
    gallery = Path(shutil.copytree(tiny_gallery, folder / "gallery"))
    catalogue = Catalogue(sqlite_url(gallery / CATALOGUE_FILE))
    key = catalogue.keys.add("shop", "write")
    catalogue.close()
    return gallery, key


@contextmanager
def opened(gallery: Path, key: str, **settings: Any) -> Iterator[Shop]:
    """Serve a gallery until the block ends."""
    headers = {"Authorization": f"Bearer {key}"}
    with (
        serving(gallery, **settings) as url,
        httpx.Client(base_url=url, timeout=30, headers=headers, verify=False) as client,  # loads no certificates
    ):
        yield Shop(gallery, client)
