"""Random filter queries: growth of the server's memory, and processor time per request.

    python -m benchmarks.reliability.filter_queries [--requests 10000] [--products 3000] [--seed 1] [--json]

Serves a gallery of products with many colours, brands, sizes and attributes, and sends queries to /facets and /search
over four connections. Some have the largest accepted number of values, some more, some a thousand colours in one value.

Memory in the last tenth of the requests may be at most 5 % more than in the first. A request must not take more than
2 seconds of processor time, and must not be answered with a 5xx. Processor time is that of the server process while a
request is in progress. This includes concurrent requests, so a request that seems too costly is measured again alone,
at the end.
"""

from __future__ import annotations

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

from benchmarks.reliability.random_filters import Parameters, add_products, draw_filters
from benchmarks.support.report import create_parser, parse_options, print_figures
from benchmarks.support.server_process import Server, measure_memory
from benchmarks.support.write_clients import PhotoServer

_CLIENTS = 4
_MOST_GROWTH = 1.05  # memory of the last tenth / that of the first
_MOST_SECONDS = 2.0  # s of processor time
_PATIENCE = 60.0  # s
_TENTHS = 10
_STROKES = {"width": 100, "height": 80, "strokes": [[[10, 10], [50, 60], [90, 20]]]}

Query = tuple[str, Parameters]
"""A method and the parameters of a query."""


@dataclass
class Outcomes:
    """Outcomes of all requests."""

    statuses: Counter[str] = field(default_factory=Counter)
    memory: list[float] = field(default_factory=list)  # bytes after each request
    costliest: float = 0.0  # s of processor time
    doubtful: list[Query] = field(default_factory=list)  # too costly beside others, to be measured again
    faults: list[str] = field(default_factory=list)


class MeasuringClient:
    """Client that measures the server's processor time and memory."""

    def __init__(self, server: Server) -> None:
        self._client = httpx.Client(base_url=server.url, timeout=_PATIENCE)
        self._process, self._pid = psutil.Process(server.pid), server.pid
        self._lock = threading.Lock()
        self.outcomes = Outcomes()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def send(self, query: Query) -> None:
        """Send a query beside others; record the answer, the memory, and the processor time if it is certain."""
        status, cost = self._send(query)
        with self._lock:
            self.outcomes.statuses[status] += 1
            self.outcomes.memory.append(measure_memory(self._pid))
            if status.startswith("5"):
                self.outcomes.faults.append(f"{status}: {_describe(query)}")
            if cost > _MOST_SECONDS:
                self.outcomes.doubtful.append(query)
            else:
                self.outcomes.costliest = max(self.outcomes.costliest, cost)

    def send_alone(self, query: Query) -> None:
        """Send a query while no other is in progress; record its processor time."""
        _, cost = self._send(query)
        self.outcomes.costliest = max(self.outcomes.costliest, cost)
        if cost > _MOST_SECONDS:
            self.outcomes.faults.append(f"{cost:.1f} s: {_describe(query)}")

    def _send(self, query: Query) -> tuple[str, float]:
        method, parameters = query[0], tuple(query[1])
        before = self._cpu_seconds()
        if method == "GET":
            response = self._client.get("/facets", params=parameters)
        else:
            response = self._client.post("/search", params=parameters, json=_STROKES)
        code = "" if response.is_success else f" {response.json()['error']['code']}"
        return f"{response.status_code}{code}", self._cpu_seconds() - before

    def _cpu_seconds(self) -> float:
        times = self._process.cpu_times()
        return times.user + times.system


def measure(server: Server, count: int, seed: int) -> dict[str, object]:
    """Send `count` queries by several clients and return the figures."""
    rng, client = random.Random(seed), MeasuringClient(server)
    queries = [("GET" if rng.random() < 0.8 else "POST", draw_filters(rng)) for _ in range(count)]
    started = time.monotonic()
    with closing(client):
        with ThreadPoolExecutor(_CLIENTS) as clients:
            list(clients.map(client.send, queries))
        for query in client.outcomes.doubtful:
            client.send_alone(query)
    return make_figures(client.outcomes, time.monotonic() - started)


def make_figures(outcomes: Outcomes, seconds: float) -> dict[str, object]:
    """Compute the figures to print; `missed` names the limits that were exceeded."""
    tenths = [float(np.mean(part)) / 2**20 for part in np.array_split(outcomes.memory, _TENTHS)]
    first, last = tenths[0], tenths[-1]
    missed = ["memory"] * (last > _MOST_GROWTH * first) + ["processor time"] * (outcomes.costliest > _MOST_SECONDS)
    return {
        "requests": len(outcomes.memory),
        "minutes": round(seconds / 60, 1),
        "answers": dict(sorted(outcomes.statuses.items())),
        "memory of each tenth, MiB": ", ".join(f"{part:.0f}" for part in tenths),
        "last tenth / first tenth": round(last / first, 3),
        "most processor time of a request, s": round(outcomes.costliest, 2),
        "measured again alone": len(outcomes.doubtful),
        "first faults": outcomes.faults[:5],
        "missed": missed + ["no 5xx"] * any(status.startswith("5") for status in outcomes.statuses),
    }


def _describe(query: Query) -> str:
    return f"{query[0]} {urlencode(query[1])[:300]}"


def main() -> None:
    """Build a gallery, serve it and send queries; ends with status 1 if a limit is exceeded."""
    parser = create_parser(__doc__)
    parser.add_argument("--requests", type=int, default=10_000, help="number of requests (default: %(default)s)")
    parser.add_argument(
        "--products", type=int, default=3000, help="number of products in the gallery (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of all random choices (default: %(default)s)")
    options = parse_options(parser)
    with tempfile.TemporaryDirectory() as name, PhotoServer() as photos:
        gallery = Path(name) / "gallery"
        photos.make_gallery(gallery)
        add_products(gallery, options.products, random.Random(options.seed))
        with Server(gallery, Path(name) / "server.log", search_rate=0, write_rate=0) as server:
            figures = measure(server, options.requests, options.seed)
    print_figures(figures, as_json=options.json)
    raise SystemExit(1 if figures["missed"] else 0)


if __name__ == "__main__":
    main()
