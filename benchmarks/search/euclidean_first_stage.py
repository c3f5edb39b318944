"""First stage by Euclidean distance: the share of HOLEF's ten nearest photos among its candidates.

    python -m benchmarks.search.euclidean_first_stage --data PAIRS... [--photos DIR...] [--size 100000]
        [--n-candidates 100] [--json]

Searches with real sketches among embeddings around real photos, by the checkpoint's own distance. Both first stages are
Flat and the second stage is exact, so the candidates alone decide. Prints the distance of the checkpoint's W from the
identity, too: with W = I the two stages are the same.
"""

from __future__ import annotations

import numpy as np
import torch

from app.core.arrays import Rows
from benchmarks.support.report import create_parser, parse_options, print_figures
from benchmarks.support.synthetic_galleries import Real, add_real_options, generate_embeddings, load_real
from index_builder.gallery.tuning.trials import NEAREST, nearest
from model.network.distances import Distance, Euclidean


def surviving_share(truth: Rows, candidates: Rows) -> float:
    """Compute the share of the true nearest (B,10) that are among candidates (B,n)."""
    return round(float(np.mean([np.isin(a, b).mean() for a, b in zip(truth, candidates, strict=True)])), 4)


def compare(real: Real, n: int, n_candidates: int) -> dict[str, float]:
    """Measure the share that survives each first stage, and the difference of the two distances."""
    distance = real.checkpoint.network.distance
    photos = generate_embeddings(real.photos, n, seed=1)
    sketches = torch.from_numpy(real.sketches)

    def find_candidates(by: Distance, count: int) -> Rows:
        return nearest(by, photos, by.query(sketches).numpy(), count)

    with torch.inference_mode():
        truth = find_candidates(distance, NEAREST)
        euclidean = Euclidean(distance.dim)
        weight = distance.get_parameter("weight")
        return {
            "n": n,
            "n_candidates": n_candidates,
            "sketches": len(sketches),
            "holef": surviving_share(truth, find_candidates(distance, n_candidates)),
            "euclidean": surviving_share(truth, find_candidates(euclidean, n_candidates)),
            "euclidean, without second stage": surviving_share(truth, find_candidates(euclidean, NEAREST)),
            "|W - I| / |I|": round(float((weight - torch.eye(len(weight))).norm() / len(weight) ** 0.5), 4),
        }


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    add_real_options(parser)
    parser.add_argument(
        "--size", type=int, default=100_000, help="number of photos to search among (default: %(default)s)"
    )
    parser.add_argument(
        "--n-candidates", type=int, default=100, help="candidates of the first stage (default: %(default)s)"
    )
    options = parse_options(parser)
    figures = compare(load_real(options), options.size, options.n_candidates)
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
