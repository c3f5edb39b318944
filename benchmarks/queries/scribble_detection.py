"""Detection of scribbles: how well the distances of an answer separate real sketches from scribbles.

    python -m benchmarks.queries.scribble_detection --gallery DIR --data PAIRS... [--split all|held-out]
        [--others IMAGE...] [--json]

Prints for every signal its AUC: how often a real sketch has the lower value of a pair. Prints, too, the share of
scribbles that the signal would catch at a false alarm rate of 5% of the real sketches. Then it prints the verdicts of
the server's own rule. With --others, these images replace the scribbles.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.gallery.gallery import Gallery
from app.gallery.layout import CHECKPOINT_FILE
from app.search.confidence import is_confident
from app.search.retriever import Retriever
from benchmarks.support.report import add_split_option, create_parser, parse_options
from index_builder.datasets.pictures import frame_of, open_image
from index_builder.datasets.readers.read import read_pairs
from model.checkpoint import load_checkpoint
from model.preprocessing.frames import Strokes
from model.preprocessing.images import Pixels

Array = NDArray[np.float64]
Random = np.random.Generator

_OF_EACH_KIND = 40
_RESULTS = 24
_FALSE_ALARMS = 0.05


def draw_zigzag(random: Random) -> list[Array]:
    """Draw shading to and fro in a random direction."""
    count, angle = int(random.integers(6, 30)), random.uniform(0, np.pi)
    step = np.arange(count)
    swing = np.where(step % 2, 1, -1) * random.uniform(20, 150) + random.normal(0, 20, count)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return [np.stack([step * random.uniform(5, 20), swing], 1) @ turn]


def draw_spiral(random: Random) -> list[Array]:
    """Draw a spiral, with or without a drift."""
    turn = np.linspace(0, random.uniform(4, 16) * np.pi, 300)
    radius = 5 * random.uniform(0.2, 1) * turn + random.normal(0, 0.3, 300).cumsum()
    drift = turn * random.uniform(0, 6)
    return [np.stack([radius * np.cos(turn) + drift, radius * np.sin(turn) * random.uniform(0.4, 1)], 1)]


def draw_wandering(random: Random) -> list[Array]:
    """Draw one to six lines that bend at random."""
    strokes = []
    for _ in range(random.integers(1, 7)):
        heading = random.normal(0, 0.4, random.integers(20, 200)).cumsum()
        strokes.append(4 * np.stack([np.cos(heading), np.sin(heading)], 1).cumsum(0) + random.uniform(0, 200, 2))
    return strokes


def draw_corners(random: Random) -> list[Array]:
    """Draw straight lines between random places."""
    return [random.uniform(0, 250, (int(random.integers(2, 6)), 2)) for _ in range(random.integers(2, 12))]


def draw_loop(random: Random) -> list[Array]:
    """Draw one closed curve without a recognisable shape."""
    around = np.linspace(0, 2 * np.pi, 150)
    curve = np.zeros((2, len(around)))
    for k in range(1, 8):
        curve += random.normal(0, 1 / k, (2, 1)) * np.cos(k * around + random.uniform(0, 6, (2, 1)))
    return [80 * curve.T]


KINDS: Sequence[Callable[[Random], list[Array]]] = (draw_zigzag, draw_spiral, draw_wandering, draw_corners, draw_loop)


def draw_scribbles(seed: int = 0) -> list[Strokes]:
    """Draw 40 scribbles of each kind, the same for the same seed."""
    random = np.random.default_rng(seed)
    return [[stroke.tolist() for stroke in kind(random)] for kind in KINDS for _ in range(_OF_EACH_KIND)]


def compute_signals(retriever: Retriever, frames: Sequence[Pixels]) -> dict[str, Array]:
    """Compute the candidate signals of an answer's quality by name: (N,) each, lower for better answers."""
    answers = [retriever.search(frame, _RESULTS) for frame in frames]
    ranked = np.array([[result.distance for result in answer.results] for answer in answers])
    return {
        "contrast": np.array([answer.contrast for answer in answers], np.float64),
        "nearest": ranked[:, 0],
        "nearest / 24th": ranked[:, 0] / ranked[:, -1],
        "nearest / second": ranked[:, 0] / ranked[:, 1],
    }


def measure_separation(real: Array, scribbled: Array) -> dict[str, float]:
    """Compute the AUC, and the share of scribbles above the 95th percentile of real sketches."""
    pairs = np.subtract.outer(scribbled, real)
    threshold = float(np.quantile(real, 1 - _FALSE_ALARMS))
    auc = float((pairs > 0).mean() + (pairs == 0).mean() / 2)
    caught = 100 * float((scribbled > threshold).mean())
    return {"auc": round(auc, 3), "caught": round(caught, 1), "threshold": round(threshold, 3)}


def unconfident_share(contrasts: Array, max_contrast: float) -> float:
    """Compute the share, in percent, of sketches that the server is not confident of."""
    return round(100 * float(np.mean([not is_confident(contrast, max_contrast) for contrast in contrasts])), 1)


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    parser.add_argument("--gallery", type=Path, required=True, help="gallery to search")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="pair folders of real sketches")
    add_split_option(parser, default="held-out")
    parser.add_argument(
        "--others", type=Path, nargs="+", default=[], help="images in place of the scribbles (default: drawn scribbles)"
    )
    options = parse_options(parser)
    checkpoint = load_checkpoint(options.gallery / CHECKPOINT_FILE)
    gallery = Gallery.open(options.gallery, checkpoint)
    retriever = Retriever(checkpoint, gallery)
    pairs = [pair for data in options.data for pair in read_pairs(data).part(options.split).pairs]
    real = [frame_of(sketch.picture, checkpoint.preprocess.sketch) for pair in pairs for sketch in pair.sketches]
    drawn = [checkpoint.preprocess.sketch(open_image(path)) for path in options.others]
    drawn = drawn or [checkpoint.preprocess.strokes(strokes) for strokes in draw_scribbles()]
    ours, theirs = compute_signals(retriever, real), compute_signals(retriever, drawn)
    figures = {name: measure_separation(values, theirs[name]) for name, values in ours.items()}
    limit = checkpoint.max_contrast
    doubted = {
        "sketches": unconfident_share(ours["contrast"], limit),
        "others": unconfident_share(theirs["contrast"], limit),
    }
    size = gallery.size
    gallery.close()
    if options.json:
        print(json.dumps({"n_sketches": len(real), "n_others": len(drawn), **figures, "not_confident": doubted}))
        return
    print(f"{len(real)} sketches, {len(drawn)} others, {size} products")
    for name, figure in figures.items():
        print(f"{name:20} AUC {figure['auc']:.3f}   caught {figure['caught']:5.1f}%   beyond {figure['threshold']:.3f}")
    print(f"not confident of {doubted['sketches']}% of the sketches and {doubted['others']}% of the others")


if __name__ == "__main__":
    main()
