"""Clients that change a gallery over HTTP and remember what they were promised."""

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
from app.gallery.layout import CATALOGUE_FILE
from benchmarks.reliability.expected_products import FEED, Expected, State
from index_builder.gallery.build import build
from model.checkpoint import save_checkpoint
from model.network.dssa import DSSA, NetworkConfig
from model.preprocessing.preprocess import PreprocessConfig

PHOTOS = 6  # different ones
_IDS = 8  # products of a writer
_ANSWER = 120.0  # s within which everything has to be answered


class Client(ABC):
    """Client of the servers of one gallery. It asks any that still answers, until none does or stop() is called."""

    def __init__(self, urls: Sequence[str], key: str, expected: Expected, seed: float) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._servers = [httpx.Client(base_url=url, headers=headers, timeout=_ANSWER) for url in urls]
        self._expected, self._chance = expected, random.Random(seed)
        self._stopping = threading.Event()
        self.answers: Counter[str] = Counter()
        self.faults: list[str] = []  # answers that should not be

    def run(self) -> None:
        """Ask until no server is left."""
        while self._servers and not self._stopping.is_set():
            server = self._chance.choice(self._servers)
            try:
                self._ask(server)
            except httpx.TimeoutException:  # it may still be carried out, so nothing is known from here on
                self.faults.append(f"no answer within {_ANSWER:g} s")
                self.stop()
            except httpx.TransportError:
                self.answers["cut off"] += 1
                self._servers.remove(server)
                server.close()
        for server in self._servers:
            server.close()

    def stop(self) -> None:
        """Ask for nothing more."""
        self._stopping.set()

    @abstractmethod
    def _ask(self, server: httpx.Client) -> None:
        """Ask a server for one change."""

    def _note_refusal(self, response: httpx.Response) -> None:
        self.answers["refused"] += 1
        if response.status_code != 503 or "Retry-After" not in response.headers:
            self.faults.append(f"{response.status_code} {response.text}")


class Writer(Client):
    """Adds, replaces, renames and deletes products of its own."""

    def __init__(self, urls: Sequence[str], key: str, expected: Expected, name: str, seed: float) -> None:
        super().__init__(urls, key, expected, seed)
        self._name = name

    def _ask(self, server: httpx.Client) -> None:
        product_id = f"{self._name}-{self._chance.randrange(_IDS)}"
        before = self._expected.of(product_id)
        title = f"{product_id} {self._chance.randrange(10**9)}"
        way = self._chance.random()
        known = next(iter(before)) if len(before) == 1 else None
        if known is not None and way < 0.3:
            self._change("deleted", product_id, None, partial(server.delete, f"/products/{product_id}"))
        elif known is not None and way < 0.6:
            put = partial(server.put, f"/products/{product_id}", json={"title": title})
            self._change("changed", product_id, State(title, known.photo), put)
        else:
            photo = self._chance.randrange(PHOTOS)
            data, files = {"product": json.dumps({"title": title})}, {"photo": ("photo.png", photo_bytes(photo))}
            put = partial(server.put, f"/products/{product_id}", data=data, files=files)
            self._change("put", product_id, State(title, photo), put)

    def _change(self, what: str, product_id: str, state: State | None, request: partial[httpx.Response]) -> None:
        self._expected.wanted(product_id, state)
        response = request()
        if response.is_success:
            self._expected.acknowledged(product_id, state)
            self.answers[what] += 1
        else:
            self._note_refusal(response)


class Importer(Client):
    """Imports one feed after the other, each with other titles and photos for the same products."""

    def __init__(
        self, urls: Sequence[str], key: str, expected: Expected, photos: str, number: int, seed: float
    ) -> None:
        super().__init__(urls, key, expected, seed)
        self._photos, self._number, self._part = photos, number, 0

    def _ask(self, server: httpx.Client) -> None:
        state = State(f"import {self._number}.{self._part}", (self._number + self._part) % PHOTOS)
        self._part += 1
        link = f"{self._photos}/{state.photo}.png"
        lines = [{"id": f"feed-{n}", "title": state.title, "image_link": link} for n in range(FEED)]
        feed = "\n".join(map(json.dumps, lines))
        self._expected.feed_wanted(state)
        response = server.post("/products/import", content=feed, headers={"Content-Type": "application/jsonl"})
        if response.status_code != 202:
            return self._note_refusal(response)
        self._expected.feed_acknowledged()
        self.answers["imports"] += 1
        operation = response.headers["Location"]
        while not self._stopping.is_set() and server.get(operation).json().get("state") in ("queued", "running"):
            pass
        return None


def write_key(gallery: Path) -> str:
    """A new key to a gallery that may write."""
    with closing(Catalogue(sqlite_url(gallery / CATALOGUE_FILE))) as catalogue:
        return catalogue.keys.add("benchmark", "write")


class Shop:
    """A web server with the photos of feeds."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory()
        for number in range(PHOTOS):
            (Path(self._folder.name) / f"{number}.png").write_bytes(photo_bytes(number))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=self._folder.name))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Shop:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._folder.cleanup()

    def make_gallery(self, directory: Path) -> None:
        """A gallery with one product for each photo, embedded by a tiny random network."""
        checkpoint = directory.parent / "tiny.safetensors"
        tiny_checkpoint(checkpoint, seed=7)
        build(Path(self._folder.name), directory, checkpoint)

    def photo_names(self, url: str, key: str) -> list[str]:
        """How the server calls the photos; deletes the products that showed them."""
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
            names = [client.get(f"/products/{n}").json()["photo_url"].rpartition("/")[2] for n in range(PHOTOS)]
            for number in range(PHOTOS):
                client.delete(f"/products/{number}").raise_for_status()
        return names


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def observed(client: httpx.Client, photo_names: list[str]) -> dict[str, State]:
    """Every product that the server lists."""
    found: dict[str, State] = {}
    after: str | None = ""
    while after is not None:
        page = client.get("/products", params={"after": after} if after else {}).json()
        for product in page["products"]:
            name = product["photo_url"].rpartition("/")[2]
            found[product["product_id"]] = State(product["title"], photo_names.index(name))
        after = page["next"]
    return found


def tiny_checkpoint(path: Path, seed: int) -> Path:
    """A random network whose stem alone tells shapes apart."""
    torch.manual_seed(seed)
    network = DSSA(NetworkConfig("orientations", "residual", "shortcut", ("coarse", "stem"), "holef")).eval()
    return save_checkpoint(path, network, PreprocessConfig(size=64))


def photo_bytes(number: int) -> bytes:
    """A PNG of some shapes that only this number has."""
    random = np.random.default_rng(number)
    image = Image.new("RGB", (160, 120), "white")
    pen = ImageDraw.Draw(image)
    for _ in range(4):
        points = random.uniform((10, 10), (150, 110), (5, 2))
        pen.polygon([(float(x), float(y)) for x, y in points], fill=tuple(int(v) for v in random.integers(0, 200, 3)))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
