"""Exact search for several sketches at once against FAISS's IndexFlatIP over the same keys.

    python -m benchmarks.search.flat_batches --data PAIRS... [--photos DIR...] [--sizes 10000 100000]
        [--batches 8 32] [--runs 20] [--json]

Our side begins with the sketches' embeddings and searches the segment of a server. FAISS searches with precomputed
queries. Sketches are real, and the two sides alternate. Prints our time as a multiple of FAISS's, of the wall and of
processors, and the share of equal rows. Exits with status 1 if a product of the results differs by more than rounding.
"""

from __future__ import annotations

import sys

import numpy as np
import torch
from numpy.typing import NDArray

from app.core.arrays import Keys, Rows
from app.index.metric_forms import keys_of
from app.index.segment import Segment
from benchmarks.support.report import create_parser, parse_options, print_figures
from benchmarks.support.synthetic_galleries import Real, add_real_options, generate_embeddings, load_real
from benchmarks.support.timing import median_times

_NEAREST = 100  # the server's candidates
_ROUNDING = 1e-5  # of a product, relative to the largest of its query
_CHECKED = 3  # batches whose results are compared


class FlatSearches:
    """Searches of one Flat index of N embeddings for sketches (S,D), in batches, by both sides."""

    def __init__(self, real: Real, n: int) -> None:
        self._distance = real.checkpoint.network.distance
        self._sketches = torch.from_numpy(real.sketches)
        embeddings = generate_embeddings(real.photos, n, seed=1)
        self._segment = Segment.build(self._distance, embeddings, np.arange(n, dtype=np.int64))
        self._segment.make_ready()
        self._live = np.ones(n, bool)
        with torch.inference_mode():
            self._queries: Keys = self._distance.query(self._sketches).numpy()

    def compare(self, batch: int, runs: int) -> dict[str, float]:
        """Measure our time for batches of B sketches as multiples of FAISS's, and compare the results."""

        def part(run: int) -> slice:
            start = run * batch % (len(self._sketches) - batch + 1)
            return slice(start, start + batch)

        def search_ours(run: int) -> Rows:
            with torch.inference_mode():
                queries = self._distance.query(self._sketches[part(run)]).numpy()
            return self._segment.nearest(queries, _NEAREST, self._live)[1]

        def search_faiss(run: int) -> Rows:
            return np.asarray(self._segment.index.search(self._queries[part(run)], _NEAREST)[1])

        times = median_times({"ours": search_ours, "faiss": search_faiss}, runs)
        pairs = [(self._queries[part(run)], search_ours(run), search_faiss(run)) for run in range(_CHECKED)]
        return {
            "n": len(self._segment),
            "sketches at once": batch,
            "wall": round(times["ours"].wall / times["faiss"].wall, 3),
            "processor": round(times["ours"].processor / times["faiss"].processor, 3),
            "same rows": float(np.mean([_share_rows(ours, theirs) for _, ours, theirs in pairs])),
            "largest difference": max(self._largest_difference(*pair) for pair in pairs),
        }

    def _largest_difference(self, queries: Keys, ours: Rows, theirs: Rows) -> float:
        """Compute the largest difference of the products of rows (B,n), relative to the largest of their query."""
        first, second = self._products(queries, ours), self._products(queries, theirs)
        return float((np.abs(first - second) / np.abs(second).max(1, keepdims=True)).max())

    def _products(self, queries: Keys, rows: Rows) -> NDArray[np.float64]:
        keys = keys_of(self._distance, self._segment.embeddings[rows.ravel()]).reshape(*rows.shape, -1)
        return np.asarray(np.einsum("bnq,bq->bn", keys.astype(np.float64), queries.astype(np.float64)))


def _share_rows(ours: Rows, theirs: Rows) -> float:
    """Compute the share of rows (B,n) of one side that the other side has for the same query."""
    return float(np.mean([np.isin(a, b).mean() for a, b in zip(ours, theirs, strict=True)]))


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    add_real_options(parser)
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        default=[10_000, 100_000],
        help="numbers of photos to search among (default: %(default)s)",
    )
    parser.add_argument(
        "--batches", type=int, nargs="+", default=[8, 32], help="sketches at once (default: %(default)s)"
    )
    parser.add_argument(
        "--runs", type=int, default=20, help="searches on each side, per size and batch (default: %(default)s)"
    )
    options = parse_options(parser)
    real = load_real(options)
    figures = []
    for size in options.sizes:
        searches = FlatSearches(real, size)
        figures += [searches.compare(batch, options.runs) for batch in options.batches]
    print_figures({"searches": figures}, as_json=options.json)
    if max(search["largest difference"] for search in figures) > _ROUNDING:
        sys.exit("results differ by more than rounding")


if __name__ == "__main__":
    main()
