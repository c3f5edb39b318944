"""Price changes by bulk PATCH beside people who draw: latency of searches, and correctness of every answer.

    python -m benchmarks.reliability.price_changes --data PAIRS... [--products 40000] [--people 16] [--stroke 0.3]
        [--rounds 3] [--seconds 8] [--json]

The gallery has shoes of eight sizes. People search as the page does (benchmarks/support/simulated_shopper.py). On a
machine that is busy with other work they need longer strokes, or most searches are given up. In turns nobody writes,
and a client changes the prices of a quarter of the products by one bulk PATCH after the other. The n-th PATCH sets all
of these prices to n, in the order of the products.

Prints the ratios of the answered searches, of their latencies, and of the server's processor time per search, with and
without changes. Searches that people gave up have no latency. An answer is wrong if it has a group twice, or if it is
not of one moment: the first products have the new price, the others the one before, and none an older one than was
acknowledged when the search began. Ends with status 1 after any wrong answer, and unless all products have the last
price in the end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import httpx
import numpy as np
import psutil

from benchmarks.support.large_gallery import (
    add_options,
    make_sketch_bodies,
    open_large_gallery,
    product_id,
    read_pair_folders,
)
from benchmarks.support.report import create_parser, print_figures
from benchmarks.support.server_process import Server
from benchmarks.support.simulated_shopper import STROKE, Shopper, SketchState, make_states
from benchmarks.support.write_clients import add_write_key

_VARIANTS = 8  # of each group
_PATIENCE = 300.0  # s that a PATCH may take
_EXPECTED = ("200", "superseded", "given up", "left at the end")  # outcomes that are not errors
_SIDES = ("without", "with")


@dataclass
class Side:
    """Searches without or with changes beside them."""

    latencies: list[float] = field(default_factory=list)  # s, of answered searches
    outcomes: Counter[str] = field(default_factory=Counter)
    processor: float = 0.0  # s of the server's processes

    def record(self, outcome: str, seconds: float) -> None:
        """Record the outcome of a search."""
        self.outcomes[outcome] += 1
        if outcome == "200":
            self.latencies.append(seconds)

    @contextmanager
    def measure_processor(self, server: Server) -> Iterator[None]:
        """Add the server's processor time in the block."""
        process = psutil.Process(server.pid)
        before = sum(process.cpu_times()[:2])
        yield
        self.processor += sum(process.cpu_times()[:2]) - before

    def figures(self) -> dict[str, float]:
        """Return the measurements that are compared."""
        p50, p99 = np.percentile(self.latencies, (50, 99)) * 1000
        answered = len(self.latencies)
        return {
            "answered": answered,
            "p50": p50,
            "p99": p99,
            "processor time per search": 1000 * self.processor / answered,
        }


class PriceChanger:
    """Client that sends one bulk PATCH after the other. `acknowledged` has the time of each."""

    def __init__(self, server: Server, key: str, changed: list[int]) -> None:
        self._url, self._key, self._changed = f"{server.url}/products", key, changed
        self.acknowledged = [0.0]
        self.seconds: list[float] = []
        self.faults: list[str] = []

    async def change(self, until: float) -> None:
        """Change prices until that time on the monotonic clock."""
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/jsonl"}
        async with httpx.AsyncClient(headers=headers, timeout=_PATIENCE) as client:
            while time.monotonic() < until:
                version = len(self.acknowledged)
                lines = [json.dumps({"product_id": product_id(n), "price": f"{version}.00"}) for n in self._changed]
                started = time.monotonic()
                response = await client.patch(self._url, content="\n".join(lines).encode())
                self.acknowledged.append(time.monotonic())
                self.seconds.append(self.acknowledged[-1] - started)
                report = response.json() if response.is_success else {}
                if report.get("changed", 0) + report.get("unchanged", 0) != len(lines):
                    self.faults.append(f"PATCH {response.status_code}: {response.text[:300]}")


def find_fault(body: bytes, oldest: int) -> str | None:
    """Return what is wrong with an answer, None if nothing is. No price of a changed product is below `oldest`."""
    results = json.loads(body)["results"]
    groups = {int(result["group_id"].rpartition("-")[2]): result for result in results}
    if len(groups) < len(results):
        return "a group comes twice"
    if len(results) < 24:
        return f"{len(results)} results: expected 24"
    prices = list[float]()
    for group, result in sorted(groups.items()):
        lowest, highest = result["prices"][0]["min"], result["prices"][0]["max"]
        if not lowest <= result["price"] <= highest:
            return f"group {group} costs {lowest} to {highest}, and {result['price']}"
        if _is_changed(group):
            prices += [highest, lowest]
    if prices and (any(a < b for a, b in pairwise(prices)) or prices[0] > prices[-1] + 1 or prices[-1] < oldest):
        return f"prices are {prices}: expected the same, then all lower by one, and none below {oldest}"
    return None


def _is_changed(group: int) -> bool:
    """Return whether the prices of a group are changed: of every fourth one."""
    return group % 4 == 0


class Measurement:
    """People who draw with and without changes, and the answers to them."""

    def __init__(self, server: Server, changer: PriceChanger, sketches: list[list[SketchState]]) -> None:
        self._server, self._changer, self._sketches = server, changer, sketches
        self.sides = {name: Side() for name in _SIDES}
        self.faults: list[str] = []
        self._answers: list[tuple[float, bytes]] = []

    async def draw(self, name: str, people: int, stroke: float, seconds: float) -> None:
        """Let people draw on one side for some seconds, then check the answers."""
        side = self.sides[name]
        shoppers = [Shopper(self._server.port, side.record, self._keep, stroke=stroke) for _ in range(people)]
        until = time.monotonic() + seconds
        with side.measure_processor(self._server):
            changing = asyncio.create_task(self._changer.change(until)) if name == "with" else None
            await asyncio.gather(
                *(
                    shopper.draw(
                        [state for sketch in self._sketches[n::people] for state in sketch],
                        n / people * stroke,
                        seconds,
                    )
                    for n, shopper in enumerate(shoppers)
                )
            )
        if changing:
            await changing
        self._check_answers()

    def _keep(self, started: float, body: bytes) -> None:
        self._answers.append((started, body))

    def _check_answers(self) -> None:
        for started, body in self._answers:
            oldest = sum(acknowledged < started for acknowledged in self._changer.acknowledged) - 1
            if oldest > 0 and (fault := find_fault(body, oldest)) is not None:  # the first prices differ
                self.faults.append(fault)
        self._answers = []


def check_prices(server: Server, changed: list[int], version: int) -> list[str]:
    """Return the products whose price is not the last one."""
    with httpx.Client(base_url=server.url, timeout=60) as client:
        prices: dict[str, float] = {}
        after: str | None = ""
        while after is not None:
            page = client.get("/products", params={"limit": 100} | ({"after": after} if after else {})).json()
            prices |= {product["product_id"]: product["price"] for product in page["products"]}
            after = page["next"]
    return [product_id(n) for n in changed if prices[product_id(n)] != version]


async def measure(measurement: Measurement, options: argparse.Namespace) -> None:
    """Measure all rounds."""
    await measurement.draw("with", options.people, options.stroke, options.seconds / 4)  # the first searches are slower
    measurement.sides["with"] = Side()
    for _ in range(options.rounds):
        for name in _SIDES:
            await measurement.draw(name, options.people, options.stroke, options.seconds)


def make_figures(measurement: Measurement, changer: PriceChanger) -> dict[str, object]:
    """Compute the figures to print."""
    before, after = (measurement.sides[name].figures() for name in _SIDES)
    outcomes = sum((side.outcomes for side in measurement.sides.values()), Counter[str]())
    return {
        **{f"{name}, with / without": round(after[name] / before[name], 2) for name in before},
        **{f"{name} without, ms": round(before[name], 1) for name in before if name != "answered"},
        "answers": {name: dict(measurement.sides[name].outcomes) for name in _SIDES},
        "seconds of a PATCH": [round(seconds, 1) for seconds in changer.seconds],
        "other outcomes": {name: count for name, count in outcomes.items() if name not in _EXPECTED},
        "load": [round(load, 1) for load in psutil.getloadavg()],
    }


def main() -> None:
    """Make a gallery, serve it, measure and print the figures; ends with status 1 after any wrong answer."""
    parser = create_parser(__doc__)
    add_options(parser)
    parser.set_defaults(products=40_000)
    parser.add_argument("--people", type=int, default=16, help="people who draw (default: %(default)s)")
    parser.add_argument(
        "--stroke", type=float, default=STROKE, help="seconds from stroke to stroke (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="repetitions (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=8, help="duration of each measurement (default: %(default)s)")
    options = parser.parse_args()
    folders = read_pair_folders(options.data)
    changed = [n for n in range(options.products) if _is_changed(n // _VARIANTS)]
    with (
        open_large_gallery(folders, options.checkpoint, options.products, _VARIANTS) as (gallery, _),
        Server(gallery, gallery / "server.log", search_rate=0, write_rate=0) as server,
    ):
        changer = PriceChanger(server, add_write_key(gallery), changed)
        sketches = [make_states(body) for body in make_sketch_bodies(folders, 64)]
        measurement = Measurement(server, changer, sketches)
        asyncio.run(measure(measurement, options))
        faults = measurement.faults + changer.faults
        faults += check_prices(server, changed, len(changer.acknowledged) - 1)
    figures = make_figures(measurement, changer) | {"faults": len(faults), "first faults": faults[:3]}
    print_figures(figures, as_json=options.json)
    raise SystemExit(1 if faults else 0)


if __name__ == "__main__":
    main()
