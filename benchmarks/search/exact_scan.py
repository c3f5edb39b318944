"""Exact search by HOLEF against FAISS's inner-product search over as many vectors of the same length.

    python -m benchmarks.search.exact_scan --data PAIRS... [--photos DIR...] [--sizes 100000 1000000]
        [--runs 40] [--json]

HOLEF's side begins with the sketch's embedding and searches the segment of a server. The other side searches the same
FAISS index with precomputed queries. Searches with one real sketch at a time, by the network's own W.
"""

from __future__ import annotations

import json

import numpy as np
import torch

from app.core.arrays import Rows
from app.index.segment import Segment
from benchmarks.support.report import add_sizes_option, create_parser, parse_options
from benchmarks.support.synthetic_galleries import Real, add_real_options, generate_embeddings, load_real
from benchmarks.support.timing import median_seconds

_NEAREST = 100  # the server's candidates


def compare(real: Real, n: int, runs: int) -> dict[str, float]:
    """Measure HOLEF's time as a multiple of the inner product's for N = n, and the share of equal rows."""
    distance = real.checkpoint.network.distance
    segment = Segment.build(distance, generate_embeddings(real.photos, n, seed=1), np.arange(n, dtype=np.int64))
    live = np.ones(n, bool)
    sketches = torch.from_numpy(real.sketches)

    def sketch_of(run: int) -> torch.Tensor:
        return sketches[run % len(sketches)][None]

    def search_by_holef(run: int) -> Rows:
        with torch.inference_mode():
            return segment.nearest(distance.query(sketch_of(run)).numpy(), _NEAREST, live)[1]

    with torch.inference_mode():
        queries = distance.query(sketches).numpy()

    def search_plain(run: int) -> Rows:
        return np.asarray(segment.index.search(queries[run % len(queries)][None], _NEAREST)[1])

    times = median_seconds({"holef": search_by_holef, "plain": search_plain}, runs)
    same = np.mean([np.isin(search_by_holef(run), search_plain(run)).mean() for run in range(5)])
    return {"n": n, "dim": segment.index.d, "ratio": round(times["holef"] / times["plain"], 3), "same": float(same)}


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    add_real_options(parser)
    add_sizes_option(parser, (100_000, 1_000_000))
    parser.add_argument("--runs", type=int, default=40, help="searches on each side, per size (default: %(default)s)")
    options = parse_options(parser)
    real = load_real(options)
    figures = [compare(real, n, options.runs) for n in options.sizes]
    if options.json:
        print(json.dumps(figures))
        return
    for size in figures:
        print(
            f"N = {size['n']:,} of {size['dim']} dimensions: {size['ratio']} x plain inner product's time, "
            f"{size['same']:.0%} of the rows the same"
        )


if __name__ == "__main__":
    main()
