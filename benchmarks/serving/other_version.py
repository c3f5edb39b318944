"""Processor time of one person's search over HTTP, against another version of this project.

    python -m benchmarks.serving.other_version --data PAIRS... --other CHECKOUT --other-gallery DIR
        [--products 100000] [--checkpoint F] [--rounds 10] [--searches 20] [--json]

The other version serves a gallery of as many products that it has made itself, with its own code and this Python. Both
get the same sketches, in alternating blocks of searches, one after the other. Time is that of all threads and processes
of a server.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import numpy as np
import psutil

from benchmarks.support.large_gallery import add_options, make_sketch_bodies, open_large_gallery, read_pair_folders
from benchmarks.support.report import create_parser, print_figures

_HERE = Path(__file__).parents[2]
_JSON = {"Content-Type": "application/json"}


class Cost(NamedTuple):
    """Processor time of a search, and its time on the wall, in milliseconds."""

    processor: float
    wall: float


@contextmanager
def serve(checkout: Path, gallery: Path) -> Iterator[tuple[psutil.Process, str]]:
    """Serve a gallery by the code of a checkout; yield the process and the server's URL.

    Raises RuntimeError if the server does not start.
    """
    command = [sys.executable, "-m", "index_builder.cli", "serve", "--gallery", str(gallery.resolve()), "--port", "0"]
    environment = {
        **os.environ,
        "PYTHONPATH": str(checkout.resolve()),
        "SKETCHFIND_SEARCH_RATE": "0",
        "SKETCHFIND_SEARCH_TIMEOUT": "60",
    }
    process = subprocess.Popen(
        command, cwd=checkout, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if (address := re.search(r"http://\S+", line)) is None:
            raise RuntimeError(f"{checkout} does not serve {gallery}: it printed {line!r}, expected its address")
        yield psutil.Process(process.pid), address[0].rstrip("/")
    finally:
        process.terminate()
        process.wait(60)


def measure_block(process: psutil.Process, url: str, bodies: list[bytes]) -> Cost:
    """Post sketches one after the other, and measure the mean cost of one."""
    with httpx.Client(base_url=url, timeout=60) as client:
        before, started = _measure_processor(process), time.perf_counter()
        for body in bodies:
            client.post("/search", content=body, headers=_JSON).raise_for_status()
        seconds = time.perf_counter() - started
        used = _measure_processor(process) - before
    return Cost(1000 * used / len(bodies), 1000 * seconds / len(bodies))


def _measure_processor(process: psutil.Process) -> float:
    """Measure the processor seconds of a process and its children since their start."""
    times = [member.cpu_times() for member in (process, *process.children(recursive=True))]
    return float(sum(of_one.user + of_one.system for of_one in times))


def compare(sides: dict[str, tuple[psutil.Process, str]], bodies: list[bytes], rounds: int) -> dict[str, float]:
    """Measure both sides alternately, after a round that is not counted."""
    costs: dict[str, list[Cost]] = {name: [] for name in sides}
    for _ in range(rounds + 1):
        for name, (process, url) in sides.items():
            costs[name].append(measure_block(process, url, bodies))
    means = {name: Cost(*np.mean(of_side[1:], axis=0).tolist()) for name, of_side in costs.items()}
    figures = {f"processor ms of a search, {name}": round(cost.processor, 2) for name, cost in means.items()}
    this, other = means.values()
    return {
        **figures,
        "processor time, of the other version's": round(this.processor / other.processor, 3),
        "time on the wall, of the other version's": round(this.wall / other.wall, 3),
    }


def main() -> None:
    """Make a gallery, serve both, measure and print the figures."""
    parser = create_parser(__doc__)
    add_options(parser)
    parser.add_argument("--other", type=Path, required=True, help="checkout of the other version")
    parser.add_argument("--other-gallery", type=Path, required=True, help="gallery that the other version has made")
    parser.add_argument("--rounds", type=int, default=10, help="blocks of searches on each side (default: %(default)s)")
    parser.add_argument("--searches", type=int, default=20, help="searches of a block (default: %(default)s)")
    options = parser.parse_args()
    folders = read_pair_folders(options.data)
    bodies = make_sketch_bodies(folders, options.searches)
    with (
        open_large_gallery(folders, options.checkpoint, options.products) as (gallery, _),
        serve(_HERE, gallery) as this,
        serve(options.other, options.other_gallery) as other,
    ):
        figures = compare({"this version": this, "the other version": other}, bodies, options.rounds)
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
