"""Search rate and latency with sixteen concurrent users, against the rate of the network's forward pass alone.

    python -m benchmarks.serving.concurrent_users --data PAIRS... [--products 100000] [--people 16]
        [--rounds 3] [--seconds 10] [--json]

Every user finishes a stroke every 300 ms and searches for it, in two ways (benchmarks/support/simulated_shopper.py):

- "cancelled": a new stroke cancels the search for the previous one, if that is not answered yet.
- "as the page" (docs/page.md, "Searching while drawing"): half strokes are searched for, too. The user waits for an
  answer that is on time, then sends the newest state and skips those between.

Alternating with these, this process embeds eight sketches at a time (the bare rate), and one user searches alone, each
time after the previous answer. Prints the answered searches per second as a share of the bare rate, or of the strokes
drawn if these are fewer. Prints latencies as multiples of the median of one user alone.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx
import numpy as np
from numpy.typing import NDArray

from app.core.cpu_limits import limit_threads
from app.decoding.stroke_sketch import parse_strokes
from benchmarks.support.large_gallery import add_options, make_sketch_bodies, open_large_gallery, read_pair_folders
from benchmarks.support.report import create_parser, print_figures
from benchmarks.support.server_process import Server
from benchmarks.support.simulated_shopper import STROKE, Shopper, SketchState, make_states
from model.checkpoint import Checkpoint, load_checkpoint
from model.preprocessing.frames import mirror_image

_EXPECTED = ("200", "superseded", "given up", "left at the end")  # outcomes that are not errors
_PAGE = "as the page"
_WAYS = ("cancelled", _PAGE)
_TOGETHER = 8  # sketches in a bare forward pass
_SINGLE = 20  # searches of one user per round


@dataclass
class Outcomes:
    """Outcomes of the searches of several users."""

    latencies: list[float] = field(default_factory=list)  # s, of answered searches
    answers: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def record(self, outcome: str, seconds: float) -> None:
        """Record the outcome of a request: a status, or the reason for a missing one."""
        self.answers[outcome] += 1
        if outcome == "200":
            self.latencies.append(seconds)


@dataclass
class Measurements:
    """Measurements of all rounds."""

    crowds: dict[str, Outcomes] = field(default_factory=lambda: {way: Outcomes() for way in _WAYS})
    singles: list[float] = field(default_factory=list)  # s, of one user alone
    bare: list[float] = field(default_factory=list)  # searches per second

    def make_figures(self, people: int) -> dict[str, object]:
        """Compute the figures to print."""
        single, bare, asked = float(np.median(self.singles)), float(np.median(self.bare)), people / STROKE
        ways = {way: _summarise(outcomes, single, min(bare, asked)) for way, outcomes in self.crowds.items()}
        return {
            "people": people,
            "bare rate / strokes": round(bare / asked, 3),
            "bare searches a second": round(bare, 1),
            "ms of one person": round(1000 * single, 1),
            **ways,
        }


def _summarise(outcomes: Outcomes, single: float, rate: float) -> dict[str, object]:
    served, latencies = len(outcomes.latencies) / outcomes.seconds, outcomes.latencies or [float("inf")]
    return {
        "served / bare rate": round(served / rate, 3),
        "p50 / p50 of one person": round(float(np.median(latencies)) / single, 2),
        "p99 / p50 of one person": round(float(np.percentile(latencies, 99)) / single, 2),
        "answers": dict(outcomes.answers),
        "errors": sum(count for answer, count in outcomes.answers.items() if answer not in _EXPECTED),
        "served a second": round(served, 1),
    }


def measure_bare_rate(checkpoint: Checkpoint, frames: list[NDArray[np.uint8]], seconds: float) -> float:
    """Measure the searches per second that can be embedded, with two frames each."""
    started, passes = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        checkpoint.embed_frames(frames)
        passes += 1
    return passes * len(frames) / 2 / (time.perf_counter() - started)


async def draw_concurrently(shoppers: list[Shopper], sketches: list[list[SketchState]], seconds: float) -> None:
    """Let every user draw for `seconds`, each starting at another moment of a stroke."""
    people = len(shoppers)
    own = [[state for sketch in sketches[number::people] for state in sketch] for number in range(people)]
    delays = [number / people * STROKE for number in range(people)]
    await asyncio.gather(*(p.draw(o, delay, seconds) for p, o, delay in zip(shoppers, own, delays, strict=True)))


def measure(server: Server, checkpoint: Checkpoint, bodies: list[bytes], options: argparse.Namespace) -> Measurements:
    """Measure the bare rate, one user and both ways in each of the rounds."""
    measured, sketches = Measurements(), [make_states(body) for body in bodies]
    sketch_frames = [checkpoint.preprocess.strokes(parse_strokes(body).in_pixels()) for body in bodies[:_TOGETHER]]
    frames = [view for frame in sketch_frames for view in (frame, mirror_image(frame))]
    with httpx.Client(base_url=server.url, timeout=60) as client:
        for _ in range(options.rounds):
            measured.bare.append(measure_bare_rate(checkpoint, frames, options.seconds / 3))
            for number in range(_SINGLE):
                started = time.monotonic()
                client.post("/search", content=bodies[number], headers={"Content-Type": "application/json"})
                measured.singles.append(time.monotonic() - started)
            for way, outcomes in measured.crowds.items():
                shoppers = [
                    Shopper(server.port, outcomes.record, is_patient=way == _PAGE) for _ in range(options.people)
                ]
                asyncio.run(draw_concurrently(shoppers, sketches, options.seconds))
                outcomes.seconds += options.seconds
    return measured


def main() -> None:
    """Make a gallery, serve it, measure and print the figures."""
    parser = create_parser(__doc__)
    add_options(parser)
    parser.add_argument("--people", type=int, default=16, help="users who search at once (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="repetitions (default: %(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=10, help="duration of each measurement in seconds (default: %(default)s)"
    )
    options = parser.parse_args()
    folders = read_pair_folders(options.data)
    with (
        open_large_gallery(folders, options.checkpoint, options.products) as (gallery, _),
        Server(gallery, gallery / "server.log", search_rate=0) as server,
    ):
        limit_threads(None)
        measured = measure(server, load_checkpoint(options.checkpoint), make_sketch_bodies(folders, 64), options)
    figures = {"products": options.products, **measured.make_figures(options.people)}
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
