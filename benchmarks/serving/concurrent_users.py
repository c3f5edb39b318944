"""Sixteen people who draw at once, against the rate at which the network alone embeds.

    python -m benchmarks.serving.concurrent_users --data PAIRS... [--products 100000] [--people 16]
        [--rounds 3] [--seconds 10] [--json]

Everybody finishes a stroke every 300 ms and searches for it, in two ways (benchmarks/support/simulated_shopper.py):

- "cancelled": a new stroke cancels the search for the one before, if that is not answered yet.
- "as the page" (docs/page.md, "Searching while drawing"): half a stroke is searched for, too; an answer that is on time
  is waited for, then the newest state is sent, and those between are skipped.

In turn with these, in the same run, the network embeds here eight sketches at a time (the bare rate), and one person
searches, each search after the answer to the one before. Prints how many searches a second were answered, as a share
of the bare rate (or of the strokes drawn, where these are fewer), and how long the slowest of a hundred took, in
medians of one person's.
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
from benchmarks.support.report import print_figures
from benchmarks.support.server_process import Server
from benchmarks.support.simulated_shopper import STROKE, Shopper, State, growing
from model.checkpoint import DEFAULT_CHECKPOINT, Checkpoint, load_checkpoint
from model.preprocessing.frames import mirror_image

_NEITHER = ("200", "superseded", "given up", "left at the end")  # what is no error
_PAGE = "as the page"
_WAYS = ("cancelled", _PAGE)
_TOGETHER = 8  # sketches in a bare forward pass
_SINGLE = 20  # searches of one person, each round


@dataclass
class Seen:
    """What came of the searches of a crowd."""

    latencies: list[float] = field(default_factory=list)  # s, of those that were answered
    answers: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def note(self, outcome: str, spent: float) -> None:
        """Note what became of a request: a status, or why there is none."""
        self.answers[outcome] += 1
        if outcome == "200":
            self.latencies.append(spent)


@dataclass
class Measured:
    """All that was measured."""

    crowds: dict[str, Seen] = field(default_factory=lambda: {way: Seen() for way in _WAYS})
    singles: list[float] = field(default_factory=list)  # s, of one person alone
    bare: list[float] = field(default_factory=list)  # searches a second

    def figures(self, people: int) -> dict[str, object]:
        """What is to be known of it."""
        single, bare, asked = float(np.median(self.singles)), float(np.median(self.bare)), people / STROKE
        ways = {way: _figures(seen, single, min(bare, asked)) for way, seen in self.crowds.items()}
        return {
            "people": people,
            "bare rate / strokes": round(bare / asked, 3),
            "bare searches a second": round(bare, 1),
            "ms of one person": round(1000 * single, 1),
            **ways,
        }


def _figures(seen: Seen, single: float, rate: float) -> dict[str, object]:
    served, latencies = len(seen.latencies) / seen.seconds, seen.latencies or [float("inf")]
    return {
        "served / bare rate": round(served / rate, 3),
        "p50 / p50 of one person": round(float(np.median(latencies)) / single, 2),
        "p99 / p50 of one person": round(float(np.percentile(latencies, 99)) / single, 2),
        "answers": dict(seen.answers),
        "errors": sum(count for answer, count in seen.answers.items() if answer not in _NEITHER),
        "served a second": round(served, 1),
    }


def bare_rate(checkpoint: Checkpoint, frames: list[NDArray[np.uint8]], seconds: float) -> float:
    """Searches a second of which the frames, two for each, can be embedded."""
    started, passes = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        checkpoint.embed_frames(frames)
        passes += 1
    return passes * len(frames) / 2 / (time.perf_counter() - started)


async def crowd(persons: list[Shopper], sketches: list[list[State]], seconds: float) -> None:
    """Everybody draws for so long, each starting at another moment of a stroke."""
    people = len(persons)
    own = [[state for sketch in sketches[number::people] for state in sketch] for number in range(people)]
    delays = [number / people * STROKE for number in range(people)]
    await asyncio.gather(*(p.draw(o, delay, seconds) for p, o, delay in zip(persons, own, delays, strict=True)))


def measure(server: Server, checkpoint: Checkpoint, bodies: list[bytes], options: argparse.Namespace) -> Measured:
    """Rounds of all of them."""
    measured, sketches = Measured(), [growing(body) for body in bodies]
    some = [checkpoint.preprocess.strokes(parse_strokes(body).in_pixels()) for body in bodies[:_TOGETHER]]
    frames = [view for frame in some for view in (frame, mirror_image(frame))]
    with httpx.Client(base_url=server.url, timeout=60) as client:
        for _ in range(options.rounds):
            measured.bare.append(bare_rate(checkpoint, frames, options.seconds / 3))
            for number in range(_SINGLE):
                started = time.monotonic()
                client.post("/search", content=bodies[number], headers={"Content-Type": "application/json"})
                measured.singles.append(time.monotonic() - started)
            for way, seen in measured.crowds.items():
                persons = [Shopper(server.port, seen.note, patient=way == _PAGE) for _ in range(options.people)]
                asyncio.run(crowd(persons, sketches, options.seconds))
                seen.seconds += options.seconds
    return measured


def main() -> None:
    """Make a gallery, serve it, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, DEFAULT_CHECKPOINT)
    parser.add_argument("--people", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    folders = read_pair_folders(options.data)
    with (
        open_large_gallery(folders, options.checkpoint, options.products) as (gallery, _),
        Server(gallery, gallery / "server.log", search_rate=0) as server,
    ):
        limit_threads(None)
        measured = measure(server, load_checkpoint(options.checkpoint), make_sketch_bodies(folders, 64), options)
    figures = {"products": options.products, **measured.figures(options.people)}
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
