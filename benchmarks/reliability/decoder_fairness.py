"""Fairness of decoding: one client sends costly images continuously while others search by ordinary images.

    python -m benchmarks.reliability.decoder_fairness [--minutes 2] [--others 6] [--json]

The costly images are a picture of thousands of lines, which is slow to trace, and one of hundreds of ruled lines, which
is slow to clean. Five costly images per second are sent, alternately to POST /search and POST /strokes. Every other
client sends an ordinary image every two seconds. Ends with status 1 if less than 95 % of the ordinary images are
answered.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

import httpx
from PIL import Image, ImageDraw

from app.gallery.layout import GalleryLocation
from benchmarks.accuracy.served_accuracy import png
from benchmarks.support.report import create_parser, parse_options, print_figures
from benchmarks.support.server_process import Server
from benchmarks.support.write_clients import draw_photo, save_tiny_checkpoint
from index_builder.gallery.build import build

_PRODUCTS = 30
_COSTLY = 5.0  # images per second
_ORDINARY = 0.5  # images per second of every other client
_ENOUGH = 0.95
_HEADERS = {"Content-Type": "image/png"}


def draw_many_lines(seed: int, count: int = 3000, side: int = 1000) -> bytes:
    """Draw a PNG of some 60 kB with thousands of short lines."""
    rng, image = random.Random(seed), Image.new("1", (side, side), 1)
    pen = ImageDraw.Draw(image)
    for _ in range(count):
        x, y = rng.uniform(0, side), rng.uniform(0, side)
        pen.line((x, y, x + rng.uniform(-40, 40), y + rng.uniform(-40, 40)), fill=0)
    return png(image)


def draw_ruled_lines(gap: int = 6, side: int = 2047) -> bytes:
    """Draw a PNG with lines from edge to edge, all of which are taken for printed lines."""
    image = Image.new("1", (side, side), 1)
    for y in range(gap // 2, side, gap):
        ImageDraw.Draw(image).line((0, y, side, y), fill=0)
    return png(image)


async def attack(client: httpx.AsyncClient, until: float, answers: Counter[str]) -> None:
    """Send costly images at a steady rate without waiting for answers."""
    images = [draw_many_lines(1), draw_ruled_lines(), draw_many_lines(2)]
    async with asyncio.TaskGroup() as group:
        for number in itertools.count():
            if time.monotonic() >= until:
                break
            path = "/strokes" if number % 2 else "/search"
            group.create_task(_post(client, path, images[number % len(images)], answers))
            await asyncio.sleep(1 / _COSTLY)


async def search(client: httpx.AsyncClient, until: float, answers: Counter[str], times: list[float]) -> None:
    """Search by ordinary images, each after the previous answer."""
    rng = random.Random(client.headers["X-Forwarded-For"])
    while time.monotonic() < until:
        await asyncio.sleep(rng.expovariate(_ORDINARY))
        started = time.monotonic()
        await _post(client, "/search", draw_photo(rng.randrange(_PRODUCTS)), answers)
        times.append(time.monotonic() - started)


async def _post(client: httpx.AsyncClient, path: str, image: bytes, answers: Counter[str]) -> None:
    response = await client.post(path, content=image, headers=_HEADERS)
    answers[str(response.status_code)] += 1


async def attack_and_search(url: str, minutes: float, others: int) -> dict[str, object]:
    """Attack and search concurrently, and return the figures."""
    costly, ordinary, times = Counter[str](), Counter[str](), list[float]()
    until = time.monotonic() + 60 * minutes
    limits = httpx.Limits(max_connections=200, keepalive_expiry=2)
    clients = [
        httpx.AsyncClient(base_url=url, timeout=60, limits=limits, headers={"X-Forwarded-For": f"192.0.2.{number}"})
        for number in range(others + 1)
    ]
    await asyncio.gather(
        attack(clients[0], until, costly), *(search(client, until, ordinary, times) for client in clients[1:])
    )
    for client in clients:
        await client.aclose()
    return {
        "costly images": dict(costly),
        "ordinary images": dict(ordinary),
        "answered": round(ordinary["200"] / ordinary.total(), 3),
        "slowest ordinary image, s": round(max(times), 1),
    }


def main() -> None:
    """Build a gallery, serve it, attack it; ends with status 1 if too few ordinary images are answered."""
    parser = create_parser(__doc__)
    parser.add_argument("--minutes", type=float, default=2, help="duration in minutes (default: %(default)s)")
    parser.add_argument(
        "--others", type=int, default=6, help="number of clients that send ordinary images (default: %(default)s)"
    )
    options = parse_options(parser)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "photos").mkdir()
        for number in range(_PRODUCTS):
            (folder / "photos" / f"{number}.png").write_bytes(draw_photo(number))
        build(
            folder / "photos",
            GalleryLocation(folder / "gallery"),
            save_tiny_checkpoint(folder / "tiny.safetensors", seed=7),
        )
        with Server(folder / "gallery", folder / "server.log", trusted_proxies="127.0.0.1") as server:
            figures = asyncio.run(attack_and_search(server.url, options.minutes, options.others))
    print_figures(figures, as_json=options.json)
    raise SystemExit(figures["answered"] < _ENOUGH)  # type: ignore[operator]


if __name__ == "__main__":
    main()
