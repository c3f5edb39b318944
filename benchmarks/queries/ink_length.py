"""Ink in finished sketches: the length below which the page may suggest to draw a few more lines.

    python -m benchmarks.queries.ink_length --data PAIRS [--json]

Ink is the length of all lines, in lengths of the sketch's longer side. The page suggests more lines below 2
(static/js/results/sketch_advice.js). The data set must have strokes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.support.report import create_parser, parse_options, print_figures
from index_builder.datasets.readers.read import read_pairs
from model.preprocessing.frames import Strokes

_SHORT = 2.0


def measure_ink(strokes: Strokes) -> float:
    """Measure the length of all lines, in lengths of the longer side of their bounding box."""
    paths = [np.asarray([point[:2] for point in stroke], np.float64) for stroke in strokes if len(stroke)]
    side = np.ptp(np.concatenate(paths), axis=0).max()
    return float(sum(np.hypot(*np.diff(path, axis=0).T).sum() for path in paths) / side)


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="pair folder whose sketches have strokes")
    options = parse_options(parser)
    sketches = (sketch for pair in read_pairs(options.data).pairs for sketch in pair.sketches)
    ink = np.array([measure_ink(sketch.strokes) for sketch in sketches if sketch.strokes])
    figures = {"n_sketches": len(ink), "least": round(float(ink.min()), 2), "median": round(float(np.median(ink)), 2)}
    figures["below"] = int((ink < _SHORT).sum())
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
