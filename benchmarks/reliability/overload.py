"""Overload test: twice the server's capacity in searches and writes, with checks of answers, refusals and memory.

    python -m benchmarks.reliability.overload [--minutes 30] [--products 300] [--json]

First measures the searches per second that the server answers to two clients, each waiting for its answers. Then sends
twice as many requests per second, at random moments, a tenth of them writes. Unwritten products must have the same
order and the same distances in every answer. Written products must have the last acknowledged version, or a newer one.
Refusals must have the documented shape and a Retry-After. Memory is that of all of the server's processes.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from app.gallery.layout import GalleryLocation
from benchmarks.support.report import create_parser, parse_options, print_figures
from benchmarks.support.server_process import Server, measure_memory
from benchmarks.support.write_clients import add_write_key, draw_photo, save_tiny_checkpoint
from index_builder.gallery.build import build

_WRITES = 0.1  # of all requests
_WRITTEN = 20  # products to write; the others remain unchanged
_WARM = 10.0  # s of the measurement of the capacity
_CROWD = 256  # concurrent requests, at most: the number of connections of a proxy
_EVERY = 2.0  # s between measurements of the memory
_MIB = 2**20


@dataclass
class Outcomes:
    """Outcomes of the load."""

    latencies: list[float] = field(default_factory=list)  # s, of accepted searches
    answers: Counter[str] = field(default_factory=Counter)
    memory: list[float] = field(default_factory=list)  # MiB
    wrong: list[str] = field(default_factory=list)


class Load:
    """Load on one server, with the last acknowledged and the last requested version of every written product."""

    def __init__(self, client: httpx.AsyncClient, key: str, rng: random.Random) -> None:
        self._client, self._rng = client, rng
        self._key = {"Authorization": f"Bearer {key}"}
        self._sketches = [_draw_sketch(rng) for _ in range(8)]
        self._truth: list[list[tuple[str, float]]] = []
        self._acknowledged: Counter[str] = Counter()
        self._requested: Counter[str] = Counter()
        self._busy: set[str] = set()
        self.outcomes = Outcomes()

    async def prepare(self) -> None:
        """Make the products to write, and record the results of every sketch among the others."""
        for number in range(_WRITTEN):
            await self._write(f"written-{number}")
        for sketch in self._sketches:
            answer = (await self._client.post("/search?k=100", json=sketch)).raise_for_status().json()
            self._truth.append(_unwritten(answer))

    async def measure_capacity(self) -> float:
        """Measure the searches per second of two clients that each wait for their answers."""
        until = time.monotonic() + _WARM
        counts = await asyncio.gather(*(self._search_until(until) for _ in range(2)))
        return sum(counts) / _WARM

    async def _search_until(self, until: float) -> int:
        count = 0
        while time.monotonic() < until:
            await self._client.post("/search?k=100", json=self._sketches[0])
            count += 1
        return count

    async def send_requests(self, rate: float, seconds: float) -> None:
        """Send `rate` requests per second, at random moments, and wait for all answers."""
        crowd, running = asyncio.Semaphore(_CROWD), set[asyncio.Task[None]]()

        def finish(task: asyncio.Task[None]) -> None:
            running.discard(task)
            crowd.release()
            if error := task.exception():
                self.outcomes.wrong.append(f"no answer: {error!r}")

        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await asyncio.sleep(self._rng.expovariate(rate))
            if crowd.locked():
                self.outcomes.answers["not sent: too many wait already"] += 1
                continue
            await crowd.acquire()
            task = asyncio.create_task(self._send_request())
            running.add(task)
            task.add_done_callback(finish)
        await asyncio.gather(*running, return_exceptions=True)

    async def check_written(self) -> None:
        """Check that every written product has its last acknowledged version, or that of an unanswered change."""
        for name in sorted(self._requested):
            product = (await self._client.get(f"/products/{name}")).json()
            self._check_version(product, self._acknowledged[name], self._requested[name])

    async def _send_request(self) -> None:
        free = [f"written-{n}" for n in range(_WRITTEN) if f"written-{n}" not in self._busy]
        if free and self._rng.random() < _WRITES:
            await self._write(self._rng.choice(free))
        else:
            await self.search(self._rng.randrange(len(self._sketches)))

    async def search(self, number: int) -> None:
        """Search by a sketch and check the answer."""
        known, started = dict(self._acknowledged), time.monotonic()
        response = await self._client.post("/search?k=100", json=self._sketches[number])
        if self._is_refused(response, "search"):
            return
        self.outcomes.latencies.append(time.monotonic() - started)
        answer = response.json()
        # written products may displace the last results, so the lists can differ in length
        pairs = list(zip(_unwritten(answer), self._truth[number], strict=False))
        if any(name != known or abs(distance - true) > 1e-3 for (name, distance), (known, true) in pairs):
            self.outcomes.wrong.append(f"sketch {number} finds {pairs[:5]}")
        for product in answer["results"]:
            name = product["product_id"]
            if name in known:
                self._check_version(product, known[name], self._requested[name])

    async def _write(self, name: str) -> None:
        self._busy.add(name)
        self._requested[name] += 1
        version = self._requested[name]
        data = {"product": json.dumps({"title": f"version {version}"})}
        photo = {"photo": ("photo.png", draw_photo(self._rng.randrange(1000, 1010)))}
        response = await self._client.put(f"/products/{name}", data=data, files=photo, headers=self._key)
        self._busy.discard(name)
        if not self._is_refused(response, "write"):
            self._acknowledged[name] = version

    def _check_version(self, product: dict[str, Any], oldest: int, newest: int) -> None:
        version = int(product["title"].removeprefix("version "))
        if not oldest <= version <= newest:
            self.outcomes.wrong.append(f"{product['product_id']} is version {version}: expected {oldest} to {newest}")

    def _is_refused(self, response: httpx.Response, kind: str) -> bool:
        self.outcomes.answers[f"{kind} {response.status_code}"] += 1
        if response.is_success:
            return False
        clean = response.status_code in (429, 503) and "Retry-After" in response.headers
        if not clean or set(response.json()["error"]) != {"code", "message", "detail"}:
            self.outcomes.wrong.append(f"{kind}: {response.status_code} {response.text[:200]}")
        return True


async def run_load(server: Server, key: str, minutes: float, seed: int) -> dict[str, object]:
    """Measure, load and check the server, and return the figures."""
    # the client closes idle connections before the server does, which could close one at the moment of its reuse
    limits = httpx.Limits(max_connections=_CROWD + 8, keepalive_expiry=2)
    async with httpx.AsyncClient(base_url=server.url, timeout=120, limits=limits) as client:
        load = Load(client, key, random.Random(seed))
        await load.prepare()
        capacity = await load.measure_capacity()
        single = await _measure_single_client(load)
        load.outcomes = Outcomes(memory=[], wrong=load.outcomes.wrong)
        watching = asyncio.create_task(_watch_memory(server.pid, load.outcomes.memory))
        await load.send_requests(2 * capacity, 60 * minutes)
        watching.cancel()
        await load.check_written()
    return _make_figures(load.outcomes, capacity, single, minutes)


async def _measure_single_client(load: Load) -> float:
    load.outcomes.latencies.clear()
    for _ in range(20):
        await load.search(0)
    return float(np.median(load.outcomes.latencies))


async def _watch_memory(pid: int, memory: list[float]) -> None:
    while True:
        memory.append(measure_memory(pid) / _MIB)
        await asyncio.sleep(_EVERY)


def _make_figures(outcomes: Outcomes, capacity: float, single: float, minutes: float) -> dict[str, object]:
    third = max(1, len(outcomes.memory) // 3)
    first, last = np.mean(outcomes.memory[:third]), np.mean(outcomes.memory[-third:])
    p50, p99 = np.percentile(outcomes.latencies, [50, 99])
    return {
        "minutes": minutes,
        "searches a second it can do": round(capacity, 1),
        "answers": dict(sorted(outcomes.answers.items())),
        "wrong": len(outcomes.wrong),
        "first wrong": outcomes.wrong[:3],
        "p50 / p50 of one client": round(p50 / single, 1),
        "p99 / p50 of one client": round(p99 / single, 1),
        "memory, last third / first third": round(float(last / first), 3),
        "memory, MiB": round(float(last)),
    }


def _unwritten(answer: dict[str, Any]) -> list[tuple[str, float]]:
    """Return the results that are not among the written products."""
    pairs = [(result["product_id"], result["distance"]) for result in answer["results"]]
    return [pair for pair in pairs if not pair[0].startswith("written-")]


def _draw_sketch(rng: random.Random) -> dict[str, object]:
    def stroke() -> list[list[float]]:
        x, y, turn = rng.uniform(20, 80), rng.uniform(20, 80), rng.uniform(0, 6)
        return [[x + 15 * math.cos(turn + t / 4), y + 15 * math.sin(turn + t / 5)] for t in range(12)]

    return {"width": 100, "height": 100, "strokes": [stroke() for _ in range(4)]}


def main() -> None:
    """Build a gallery, serve it, load it; ends with status 1 after any fault."""
    parser = create_parser(__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="duration in minutes (default: %(default)s)")
    parser.add_argument(
        "--products", type=int, default=300, help="number of products in the gallery (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of all random choices (default: %(default)s)")
    options = parse_options(parser)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "photos").mkdir()
        for number in range(options.products):
            (folder / "photos" / f"still-{number}.png").write_bytes(draw_photo(number))
        checkpoint = save_tiny_checkpoint(folder / "tiny.safetensors", seed=7)
        build(folder / "photos", GalleryLocation(folder / "gallery"), checkpoint)
        key = add_write_key(folder / "gallery")
        server = Server(folder / "gallery", folder / "server.log", search_rate=0, write_rate=0)
        server.start()
        figures = asyncio.run(run_load(server, key, options.minutes, options.seed))
        server.stop()
    print_figures(figures, as_json=options.json)
    raise SystemExit(1 if figures["wrong"] else 0)


if __name__ == "__main__":
    main()
