"""Fixtures of several tests: a tiny random network, a dozen photos, a gallery of them, and a server of that."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core per test; torch and FAISS read it when they are imported
os.environ["SKETCHFIND_ENGINE"] = "onnxruntime"  # else the fastest, of which results differ in their last digits

import gc
import socket
import threading
import time
from asyncio.events import _get_running_loop, _set_running_loop
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
import uvicorn
from PIL import Image, ImageDraw
from starlette.types import ASGIApp

from app.asgi.connection import TimeoutProtocol
from app.gallery.layout import GalleryLocation
from app.gallery.storage.file_storage import FileStorage
from app.gallery.storage.folder_storage import FolderStorage
from app.gallery.storage.opening import open_bucket
from index_builder.gallery.build import build
from model.checkpoint import load_checkpoint, save_checkpoint
from model.network.dssa import DSSA, NetworkConfig
from model.preprocessing.preprocess import PreprocessConfig
from tests.support.buckets import Buckets
from tests.support.buckets import running as running_buckets

# id, category, price, photo: a product of every kind that filters distinguish
PRODUCTS = [
    ("boot-1", "Shoes > Boots", "129.00 EUR", "shoes/boot-1.png"),
    ("boot-2", "Shoes > Boots", "89.50 EUR", "shoes/boot-2.png"),
    ("pump-1", "Shoes > Pumps", "59.90 EUR", "shoes/pump-1.png"),
    ("pump-2", "Shoes > Pumps", "", "shoes/pump-2.png"),
    ("clog-1", "Shoes", "25.00 EUR", "shoes/clog-1.png"),
    ("stool-1", "Chairs > Stools", "45.00 EUR", "chairs/stool-1.png"),
    ("stool-2", "Chairs > Stools", "49.00 EUR", "chairs/stool-2.png"),
    ("sofa-1", "Chairs > Sofas", "899.00 EUR", "chairs/sofa-1.png"),
    ("tote-1", "Bags > Totes", "39.99 EUR", "bags/tote-1.png"),
    ("tote-2", "Bags > Totes", "59.90 EUR", "bags/tote-2.png"),
    ("sack-1", "Bags", "19.00 EUR", "bags/sack-1.png"),
    ("odd-1", "", "5.00 EUR", "odd-1.png"),
]
COLORS = {"boot-2": "Black/Red", "pump-1": "black"}  # all others are red


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Exempt all that collection imports from garbage collection: it stays, and scanning it again costs seconds."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files of the page's tests evenly among all others: they wait for a browser while others compute."""
    files: dict[bool, dict[Path, int]] = {True: {}, False: {}}  # of the page or not -> file -> number in this order
    for item in items:
        group = files["page" in item.path.parts]
        group.setdefault(item.path, len(group))

    def share(item: pytest.Item) -> tuple[float, str]:
        group = files["page" in item.path.parts]
        return (group[item.path] + 0.5) / len(group), str(item.path)

    items.sort(key=share)


@pytest.fixture(autouse=True)
def no_running_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """Hide the event loop of Playwright, which runs in this thread once a browser is open: asyncio refuses a second."""
    if "page" in request.path.parts:
        yield
        return
    loop = _get_running_loop()
    _set_running_loop(None)
    yield
    _set_running_loop(loop)


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Save a random network whose stem alone distinguishes shapes, with a HOLEF that is not Euclidean."""
    torch.manual_seed(7)
    network = DSSA(NetworkConfig("orientations", "residual", "shortcut", ("coarse", "stem"), "holef")).eval()
    weight: torch.nn.Parameter = network.distance.weight  # type: ignore[assignment]
    with torch.no_grad():
        weight.add_(0.002 * torch.randn_like(weight))
    path = tmp_path_factory.mktemp("checkpoint") / "tiny.safetensors"
    engine = load_checkpoint(save_checkpoint(path, network, PreprocessConfig(size=64))).engine
    yield path
    del engine  # kept until here: one that nothing uses is made anew for each gallery and server


@pytest.fixture(scope="session")
def other_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save another random network with other dimensions, another distance and another frame size."""
    torch.manual_seed(8)
    network = DSSA(NetworkConfig("orientations", "residual", "none", ("stem",), "euclidean")).eval()
    path = tmp_path_factory.mktemp("checkpoint") / "other.safetensors"
    return save_checkpoint(path, network, PreprocessConfig(size=96))


@pytest.fixture(scope="session")
def photo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a dozen photos into directories by kind.

    Tests must not change it; they can make their own photos by tests.conftest.draw_product().
    """
    folder = tmp_path_factory.mktemp("photos")
    for number, (*_, name) in enumerate(PRODUCTS):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        draw_product(number).save(path)
    return folder


@pytest.fixture(scope="session")
def feed(photo_folder: Path) -> Path:
    """Write a feed file of the same photos, with titles, categories, colours and prices."""
    lines = ["id\ttitle\tproduct_type\tcolor\tgender\tprice\tlink\timage_link"]
    for name, category, price, photo in PRODUCTS:
        title = name.replace("-", " number ").capitalize()
        link, color = f"https://shop.example/{name}", COLORS.get(name, "red")
        lines.append(f"{name}\t{title}\t{category}\t{color}\twomen\t{price}\t{link}\t{photo}")
    path = photo_folder / "feed.tsv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="session")
def tiny_gallery(tmp_path_factory: pytest.TempPathFactory, feed: Path, tiny_checkpoint: Path) -> Path:
    """Build a gallery from the feed. Tests must not write to it."""
    directory = tmp_path_factory.mktemp("gallery") / "gallery"
    build(feed, GalleryLocation(directory), tiny_checkpoint)
    return directory


@pytest.fixture(scope="session")
def buckets() -> Iterator[Buckets]:
    """Run one S3 server per test process, and let boto3 of this process know it by the environment."""
    with running_buckets() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        yield server


@pytest.fixture(params=["folder", "bucket"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> FileStorage:
    """Make a storage of files, without any: a folder, or a prefix in a bucket."""
    if request.param == "folder":
        return FolderStorage(tmp_path / "photos")
    buckets: Buckets = request.getfixturevalue("buckets")
    return open_bucket(buckets.place())


@pytest.fixture(scope="session")
def live_server(tiny_gallery: Path) -> Iterator[str]:
    """Serve the tiny gallery in a thread of this process and yield the base URL."""
    with serving(tiny_gallery) as url:
        yield url


_NO_LIMITS: dict[str, object] = {"search_rate": 0, "write_rate": 0}


def _leave_unchanged(app: ASGIApp) -> ASGIApp:
    return app


@contextmanager
def serving(
    gallery: Path, port: int = 0, within: Callable[[ASGIApp], ASGIApp] = _leave_unchanged, **settings: object
) -> Iterator[str]:
    """Serve a gallery in a thread of this process until the block ends, and yield the base URL.

    `within` wraps the app, like a network or a proxy. Rate limits are off by default.
    """
    from app.main import create_app
    from app.settings import load_settings

    with running(within(create_app(load_settings(gallery=gallery, **_NO_LIMITS | settings))), port) as url:
        yield url


@contextmanager
def running(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """Serve an app in a thread of this process until the block ends, and yield the base URL."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        config = uvicorn.Config(
            app, http=TimeoutProtocol, log_level="warning", ws="none", server_header=False, proxy_headers=False
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 30
        while not server.started:
            assert thread.is_alive() and time.monotonic() < deadline, "the server did not start"
            time.sleep(0.02)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


def draw_product(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Draw a photo, different for every seed: shapes in a few colours on white."""
    random = np.random.default_rng(seed)
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    width, height = size
    for _ in range(4):
        points = random.uniform((0.1 * width, 0.1 * height), (0.9 * width, 0.9 * height), (5, 2))
        colour = tuple(int(value) for value in random.integers(0, 200, 3))
        pen.polygon([(float(x), float(y)) for x, y in points], fill=colour)
    return image
