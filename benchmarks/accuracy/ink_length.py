"""How much ink finished sketches have: below which length the page may say that a few more lines would help.

    python -m benchmarks.accuracy.ink_length --data PAIRS [--json]

The length of all lines, in lengths of the sketch's longer side; the page speaks below 2
(static/js/results/sketch_advice.js). For data sets that have strokes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.support.report import print_figures
from index_builder.datasets.readers.read import read_pairs
from model.preprocessing.frames import Strokes

_LEAST = 2.0


def ink_of(strokes: Strokes) -> float:
    """The length of all lines, in lengths of the longer side of the box around them."""
    paths = [np.asarray([point[:2] for point in stroke], np.float64) for stroke in strokes if len(stroke)]
    side = np.ptp(np.concatenate(paths), axis=0).max()
    return float(sum(np.hypot(*np.diff(path, axis=0).T).sum() for path in paths) / side)


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sketches = (sketch for pair in read_pairs(options.data).pairs for sketch in pair.sketches)
    ink = np.array([ink_of(sketch.strokes) for sketch in sketches if sketch.strokes])
    figures = {"n_sketches": len(ink), "least": round(float(ink.min()), 2), "median": round(float(np.median(ink)), 2)}
    figures["below"] = int((ink < _LEAST).sum())
    print_figures(figures, options.json)


if __name__ == "__main__":
    main()
