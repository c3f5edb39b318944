"""Untrained baseline: histograms of oriented gradients of the same frames, compared by cosine similarity.

    python -m benchmarks.accuracy.hog_baseline --data PAIRS [--gallery-from photos|edge_maps]
        [--split all|held-out] [--json]

OpenCV's HOG runs on smoothed frames with cells of 16x16 px. The figures and the queries are those of
`sketchfind evaluate`.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.support.report import add_split_option, create_parser, parse_options, print_figures
from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.pictures import frame_of
from index_builder.datasets.readers.read import read_pairs
from index_builder.evaluation.protocols import GalleryFrom, gallery_frame
from model.preprocessing.frames import FRAME
from model.preprocessing.images import Pixels
from model.preprocessing.preprocess import Preprocess

_HOG = cv2.HOGDescriptor((FRAME, FRAME), (32, 32), (16, 16), (16, 16), 9)


def describe(frame: Pixels) -> NDArray[np.float32]:
    """Compute the HOG vector of a frame, of unit length."""
    vector = np.asarray(_HOG.compute(cv2.GaussianBlur(frame, (0, 0), 2)), np.float32).ravel()
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float32)


def measure_hog_accuracy(folder: PairFolder, gallery_from: GalleryFrom) -> dict[str, float]:
    """Compute acc@k in percent of HOG on the folder."""
    preprocess = Preprocess()
    photos = np.stack([describe(gallery_frame(pair, preprocess, gallery_from)) for pair in folder.pairs])
    ranks = []
    for number, pair in enumerate(folder.pairs):
        for sketch in pair.sketches:
            similarity = photos @ describe(frame_of(sketch.picture, preprocess.sketch))
            ranks.append(1 + int((similarity > similarity[number]).sum()))
    accuracy = {f"acc@{k}": round(100 * float(np.mean(np.array(ranks) <= k)), 2) for k in (1, 5, 10)}
    return {"n_queries": len(ranks), "n_gallery": len(photos), **accuracy}


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="pair folder whose sketches are searched")
    parser.add_argument(
        "--gallery-from",
        type=GalleryFrom,
        default=GalleryFrom.photos,
        choices=list(GalleryFrom),
        help="pictures that are searched among (default: %(default)s)",
    )
    add_split_option(parser, default="all")
    options = parse_options(parser)
    figures = measure_hog_accuracy(read_pairs(options.data).part(options.split), options.gallery_from)
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
