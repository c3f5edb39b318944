"""Exact search by HOLEF against FAISS's plain inner-product search over as many vectors of the same length.

    python -m benchmarks.search.exact_scan --data PAIRS... [--photos DIR...] [--sizes 100000 1000000]
        [--runs 40] [--json]

HOLEF's side begins with the sketch's embedding and goes through the segment that a server searches; the other searches
the same FAISS index with queries that are made already. One real sketch at a time, the network's own W.
"""

from __future__ import annotations

import argparse
import json

import numpy as np
import torch

from app.core.arrays import Rows
from app.index.segment import Segment
from benchmarks.support.synthetic_galleries import Real, add_real, around, real_of
from benchmarks.support.timing import medians

_NEAREST = 100  # the server's candidates


def compare(real: Real, n: int, runs: int) -> dict[str, float]:
    """HOLEF's time as a multiple of plain inner product's, N = n, and how many of their rows are the same (1: all)."""
    distance = real.checkpoint.network.distance
    segment = Segment.build(distance, around(real.photos, n, seed=1), np.arange(n, dtype=np.int64))
    live = np.ones(n, bool)
    sketches = torch.from_numpy(real.sketches)

    def query(turn: int) -> torch.Tensor:
        return sketches[turn % len(sketches)][None]

    def holef(turn: int) -> Rows:
        with torch.inference_mode():
            return segment.nearest(distance.query(query(turn)).numpy(), _NEAREST, live)[1]

    with torch.inference_mode():
        queries = distance.query(sketches).numpy()

    def plain(turn: int) -> Rows:
        return np.asarray(segment.index.search(queries[turn % len(queries)][None], _NEAREST)[1])

    times = medians({"holef": holef, "plain": plain}, runs)
    same = np.mean([np.isin(holef(turn), plain(turn)).mean() for turn in range(5)])
    return {"n": n, "dim": segment.index.d, "ratio": round(times["holef"] / times["plain"], 3), "same": float(same)}


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_real(parser)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    real = real_of(options)
    figures = [compare(real, n, options.runs) for n in options.sizes]
    if options.json:
        print(json.dumps(figures))
        return
    for one in figures:
        print(
            f"N = {one['n']:,} of {one['dim']} dimensions: {one['ratio']} x plain inner product's time, "
            f"{one['same']:.0%} of the rows the same"
        )


if __name__ == "__main__":
    main()
