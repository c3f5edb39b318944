"""Clients that change a gallery over HTTP and record the acknowledged changes."""

from __future__ import annotations

import io
import json
import random
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import numpy as np
import torch
from PIL import Image, ImageDraw

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.gallery.layout import CATALOGUE_FILE, GalleryLocation
from benchmarks.reliability.expected_products import FEED_SIZE, ExpectedProducts, ProductState
from index_builder.gallery.build import build
from model.checkpoint import save_checkpoint
from model.network.dssa import DSSA, NetworkConfig
from model.preprocessing.preprocess import PreprocessConfig

PHOTOS = 6  # different photos
_IDS = 8  # products per writer
_ANSWER = 120.0  # s: time limit of every answer


class Client(ABC):
    """Client of the servers of one gallery. It sends requests until no server answers or stop() is called."""

    def __init__(self, urls: Sequence[str], key: str, expected: ExpectedProducts, seed: float) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._servers = [httpx.Client(base_url=url, headers=headers, timeout=_ANSWER) for url in urls]
        self._expected, self._rng = expected, random.Random(seed)
        self._stopping = threading.Event()
        self.answers: Counter[str] = Counter()
        self.faults: list[str] = []  # unexpected answers

    def run(self) -> None:
        """Send requests until no server is left."""
        while self._servers and not self._stopping.is_set():
            server = self._rng.choice(self._servers)
            try:
                self._send_change(server)
            except httpx.TimeoutException:  # the request may still be executed, so its outcome is unknown
                self.faults.append(f"no answer within {_ANSWER:g} s")
                self.stop()
            except httpx.TransportError:
                self.answers["cut off"] += 1
                self._servers.remove(server)
                server.close()
        for server in self._servers:
            server.close()

    def stop(self) -> None:
        """Stop sending requests."""
        self._stopping.set()

    @abstractmethod
    def _send_change(self, server: httpx.Client) -> None:
        """Request one change from a server."""

    def _record_refusal(self, response: httpx.Response) -> None:
        self.answers["refused"] += 1
        if response.status_code != 503 or "Retry-After" not in response.headers:
            self.faults.append(f"{response.status_code} {response.text}")


class ProductWriter(Client):
    """Client that adds, replaces, renames and deletes its own products."""

    def __init__(self, urls: Sequence[str], key: str, expected: ExpectedProducts, name: str, seed: float) -> None:
        super().__init__(urls, key, expected, seed)
        self._name = name

    def _send_change(self, server: httpx.Client) -> None:
        product_id = f"{self._name}-{self._rng.randrange(_IDS)}"
        before = self._expected.possible_states(product_id)
        title = f"{product_id} {self._rng.randrange(10**9)}"
        way = self._rng.random()
        known = next(iter(before)) if len(before) == 1 else None
        if known is not None and way < 0.3:
            self._send("deleted", product_id, None, partial(server.delete, f"/products/{product_id}"))
        elif known is not None and way < 0.6:
            put = partial(server.put, f"/products/{product_id}", json={"title": title})
            self._send("changed", product_id, ProductState(title, known.photo), put)
        else:
            photo = self._rng.randrange(PHOTOS)
            data, files = {"product": json.dumps({"title": title})}, {"photo": ("photo.png", draw_photo(photo))}
            put = partial(server.put, f"/products/{product_id}", data=data, files=files)
            self._send("put", product_id, ProductState(title, photo), put)

    def _send(self, kind: str, product_id: str, state: ProductState | None, request: partial[httpx.Response]) -> None:
        self._expected.record_request(product_id, state)
        response = request()
        if response.is_success:
            self._expected.record_acknowledgement(product_id, state)
            self.answers[kind] += 1
        else:
            self._record_refusal(response)


class FeedImporter(Client):
    """Client that imports feeds, each with other titles and photos for the same products."""

    def __init__(
        self, urls: Sequence[str], key: str, expected: ExpectedProducts, photos: str, number: int, seed: float
    ) -> None:
        super().__init__(urls, key, expected, seed)
        self._photos, self._number, self._part = photos, number, 0

    def _send_change(self, server: httpx.Client) -> None:
        state = ProductState(f"import {self._number}.{self._part}", (self._number + self._part) % PHOTOS)
        self._part += 1
        link = f"{self._photos}/{state.photo}.png"
        lines = [{"id": f"feed-{n}", "title": state.title, "image_link": link} for n in range(FEED_SIZE)]
        feed = "\n".join(map(json.dumps, lines))
        self._expected.record_feed_request(state)
        response = server.post("/products/import", content=feed, headers={"Content-Type": "application/jsonl"})
        if response.status_code != 202:
            return self._record_refusal(response)
        self._expected.record_feed_acknowledgement()
        self.answers["imports"] += 1
        operation = response.headers["Location"]
        while not self._stopping.is_set() and server.get(operation).json().get("state") in ("queued", "running"):
            pass
        return None


def add_write_key(gallery: Path) -> str:
    """Add an API key with write access to a gallery and return it."""
    with closing(Catalogue(sqlite_url(gallery / CATALOGUE_FILE))) as catalogue:
        return catalogue.keys.add("benchmark", "write")


class PhotoServer:
    """Web server of the photos of feeds."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory()
        for number in range(PHOTOS):
            (Path(self._folder.name) / f"{number}.png").write_bytes(draw_photo(number))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_QuietHandler, directory=self._folder.name))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> PhotoServer:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._folder.cleanup()

    def make_gallery(self, directory: Path) -> None:
        """Build a gallery with one product for each photo, embedded by a tiny random network."""
        checkpoint = directory.parent / "tiny.safetensors"
        save_tiny_checkpoint(checkpoint, seed=7)
        build(Path(self._folder.name), GalleryLocation(directory), checkpoint)

    def photo_names(self, url: str, key: str) -> list[str]:
        """List the server's names of the photos, then delete the products of make_gallery()."""
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
            names = [client.get(f"/products/{n}").json()["photo_url"].rpartition("/")[2] for n in range(PHOTOS)]
            for number in range(PHOTOS):
                client.delete(f"/products/{number}").raise_for_status()
        return names


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Suppress the log of requests."""


def list_products(client: httpx.Client, photo_names: list[str]) -> dict[str, ProductState]:
    """List every product of the server, by id."""
    products: dict[str, ProductState] = {}
    after: str | None = ""
    while after is not None:
        page = client.get("/products", params={"after": after} if after else {}).json()
        for product in page["products"]:
            name = product["photo_url"].rpartition("/")[2]
            products[product["product_id"]] = ProductState(product["title"], photo_names.index(name))
        after = page["next"]
    return products


def save_tiny_checkpoint(path: Path, seed: int) -> Path:
    """Save a random network whose stem alone distinguishes shapes."""
    torch.manual_seed(seed)
    network = DSSA(NetworkConfig("orientations", "residual", "shortcut", ("coarse", "stem"), "holef")).eval()
    return save_checkpoint(path, network, PreprocessConfig(size=64))


def draw_photo(number: int) -> bytes:
    """Draw a PNG of random shapes, different for every number."""
    random = np.random.default_rng(number)
    image = Image.new("RGB", (160, 120), "white")
    pen = ImageDraw.Draw(image)
    for _ in range(4):
        points = random.uniform((10, 10), (150, 110), (5, 2))
        pen.polygon([(float(x), float(y)) for x, y in points], fill=tuple(int(v) for v in random.integers(0, 200, 3)))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
