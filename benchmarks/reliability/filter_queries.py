"""Random filter queries by the ten thousand: does the server keep memory for them, or compute for long?

    python -m benchmarks.reliability.filter_queries [--requests 10000] [--products 3000] [--seed 1] [--json]

Serves a gallery of products with many colours, brands, sizes and attributes, and sends queries to /facets and /search
over four connections. Some have as many values as are accepted, some more, some a thousand colours in one value.

Memory in the last tenth of the requests may be at most 5 % more than in the first. No request may take more than 2 s of
processor time, or be answered with a 5xx. Processor time is that of the server process while a request is in progress.
This includes the requests beside it: one that seems to take too much is measured again alone, at the end.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import httpx
import numpy as np
import psutil

from benchmarks.reliability.random_filters import Parameters, add_products, random_filters
from benchmarks.support.report import print_figures
from benchmarks.support.server_process import Server, memory_of
from benchmarks.support.write_clients import Shop

_CLIENTS = 4
_MOST_GROWTH = 1.05  # memory of the last tenth / that of the first
_MOST_SECONDS = 2.0  # s of processor time
_PATIENCE = 60.0  # s
_TENTHS = 10
_STROKES = {"width": 100, "height": 80, "strokes": [[[10, 10], [50, 60], [90, 20]]]}

Query = tuple[str, Parameters]
"""A method and the parameters of a query."""


@dataclass
class Seen:
    """What came of all requests."""

    statuses: Counter[str] = field(default_factory=Counter)
    memory: list[float] = field(default_factory=list)  # bytes after each request
    costliest: float = 0.0  # s of processor time
    doubtful: list[Query] = field(default_factory=list)  # seemed to take too much of it, beside others
    faults: list[str] = field(default_factory=list)


class Asking:
    """Sends queries and measures the server's processor time and memory."""

    def __init__(self, server: Server) -> None:
        self._client = httpx.Client(base_url=server.url, timeout=_PATIENCE)
        self._process, self._pid = psutil.Process(server.pid), server.pid
        self._lock = threading.Lock()
        self.seen = Seen()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def ask(self, query: Query) -> None:
        """Send a query beside others, and note the answer, the memory, and the processor time if it is certain."""
        status, cost = self._sent(query)
        with self._lock:
            self.seen.statuses[status] += 1
            self.seen.memory.append(memory_of(self._pid))
            if status.startswith("5"):
                self.seen.faults.append(f"{status}: {_shown(query)}")
            if cost > _MOST_SECONDS:
                self.seen.doubtful.append(query)
            else:
                self.seen.costliest = max(self.seen.costliest, cost)

    def ask_alone(self, query: Query) -> None:
        """Send a query while no other is in progress, and note its processor time."""
        _, cost = self._sent(query)
        self.seen.costliest = max(self.seen.costliest, cost)
        if cost > _MOST_SECONDS:
            self.seen.faults.append(f"{cost:.1f} s: {_shown(query)}")

    def _sent(self, query: Query) -> tuple[str, float]:
        method, parameters = query[0], tuple(query[1])
        before = self._cost()
        if method == "GET":
            response = self._client.get("/facets", params=parameters)
        else:
            response = self._client.post("/search", params=parameters, json=_STROKES)
        code = "" if response.is_success else f" {response.json()['error']['code']}"
        return f"{response.status_code}{code}", self._cost() - before

    def _cost(self) -> float:
        times = self._process.cpu_times()
        return times.user + times.system


def measure(server: Server, count: int, seed: int) -> dict[str, object]:
    """Send `count` queries by several clients; figures."""
    chance, asking = random.Random(seed), Asking(server)
    queries = [("GET" if chance.random() < 0.8 else "POST", random_filters(chance)) for _ in range(count)]
    started = time.monotonic()
    with closing(asking):
        with ThreadPoolExecutor(_CLIENTS) as clients:
            list(clients.map(asking.ask, queries))
        for query in asking.seen.doubtful:
            asking.ask_alone(query)
    return figures_of(asking.seen, time.monotonic() - started)


def figures_of(seen: Seen, seconds: float) -> dict[str, object]:
    """What is printed; `missed` names the bars that were not met."""
    tenths = [float(np.mean(part)) / 2**20 for part in np.array_split(seen.memory, _TENTHS)]
    first, last = tenths[0], tenths[-1]
    missed = ["memory"] * (last > _MOST_GROWTH * first) + ["processor time"] * (seen.costliest > _MOST_SECONDS)
    return {
        "requests": len(seen.memory),
        "minutes": round(seconds / 60, 1),
        "answers": dict(sorted(seen.statuses.items())),
        "memory of each tenth, MiB": ", ".join(f"{part:.0f}" for part in tenths),
        "last tenth / first tenth": round(last / first, 3),
        "most processor time of a request, s": round(seen.costliest, 2),
        "measured again alone": len(seen.doubtful),
        "first faults": seen.faults[:5],
        "missed": missed + ["no 5xx"] * any(status.startswith("5") for status in seen.statuses),
    }


def _shown(query: Query) -> str:
    return f"{query[0]} {urlencode(query[1])[:300]}"


def main() -> None:
    """Build a gallery, serve it and send queries; ends with status 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--products", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Shop() as shop:
        gallery = Path(name) / "gallery"
        shop.make_gallery(gallery)
        add_products(gallery, options.products, random.Random(options.seed))
        with Server(gallery, Path(name) / "server.log", search_rate=0, write_rate=0) as server:
            figures = measure(server, options.requests, options.seed)
    print_figures(figures, as_json=options.json)
    raise SystemExit(1 if figures["missed"] else 0)


if __name__ == "__main__":
    main()
