"""Compressed index, as chosen by `sketchfind tune`, against an exhaustive scan: recall, time and memory.

    python -m benchmarks.search.compressed_index --data PAIRS... [--photos DIR...] [--size 1000000] [--target 0.99]
        [--factories FACTORY...] [--runs 60] [--json]

The index is chosen by distorted embeddings of the gallery, like by the command without --data. Then it is searched with
real sketches, one at a time. Its time includes the exact distances to the candidates, from embeddings in a file. Memory
is that of the index.
"""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from app.core.arrays import Embeddings
from app.index.index_spec import IndexSpec, Tuning
from app.index.scratch_array import allocate_array
from app.index.segment import Segment
from benchmarks.support.report import create_parser, parse_options, print_figures
from benchmarks.support.synthetic_galleries import Real, add_real_options, fill_array, generate_chunks, load_real
from benchmarks.support.timing import median_seconds
from benchmarks.support.two_stage_search import TwoStages
from index_builder.gallery.tuning.queries import like_sketches
from index_builder.gallery.tuning.trials import NEAREST, Trial, TrialBench, nearest, size_of
from index_builder.gallery.tuning.tune import best_of, factories_for, try_all
from model.network.distances import Distance

_SKETCHES = 400


def build_two_stages(distance: Distance, embeddings: Embeddings, chosen: Trial) -> TwoStages:
    """Build the chosen index of a gallery, with exact re-ranking."""
    tuning = Tuning(chosen.parameters, chosen.training, chosen.n_candidates, chosen.recall, 0, "photos", 0, "")
    return TwoStages(distance, embeddings, IndexSpec(chosen.factory, tuning), chosen.n_candidates)


def choose_index(real: Real, embeddings: Embeddings, target: float, factories: list[str]) -> Trial:
    """Choose the index that the command would choose for this gallery."""
    distance = real.checkpoint.network.distance
    bench = TrialBench(distance, embeddings, like_sketches(embeddings))
    return best_of(try_all(bench, factories or factories_for(distance, len(embeddings)), target), target)


def compare(real: Real, n: int, target: float, factories: list[str], runs: int) -> dict[str, object]:
    """Measure the chosen index: recall of the real sketches' ten nearest, and its share of Flat's time and memory."""
    distance = real.checkpoint.network.distance
    sketches = torch.from_numpy(real.sketches[:: max(1, len(real.sketches) // _SKETCHES)])
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        embeddings = fill_array(
            allocate_array((n, distance.dim), Path(folder)), generate_chunks(real.photos, n, seed=1)
        )
        chosen = choose_index(real, embeddings, target, factories)
        compressed = build_two_stages(distance, embeddings, chosen)
        flat = Segment.build(distance, embeddings, np.arange(n, dtype=np.int64))
        truth = nearest(distance, embeddings, distance.query(sketches).numpy())
        live = np.ones(n, bool)

        def scan_all(run: int) -> object:
            return flat.nearest(distance.query(sketches[run % len(sketches)][None]).numpy(), NEAREST, live)

        def search_in_two_stages(run: int) -> object:
            return compressed.search(sketches[run % len(sketches)][None])

        times = median_seconds({"flat": scan_all, "compressed": search_in_two_stages}, runs)
        return {
            "n": n,
            "chosen": asdict(chosen),
            "recall@10": round(compressed.recall(sketches, truth), 4),
            "time": round(times["compressed"] / times["flat"], 3),
            "memory": round(size_of(compressed.segment.index) / size_of(flat.index), 3),
        }


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    add_real_options(parser)
    parser.add_argument(
        "--size", type=int, default=1_000_000, help="number of photos to search among (default: %(default)s)"
    )
    parser.add_argument(
        "--target", type=float, default=0.99, help="share of the ten nearest to find, 0 to 1 (default: %(default)s)"
    )
    parser.add_argument(
        "--factories",
        nargs="*",
        default=[],
        help="faiss.index_factory strings to try (default: those of `sketchfind tune`)",
    )
    parser.add_argument("--runs", type=int, default=60, help="searches on each side (default: %(default)s)")
    options = parse_options(parser)
    figures = compare(load_real(options), options.size, options.target, options.factories, options.runs)
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
