"""Exact search for several sketches at once against FAISS's IndexFlatIP over the same keys.

    python -m benchmarks.search.flat_batches --data PAIRS... [--photos DIR...] [--sizes 10000 100000]
        [--batches 8 32] [--runs 20] [--json]

Our side begins with the sketches' embeddings and searches the segment of a server. FAISS searches with precomputed
queries, by itself and told to multiply matrices. By itself, FAISS 1.15 scans all keys for each query of such batches,
where older versions did so for fewer than 20 queries. Sketches are real, and the sides alternate. Prints our time as a
multiple of FAISS's, on the wall and on processors, and the share of equal rows. Exits with status 1 if a product of the
results differs by more than rounding.
"""

from __future__ import annotations

import sys
from typing import Any

import faiss
import numpy as np
import torch
from numpy.typing import NDArray

from app.core.arrays import Embeddings, Keys, Rows
from app.index.metric_forms import keys_of
from app.index.segment import Segment
from benchmarks.support.report import add_sizes_option, create_parser, parse_options, print_figures
from benchmarks.support.synthetic_galleries import Real, add_real_options, generate_embeddings, load_real
from benchmarks.support.timing import Seconds, median_times

_NEAREST = 100  # the server's candidates
_ROUNDING = 1e-5  # of a product, relative to the largest of its query
_globals: Any = faiss.cvar
_CHECKED = 3  # batches whose results are compared


class FlatSearches:
    """Searches of a segment with a Flat index for sketches (S,D), `batch` of them at once."""

    def __init__(self, segment: Segment, sketches: Embeddings, batch: int) -> None:
        self._segment, self._sketches, self._batch = segment, torch.from_numpy(sketches), batch
        self._distance = segment.distance
        self._live = np.ones(len(segment), bool)
        with torch.inference_mode():
            self._queries: Keys = self._distance.query(self._sketches).numpy()

    def search_ours(self, run: int) -> Rows:
        """Find the nearest rows (B,100) as a server does."""
        with torch.inference_mode():
            queries = self._distance.query(self._sketches[self._part(run)]).numpy()
        return self._segment.nearest(queries, _NEAREST, self._live)[1]

    def search_faiss(self, run: int) -> Rows:
        """Find the nearest rows (B,100) by FAISS, which scans all keys for each query if these are few."""
        return np.asarray(self._segment.index.search(self._queries[self._part(run)], _NEAREST)[1])

    def multiply_by_faiss(self, run: int) -> Rows:
        """Find the nearest rows (B,100) by FAISS, by matrix products."""
        default, _globals.distance_compute_blas_threshold = _globals.distance_compute_blas_threshold, 1
        rows = self.search_faiss(run)
        _globals.distance_compute_blas_threshold = default
        return rows

    def largest_difference(self, run: int) -> float:
        """Compute the largest difference of the products of two sides' rows, relative to the largest of their query."""
        ours, theirs = self._products(run, self.search_ours(run)), self._products(run, self.search_faiss(run))
        return float((np.abs(ours - theirs) / np.abs(theirs).max(1, keepdims=True)).max())

    def _part(self, run: int) -> slice:
        start = run * self._batch % (len(self._sketches) - self._batch + 1)
        return slice(start, start + self._batch)

    def _products(self, run: int, rows: Rows) -> NDArray[np.float64]:
        keys = keys_of(self._distance, self._segment.embeddings[rows.ravel()]).reshape(*rows.shape, -1)
        queries = self._queries[self._part(run)]
        return np.asarray(np.einsum("bnq,bq->bn", keys.astype(np.float64), queries.astype(np.float64)))


def compare(searches: FlatSearches, runs: int) -> dict[str, object]:
    """Measure our time as multiples of FAISS's, and compare the results."""
    ours = searches.search_ours
    peers = {"FAISS": searches.search_faiss, "FAISS by matrix products": searches.multiply_by_faiss}
    times = median_times({"ours": ours, **peers}, runs)
    ratios = {
        f"{clock}, of {name}": round(getattr(times["ours"], clock) / getattr(times[name], clock), 3)
        for name in peers
        for clock in Seconds._fields
    }
    return {
        **ratios,
        "same rows": float(np.mean([_share_rows(ours(run), searches.search_faiss(run)) for run in range(_CHECKED)])),
        "largest difference": max(searches.largest_difference(run) for run in range(_CHECKED)),
    }


def _build_segment(real: Real, n: int) -> Segment:
    embeddings = generate_embeddings(real.photos, n, seed=1)
    segment = Segment.build(real.checkpoint.network.distance, embeddings, np.arange(n, dtype=np.int64))
    segment.make_ready()
    return segment


def _share_rows(ours: Rows, theirs: Rows) -> float:
    """Compute the share of rows (B,n) of one side that the other side has for the same query."""
    return float(np.mean([np.isin(a, b).mean() for a, b in zip(ours, theirs, strict=True)]))


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    add_real_options(parser)
    add_sizes_option(parser, (10_000, 100_000))
    parser.add_argument(
        "--batches", type=int, nargs="+", default=[8, 32], help="sketches at once (default: %(default)s)"
    )
    parser.add_argument(
        "--runs", type=int, default=20, help="searches on each side, per size and batch (default: %(default)s)"
    )
    options = parse_options(parser)
    real = load_real(options)
    figures: list[dict[str, Any]] = []
    for size in options.sizes:
        segment = _build_segment(real, size)
        for batch in options.batches:
            ratios = compare(FlatSearches(segment, real.sketches, batch), options.runs)
            figures.append({"n": size, "sketches at once": batch, **ratios})
    print_figures({"searches": figures}, as_json=options.json)
    if max(search["largest difference"] for search in figures) > _ROUNDING:
        sys.exit("results differ by more than rounding")


if __name__ == "__main__":
    main()
