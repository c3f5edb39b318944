"""Sixteen people who draw at once, against the rate at which the network alone embeds.

    python -m benchmarks.people --data PAIRS... [--products 100000] [--people 16] [--rounds 3] [--seconds 10] [--json]

Everybody finishes a stroke every 300 ms, and asks as the page does (benchmarks/drawing.py; docs/page.md, "Searching
while drawing"): with one request in flight, which is aborted when it asks for half a stroke that is finished now, or is
late, and else waited for; then the newest state is sent, and those between are skipped. In turn with that, in the same
run, the network embeds here eight sketches at a time (the bare rate), and one person searches, each search after the
answer to the one before. Prints how many searches a second were answered, as a share of the bare rate (or of the
strokes drawn, where these are fewer), and how long the slowest of a hundred took, in medians of one person's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx
import numpy as np
from numpy.typing import NDArray

from app.strokes import parse_strokes
from app.threads import limit_threads
from benchmarks.drawing import STROKE, Person, State, growing
from benchmarks.large import add_options, folders_of, large_gallery, sketch_bodies
from benchmarks.processes import Server
from model.checkpoint import DEFAULT_CHECKPOINT, Checkpoint, load_checkpoint
from model.frames import mirror_image

_NEITHER = ("200", "superseded", "given up", "left at the end")  # what is no error
_TOGETHER = 8  # sketches in a bare forward pass
_SINGLE = 20  # searches of one person, each round


@dataclass
class Seen:
    """What came of the searches."""

    latencies: list[float] = field(default_factory=list)  # s, of those that were answered
    singles: list[float] = field(default_factory=list)  # s, of one person alone
    bare: list[float] = field(default_factory=list)  # searches a second
    answers: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def note(self, outcome: str, spent: float) -> None:
        """Note what became of a request: a status, or why there is none."""
        self.answers[outcome] += 1
        if outcome == "200":
            self.latencies.append(spent)


def bare_rate(checkpoint: Checkpoint, frames: list[NDArray[np.uint8]], seconds: float) -> float:
    """Searches a second of which the frames, two for each, can be embedded."""
    started, passes = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        checkpoint.embed_frames(frames)
        passes += 1
    return passes * len(frames) / 2 / (time.perf_counter() - started)


async def crowd(port: int, sketches: list[list[State]], people: int, seconds: float, seen: Seen) -> None:
    """Everybody draws for so long, each starting at another moment of a stroke."""
    persons = [Person(port, seen.note) for _ in range(people)]
    own = [[state for sketch in sketches[number::people] for state in sketch] for number in range(people)]
    delays = [number / people * STROKE for number in range(people)]
    await asyncio.gather(*(p.draw(o, delay, seconds) for p, o, delay in zip(persons, own, delays, strict=True)))
    seen.seconds += seconds


def measure(server: Server, checkpoint: Checkpoint, bodies: list[bytes], options: argparse.Namespace) -> Seen:
    """Rounds of all three."""
    seen, sketches = Seen(), [growing(body) for body in bodies]
    some = [checkpoint.preprocess.strokes(parse_strokes(body).in_pixels()) for body in bodies[:_TOGETHER]]
    frames = [view for frame in some for view in (frame, mirror_image(frame))]
    with httpx.Client(base_url=server.url, timeout=60) as client:
        for _ in range(options.rounds):
            seen.bare.append(bare_rate(checkpoint, frames, options.seconds / 3))
            for number in range(_SINGLE):
                started = time.monotonic()
                client.post("/search", content=bodies[number], headers={"Content-Type": "application/json"})
                seen.singles.append(time.monotonic() - started)
            asyncio.run(crowd(server.port, sketches, options.people, options.seconds, seen))
    return seen


def figures_of(seen: Seen, options: argparse.Namespace) -> dict[str, object]:
    """What is to be known of it."""
    single = float(np.median(seen.singles))
    bare, served = float(np.median(seen.bare)), len(seen.latencies) / seen.seconds
    asked = options.people / STROKE
    latencies = seen.latencies or [float("inf")]
    return {
        "products": options.products,
        "people": options.people,
        "served / bare rate": round(served / min(bare, asked), 3),
        "bare rate / asked for": round(bare / asked, 3),
        "p50 / p50 of one person": round(float(np.median(latencies)) / single, 2),
        "p99 / p50 of one person": round(float(np.percentile(latencies, 99)) / single, 2),
        "answers": dict(seen.answers),
        "errors": sum(count for answer, count in seen.answers.items() if answer not in _NEITHER),
        "searches a second": {"served": round(served, 1), "bare": round(bare, 1)},
        "ms of one person": round(1000 * single, 1),
    }


def main() -> None:
    """Make a gallery, serve it, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, DEFAULT_CHECKPOINT)
    parser.add_argument("--people", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    folders = folders_of(options.data)
    with large_gallery(folders, options.checkpoint, options.products) as (gallery, _):
        server = Server(gallery, gallery / "server.log", search_rate=0)
        server.start()
        limit_threads(None)
        seen = measure(server, load_checkpoint(options.checkpoint), sketch_bodies(folders, 64), options)
        server.stop()
    print(json.dumps(figures_of(seen, options), indent=None if options.json else 1))


if __name__ == "__main__":
    main()
