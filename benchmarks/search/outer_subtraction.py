"""HOLEF as one inner product against HOLEF as published: the outer subtraction of every dimension from every other.

    python -m benchmarks.search.outer_subtraction --data PAIRS... [--photos DIR...] [--size 10000] [--runs 5] [--json]

The outer side is torch, in place, on as many photos at once as turn out to be fastest; both sides rank the same photos
for one sketch, and the figures say how many of the first hundred are the same.
"""

from __future__ import annotations

import argparse
from functools import partial

import numpy as np
import torch
from torch import Tensor

from app.core.arrays import Rows
from app.index.segment import Segment
from benchmarks.support.report import print_figures
from benchmarks.support.synthetic_galleries import Real, add_real, around, real_of
from benchmarks.support.timing import medians

_BATCHES = (1, 2, 4, 8, 16, 32, 64, 128)  # photos at once: their (k,k) differences are 1 MB each for k = 512
_TRIAL = 256  # photos by which the fastest is found
_NEAREST = 100


def outer(sketch: Tensor, photos: Tensor, weight: Tensor, batch: int) -> Tensor:
    """Distances (N,) of a sketch (k,) to photos (N,k): sum_ij W_ij (s_i - p_j)^2, each difference taken."""
    differences = torch.empty(batch, *weight.shape)
    flat = weight.reshape(-1)
    distances = []
    for start in range(0, len(photos), batch):
        part = photos[start : start + batch]
        room = differences[: len(part)]
        torch.sub(sketch[None, :, None], part[:, None, :], out=room)  # (b,k,k)
        distances.append(room.square_().reshape(len(part), -1) @ flat)
    return torch.cat(distances)


def _trial(sketch: Tensor, photos: Tensor, weight: Tensor, batch: int, _: int) -> Tensor:
    return outer(sketch, photos, weight, batch)


def compare(real: Real, n: int, runs: int) -> dict[str, float]:
    """How many times as long the outer subtraction takes, N = n."""
    distance = real.checkpoint.network.distance
    weight = distance.get_parameter("weight").detach()
    embeddings = around(real.photos, n, seed=1)
    segment = Segment.build(distance, embeddings, np.arange(n, dtype=np.int64))
    sketches, photos, live = torch.from_numpy(real.sketches), torch.from_numpy(embeddings), np.ones(n, bool)

    def published(turn: int, batch: int) -> Rows:
        distances = outer(sketches[turn % len(sketches)], photos, weight, batch)
        return np.asarray(distances.topk(_NEAREST, largest=False).indices, np.int64)

    def ours(turn: int) -> Rows:
        rows: Rows = segment.nearest(distance.query(sketches[turn % len(sketches)][None]).numpy(), _NEAREST, live)[1][0]
        return rows

    with torch.inference_mode():
        few = photos[:_TRIAL]
        trials = medians({str(b): partial(_trial, sketches[0], few, weight, b) for b in _BATCHES}, 5)
        best = int(min(trials, key=trials.__getitem__))
        times = medians({"published": lambda turn: published(turn, best), "ours": ours}, runs)
        same = float(np.isin(ours(0), published(0, best)).mean())
    return {"n": n, "k": distance.dim, "batch": best, "ratio": round(times["published"] / times["ours"]), "same": same}


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_real(parser)
    parser.add_argument("--size", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = compare(real_of(options), options.size, options.runs)
    print_figures(figures, options.json)


if __name__ == "__main__":
    main()
