"""What a first stage by Euclidean distance costs: how many of HOLEF's ten nearest photos are among its candidates.

    python -m benchmarks.search.euclidean_first_stage --data PAIRS... [--photos DIR...] [--size 100000]
        [--n-candidates 100] [--json]

Real sketches against embeddings around real photos, by the checkpoint's own distance; both first stages are Flat, and
the second stage is exact, so of what a first stage lets through nothing is lost. How far the checkpoint's W is from the
identity is printed too, since with W = I the two are the same.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch

from app.core.arrays import Rows
from benchmarks.support.report import print_figures
from benchmarks.support.synthetic_galleries import Real, add_real, around, real_of
from index_builder.gallery.tuning.trials import NEAREST, nearest
from model.network.distances import Distance, Euclidean


def survivors(truth: Rows, candidates: Rows) -> float:
    """The share of the true nearest (B,10) that are among candidates (B,n)."""
    return round(float(np.mean([np.isin(a, b).mean() for a, b in zip(truth, candidates, strict=True)])), 4)


def compare(real: Real, n: int, n_candidates: int) -> dict[str, float]:
    """The share that survives each first stage, and how different the two distances are."""
    distance = real.checkpoint.network.distance
    photos = around(real.photos, n, seed=1)
    sketches = torch.from_numpy(real.sketches)

    def stage(by: Distance, count: int) -> Rows:
        return nearest(by, photos, by.query(sketches).numpy(), count)

    with torch.inference_mode():
        truth = stage(distance, NEAREST)
        euclidean = Euclidean(distance.dim)
        weight = distance.get_parameter("weight")
        return {
            "n": n,
            "n_candidates": n_candidates,
            "sketches": len(sketches),
            "holef": survivors(truth, stage(distance, n_candidates)),
            "euclidean": survivors(truth, stage(euclidean, n_candidates)),
            "euclidean, without second stage": survivors(truth, stage(euclidean, NEAREST)),
            "|W - I| / |I|": round(float((weight - torch.eye(len(weight))).norm() / len(weight) ** 0.5), 4),
        }


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_real(parser)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--n-candidates", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = compare(real_of(options), options.size, options.n_candidates)
    print_figures(figures, options.json)


if __name__ == "__main__":
    main()
