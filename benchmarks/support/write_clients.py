"""Clients that change a gallery over HTTP and record the acknowledged changes."""

from __future__ import annotations

import io
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
from typing import Self

import httpx
import numpy as np
import torch
from PIL import Image, ImageDraw

from app.gallery.layout import GalleryLocation
from index_builder.gallery.build import build
from model.checkpoint import save_checkpoint
from model.network.dssa import DSSA, NetworkConfig
from model.preprocessing.preprocess import PreprocessConfig

PHOTOS = 6  # different photos
_ANSWER = 120.0  # s: time limit of every answer


class Client(ABC):
    """Client of the servers of one gallery. It sends requests until no server answers or stop() is called."""

    def __init__(self, urls: Sequence[str], key: str, seed: float) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._servers = [httpx.Client(base_url=url, headers=headers, timeout=_ANSWER) for url in urls]
        self._rng = random.Random(seed)
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


def add_write_key(gallery: Path, catalogue_url: str | None = None) -> str:
    """Add an API key with write access to a gallery and return it."""
    with closing(GalleryLocation(gallery, catalogue_url).open_catalogue()) as catalogue:
        return catalogue.keys.add("benchmark", "write")


class FolderServer:
    """Web server of the files of a folder, in the block of a `with`."""

    def __init__(self, folder: Path) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_QuietHandler, directory=str(folder)))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class PhotoServer(FolderServer):
    """Web server of the photos of feeds."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory()
        for number in range(PHOTOS):
            (Path(self._folder.name) / f"{number}.png").write_bytes(draw_photo(number))
        super().__init__(Path(self._folder.name))

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._folder.cleanup()

    def make_gallery(self, directory: Path, catalogue_url: str | None = None) -> None:
        """Build a gallery with one product for each photo, embedded by a tiny random network."""
        checkpoint = directory.parent / "tiny.safetensors"
        save_tiny_checkpoint(checkpoint, seed=7)
        build(Path(self._folder.name), GalleryLocation(directory, catalogue_url), checkpoint)

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
