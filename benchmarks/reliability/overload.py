"""Twice the load that a server can take, searches and writes mixed: does it stay right, clean and small?

    python -m benchmarks.reliability.overload [--minutes 30] [--products 300] [--json]

First it measures how many searches a second the server answers (two clients, each after the other's answer), then sends
twice as many requests a second, at random moments, a tenth of them writes. Products that nobody writes must come in the
same order, at the same distances, in every answer; written ones must be as they were last acknowledged, or newer.
What is refused must say so in the one shape, and when to come back. Memory is that of all of the server's processes.
"""

from __future__ import annotations

import argparse
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

from benchmarks.support.report import print_figures
from benchmarks.support.server_process import Server, memory_of
from benchmarks.support.write_clients import photo_bytes, tiny_checkpoint, write_key
from index_builder.gallery.build import build

_WRITES = 0.1  # of all requests
_WRITTEN = 20  # products that are written; the others stay as they are
_WARM = 10.0  # s of the measurement of what the server can do
_CROWD = 256  # requests without an answer, at most: as many connections as a proxy would open
_EVERY = 2.0  # s between looks at the memory
_MIB = 2**20


@dataclass
class Seen:
    """What came of the load."""

    latencies: list[float] = field(default_factory=list)  # s, of accepted searches
    answers: Counter[str] = field(default_factory=Counter)
    memory: list[float] = field(default_factory=list)  # MiB
    wrong: list[str] = field(default_factory=list)


class Load:
    """One server under load, and of every written product the versions that were acknowledged and asked for last."""

    def __init__(self, client: httpx.AsyncClient, key: str, chance: random.Random) -> None:
        self._client, self._chance = client, chance
        self._key = {"Authorization": f"Bearer {key}"}
        self._sketches = [_sketch(chance) for _ in range(8)]
        self._truth: list[list[tuple[str, float]]] = []
        self._acknowledged: Counter[str] = Counter()
        self._wanted: Counter[str] = Counter()
        self._busy: set[str] = set()
        self.seen = Seen()

    async def prepare(self) -> None:
        """Make the products that will be written, and note what every sketch finds of the others."""
        for number in range(_WRITTEN):
            await self._write(f"written-{number}")
        for sketch in self._sketches:
            answer = (await self._client.post("/search?k=100", json=sketch)).raise_for_status().json()
            self._truth.append(_still(answer))

    async def capacity(self) -> float:
        """Searches a second, when two clients each wait for their answers."""
        until = time.monotonic() + _WARM
        counts = await asyncio.gather(*(self._search_until(until) for _ in range(2)))
        return sum(counts) / _WARM

    async def _search_until(self, until: float) -> int:
        count = 0
        while time.monotonic() < until:
            await self._client.post("/search?k=100", json=self._sketches[0])
            count += 1
        return count

    async def go(self, rate: float, seconds: float) -> None:
        """Send `rate` requests a second, at random moments, and wait for all answers."""
        crowd, going = asyncio.Semaphore(_CROWD), set[asyncio.Task[None]]()

        def over(task: asyncio.Task[None]) -> None:
            going.discard(task)
            crowd.release()
            if error := task.exception():
                self.seen.wrong.append(f"no answer: {error!r}")

        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await asyncio.sleep(self._chance.expovariate(rate))
            if crowd.locked():
                self.seen.answers["not sent: too many wait already"] += 1
                continue
            await crowd.acquire()
            task = asyncio.create_task(self._one())
            going.add(task)
            task.add_done_callback(over)
        await asyncio.gather(*going, return_exceptions=True)

    async def settle(self) -> None:
        """Every written product must be as it was acknowledged last, or as an unanswered change wanted it."""
        for name in sorted(self._wanted):
            product = (await self._client.get(f"/products/{name}")).json()
            self._check_version(product, self._acknowledged[name], self._wanted[name])

    async def _one(self) -> None:
        free = [f"written-{n}" for n in range(_WRITTEN) if f"written-{n}" not in self._busy]
        if free and self._chance.random() < _WRITES:
            await self._write(self._chance.choice(free))
        else:
            await self.search(self._chance.randrange(len(self._sketches)))

    async def search(self, number: int) -> None:
        """Search one of the sketches and check the answer."""
        known, started = dict(self._acknowledged), time.monotonic()
        response = await self._client.post("/search?k=100", json=self._sketches[number])
        if self._is_refused(response, "search"):
            return
        self.seen.latencies.append(time.monotonic() - started)
        answer = response.json()
        pairs = list(zip(_still(answer), self._truth[number], strict=False))  # written ones may push some off the end
        if any(name != known or abs(distance - true) > 1e-3 for (name, distance), (known, true) in pairs):
            self.seen.wrong.append(f"sketch {number} finds {pairs[:5]}")
        for product in answer["results"]:
            name = product["product_id"]
            if name in known:
                self._check_version(product, known[name], self._wanted[name])

    async def _write(self, name: str) -> None:
        self._busy.add(name)
        self._wanted[name] += 1
        version = self._wanted[name]
        data = {"product": json.dumps({"title": f"version {version}"})}
        photo = {"photo": ("photo.png", photo_bytes(self._chance.randrange(1000, 1010)))}
        response = await self._client.put(f"/products/{name}", data=data, files=photo, headers=self._key)
        self._busy.discard(name)
        if not self._is_refused(response, "write"):
            self._acknowledged[name] = version

    def _check_version(self, product: dict[str, Any], oldest: int, newest: int) -> None:
        version = int(product["title"].removeprefix("version "))
        if not oldest <= version <= newest:
            self.seen.wrong.append(f"{product['product_id']} is version {version}: expected {oldest} to {newest}")

    def _is_refused(self, response: httpx.Response, what: str) -> bool:
        self.seen.answers[f"{what} {response.status_code}"] += 1
        if response.is_success:
            return False
        clean = response.status_code in (429, 503) and "Retry-After" in response.headers
        if not clean or set(response.json()["error"]) != {"code", "message", "detail"}:
            self.seen.wrong.append(f"{what}: {response.status_code} {response.text[:200]}")
        return True


async def under_load(server: Server, key: str, minutes: float, seed: int) -> dict[str, object]:
    """Measure, load and check; figures."""
    # sooner than the server, which may close a connection just when it is used again
    limits = httpx.Limits(max_connections=_CROWD + 8, keepalive_expiry=2)
    async with httpx.AsyncClient(base_url=server.url, timeout=120, limits=limits) as client:
        load = Load(client, key, random.Random(seed))
        await load.prepare()
        capacity = await load.capacity()
        single = await _median_of_one(load)
        load.seen = Seen(memory=[], wrong=load.seen.wrong)
        watching = asyncio.create_task(_watch_memory(server.pid, load.seen.memory))
        await load.go(2 * capacity, 60 * minutes)
        watching.cancel()
        await load.settle()
    return _figures(load.seen, capacity, single, minutes)


async def _median_of_one(load: Load) -> float:
    load.seen.latencies.clear()
    for _ in range(20):
        await load.search(0)
    return float(np.median(load.seen.latencies))


async def _watch_memory(pid: int, memory: list[float]) -> None:
    while True:
        memory.append(memory_of(pid) / _MIB)
        await asyncio.sleep(_EVERY)


def _figures(seen: Seen, capacity: float, single: float, minutes: float) -> dict[str, object]:
    third = max(1, len(seen.memory) // 3)
    first, last = np.mean(seen.memory[:third]), np.mean(seen.memory[-third:])
    p50, p99 = np.percentile(seen.latencies, [50, 99])
    return {
        "minutes": minutes,
        "searches a second it can do": round(capacity, 1),
        "answers": dict(sorted(seen.answers.items())),
        "wrong": len(seen.wrong),
        "first wrong": seen.wrong[:3],
        "p50 / p50 of one client": round(p50 / single, 1),
        "p99 / p50 of one client": round(p99 / single, 1),
        "memory, last third / first third": round(float(last / first), 3),
        "memory, MiB": round(float(last)),
    }


def _still(answer: dict[str, Any]) -> list[tuple[str, float]]:
    """The results that nobody writes."""
    found = [(result["product_id"], result["distance"]) for result in answer["results"]]
    return [one for one in found if not one[0].startswith("written-")]


def _sketch(chance: random.Random) -> dict[str, object]:
    def stroke() -> list[list[float]]:
        x, y, turn = chance.uniform(20, 80), chance.uniform(20, 80), chance.uniform(0, 6)
        return [[x + 15 * math.cos(turn + t / 4), y + 15 * math.sin(turn + t / 5)] for t in range(12)]

    return {"width": 100, "height": 100, "strokes": [stroke() for _ in range(4)]}


def main() -> None:
    """Build a gallery, serve it, load it; ends with status 1 when anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--products", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "photos").mkdir()
        for number in range(options.products):
            (folder / "photos" / f"still-{number}.png").write_bytes(photo_bytes(number))
        build(folder / "photos", folder / "gallery", tiny_checkpoint(folder / "tiny.safetensors", seed=7))
        key = write_key(folder / "gallery")
        server = Server(folder / "gallery", folder / "server.log", search_rate=0, write_rate=0)
        server.start()
        figures = asyncio.run(under_load(server, key, options.minutes, options.seed))
        server.stop()
    print_figures(figures, as_json=options.json)
    raise SystemExit(1 if figures["wrong"] else 0)


if __name__ == "__main__":
    main()
