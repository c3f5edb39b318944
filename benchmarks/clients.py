"""Clients that change a gallery over HTTP and remember what they were promised."""

from __future__ import annotations

import io
import json
import random
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import httpx
import numpy as np
import torch
from PIL import Image, ImageDraw

from app.catalogue import Catalogue, sqlite_url
from app.gallery import CATALOGUE_FILE
from index_builder.build import build
from model.checkpoint import save_checkpoint
from model.network import DSSA, NetworkConfig
from model.preprocess import PreprocessConfig

PHOTOS = 6  # different ones
_FEED = 12  # products of a feed
_IDS = 8  # products of a writer


class State(NamedTuple):
    """What a product is: the title that it was last given, and which of the photos it has."""

    title: str
    photo: int


Possible = frozenset[State | None]
"""What a product may be, None for not there: more than one thing when a change was never answered."""


class Expected:
    """What may be in the gallery. Every client has products of its own; feeds have theirs in common."""

    def __init__(self, photo_names: list[str]) -> None:
        self.photo_names = photo_names  # as photo_url ends
        self._lock = threading.Lock()
        self._possible: dict[str, Possible] = {}
        # what feeds may have made of theirs, None for nothing: the last that was accepted, and later ones
        self._feeds: list[State | None] = [None]

    def of(self, product_id: str) -> Possible:
        """What a product may be."""
        return self._possible.get(product_id, frozenset({None}))

    def wanted(self, product_id: str, state: State | None) -> None:
        """A change is about to be asked for."""
        with self._lock:
            self._possible[product_id] = self.of(product_id) | {state}

    def acknowledged(self, product_id: str, state: State | None) -> None:
        """It was answered: from now on it has to be there."""
        with self._lock:
            self._possible[product_id] = frozenset({state})

    def feed_wanted(self, state: State) -> None:
        """A feed is about to be sent."""
        self._feeds.append(state)

    def feed_acknowledged(self) -> None:
        """It was accepted: no earlier one counts any more."""
        del self._feeds[:-1]

    def present(self) -> list[str]:
        """Products that are surely there."""
        return [name for name, possible in self._possible.items() if None not in possible]

    def settle(self, found: Mapping[str, State]) -> None:
        """What is found is what was; raises AssertionError when that cannot be."""
        fed = {name: state for name, state in found.items() if name.startswith("feed-")}
        made: set[State | None] = set(fed.values()) or {None}
        assert len(made) == 1 and len(fed) in (0, _FEED), f"an import is half there: {fed}"
        assert made <= set(self._feeds), f"feeds made {made}: expected one of {self._feeds}"
        self._feeds = list(made)
        names = set(self._possible) | (set(found) - set(fed))
        for name in names:
            state = found.get(name)
            assert state in self.of(name), f"{name} is {state}: expected one of {set(self.of(name))}"
            self._possible[name] = frozenset({state})


class Writer:
    """Adds, replaces, renames and deletes products of its own, until the server is gone."""

    def __init__(self, url: str, key: str, expected: Expected, name: str, seed: float) -> None:
        self._client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30)
        self._expected, self._name, self._chance = expected, name, random.Random(seed)
        self.answers: Counter[str] = Counter()
        self.faults: list[str] = []  # answers that should not be

    def run(self) -> None:
        """Go on until there is no answer."""
        with self._client:
            try:
                while True:
                    self._change(f"{self._name}-{self._chance.randrange(_IDS)}")
            except httpx.TransportError:
                self.answers["cut off"] += 1

    def _change(self, product_id: str) -> None:
        before = self._expected.of(product_id)
        title = f"{product_id} {self._chance.randrange(10**9)}"
        way = self._chance.random()
        known = next(iter(before)) if len(before) == 1 else None
        if known is not None and way < 0.3:
            self._ask("deleted", product_id, None, partial(self._client.delete, f"/products/{product_id}"))
        elif known is not None and way < 0.6:
            put = partial(self._client.put, f"/products/{product_id}", json={"title": title})
            self._ask("changed", product_id, State(title, known.photo), put)
        else:
            photo = self._chance.randrange(PHOTOS)
            data, files = {"product": json.dumps({"title": title})}, {"photo": ("photo.png", photo_bytes(photo))}
            put = partial(self._client.put, f"/products/{product_id}", data=data, files=files)
            self._ask("put", product_id, State(title, photo), put)

    def _ask(self, what: str, product_id: str, state: State | None, request: partial[httpx.Response]) -> None:
        self._expected.wanted(product_id, state)
        response = request()
        if response.is_success:
            self._expected.acknowledged(product_id, state)
            self.answers[what] += 1
        else:
            _note_refusal(self, response)


class Importer:
    """Imports one feed after the other, each with other titles and photos for the same products."""

    def __init__(self, url: str, key: str, expected: Expected, photos: str, number: int) -> None:
        self._client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30)
        self._expected, self._photos, self._number = expected, photos, number
        self.answers: Counter[str] = Counter()
        self.faults: list[str] = []  # answers that should not be

    def run(self) -> None:
        """Go on until there is no answer."""
        with self._client:
            try:
                for part in range(1000):
                    self._import(State(f"import {self._number}.{part}", (self._number + part) % PHOTOS))
            except httpx.TransportError:
                self.answers["cut off"] += 1

    def _import(self, state: State) -> None:
        link = f"{self._photos}/{state.photo}.png"
        lines = [{"id": f"feed-{n}", "title": state.title, "image_link": link} for n in range(_FEED)]
        feed = "\n".join(map(json.dumps, lines))
        self._expected.feed_wanted(state)
        response = self._client.post("/products/import", content=feed, headers={"Content-Type": "application/jsonl"})
        if response.status_code != 202:
            return _note_refusal(self, response)
        self._expected.feed_acknowledged()
        self.answers["imports"] += 1
        operation = response.headers["Location"]
        while self._client.get(operation).json().get("state") in ("queued", "running"):
            pass
        return None


def _note_refusal(client: Writer | Importer, response: httpx.Response) -> None:
    client.answers["refused"] += 1
    if response.status_code != 503 or "Retry-After" not in response.headers:
        client.faults.append(f"{response.status_code} {response.text}")


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
