"""HOLEF as one inner product against HOLEF as published: an outer subtraction of all pairs of dimensions.

    python -m benchmarks.search.outer_subtraction --data PAIRS... [--photos DIR...] [--size 10000] [--runs 5] [--json]

The outer subtraction runs in torch, in place, with the fastest of several batch sizes. Both sides rank the same photos
for one sketch. The figures include the share of equal photos among the first hundred.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import Tensor

from app.core.arrays import Rows
from app.index.segment import Segment
from benchmarks.support.report import create_parser, parse_options, print_figures
from benchmarks.support.synthetic_galleries import Real, add_real_options, generate_embeddings, load_real
from benchmarks.support.timing import median_seconds

_BATCHES = (1, 2, 4, 8, 16, 32, 64, 128)  # photos at once: their (k,k) differences are 1 MB each for k = 512
_TRIAL = 256  # photos of a trial of a batch size
_NEAREST = 100


def outer_distances(sketch: Tensor, photos: Tensor, weight: Tensor, batch: int) -> Tensor:
    """Compute distances (N,) of a sketch (k,) to photos (N,k) as sum_ij W_ij (s_i - p_j)^2, in full."""
    differences = torch.empty(batch, *weight.shape)
    flat = weight.reshape(-1)
    distances = []
    for start in range(0, len(photos), batch):
        part = photos[start : start + batch]
        target = differences[: len(part)]
        torch.sub(sketch[None, :, None], part[:, None, :], out=target)  # (b,k,k)
        distances.append(target.square_().reshape(len(part), -1) @ flat)
    return torch.cat(distances)


def _try_batch(sketch: Tensor, photos: Tensor, weight: Tensor, batch: int, _: int) -> Tensor:
    return outer_distances(sketch, photos, weight, batch)


def compare(real: Real, n: int, runs: int) -> dict[str, float]:
    """Measure the time of the outer subtraction as a multiple of the inner product's, N = n."""
    distance = real.checkpoint.network.distance
    weight = distance.get_parameter("weight").detach()
    embeddings = generate_embeddings(real.photos, n, seed=1)
    segment = Segment.build(distance, embeddings, np.arange(n, dtype=np.int64))
    sketches, photos, live = torch.from_numpy(real.sketches), torch.from_numpy(embeddings), np.ones(n, bool)

    def rank_as_published(run: int, batch: int) -> Rows:
        distances = outer_distances(sketches[run % len(sketches)], photos, weight, batch)
        return np.asarray(distances.topk(_NEAREST, largest=False).indices, np.int64)

    def rank_by_segment(run: int) -> Rows:
        rows: Rows = segment.nearest(distance.query(sketches[run % len(sketches)][None]).numpy(), _NEAREST, live)[1][0]
        return rows

    with torch.inference_mode():
        few = photos[:_TRIAL]
        trials = median_seconds({str(b): partial(_try_batch, sketches[0], few, weight, b) for b in _BATCHES}, 5)
        best = int(min(trials, key=trials.__getitem__))
        times = median_seconds({"published": lambda run: rank_as_published(run, best), "ours": rank_by_segment}, runs)
        same = float(np.isin(rank_by_segment(0), rank_as_published(0, best)).mean())
    return {"n": n, "k": distance.dim, "batch": best, "ratio": round(times["published"] / times["ours"]), "same": same}


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    add_real_options(parser)
    parser.add_argument(
        "--size", type=int, default=10_000, help="number of photos to search among (default: %(default)s)"
    )
    parser.add_argument("--runs", type=int, default=5, help="searches on each side (default: %(default)s)")
    options = parse_options(parser)
    figures = compare(load_real(options), options.size, options.runs)
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
