"""Accuracy of two checkpoints on partial sketches: the paired difference of acc@10.

    python -m benchmarks.queries.partial_sketches --data PAIRS --checkpoint FILE --against FILE
        [--split all|held-out] [--json]

Both checkpoints search with the same sketches, so a difference can be significant although the intervals of the two
figures overlap. Its interval comes from resamples of the photos, each with all of its sketches.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.support.report import add_split_option, create_parser, parse_options, print_figures
from index_builder.datasets.readers.read import read_pairs
from index_builder.evaluation.bootstrap import estimate_means
from index_builder.evaluation.evaluate import Evaluation
from index_builder.evaluation.partial_sketches import evaluate_partial
from model.checkpoint import load_checkpoint

_K = 10


def compare_partial(ours: Mapping[int, Evaluation], theirs: Mapping[int, Evaluation]) -> dict[str, str]:
    """Compute the difference of acc@10 in percentage points, with its 95% interval, by share of the ink drawn."""
    gains = [100.0 * (ours[share].ranks <= _K) - 100.0 * (theirs[share].ranks <= _K) for share in ours]
    photos = [query.truth for query in next(iter(ours.values())).queries]
    estimates = estimate_means(np.stack(gains, 1), photos)
    return {f"{share} % drawn": str(estimate) for share, estimate in zip(ours, estimates, strict=True)}


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="pair folder whose sketches have strokes")
    parser.add_argument("--checkpoint", type=Path, required=True, help="checkpoint to measure")
    parser.add_argument("--against", type=Path, required=True, help="checkpoint to compare with")
    add_split_option(parser, default="held-out")
    options = parse_options(parser)
    folder = read_pairs(options.data).part(options.split)
    ours, theirs = (evaluate_partial(folder, load_checkpoint(path)) for path in (options.checkpoint, options.against))
    print_figures(compare_partial(ours, theirs), as_json=options.json)


if __name__ == "__main__":
    main()
