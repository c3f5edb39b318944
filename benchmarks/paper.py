"""What photographs of paper sketches find of what the sketches themselves find, for each way to photograph them.

    python -m benchmarks.paper --data PAIRS [--split all|held-out] [--gallery-from photos|edge_maps] [--checkpoint FILE]
        [--json]

The photographs are made by code (benchmarks/paper_photos.py), the same on every run. One in which nothing seems to be
drawn counts as a miss.
"""

from __future__ import annotations

import argparse
import json
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.paper_photos import WAYS, photographed
from index_builder.pairs import SPLITS, PairFolder, read_pairs
from index_builder.pictures import frame_of
from index_builder.ranking import GalleryFrom, Rank, ranking
from model.checkpoint import DEFAULT_CHECKPOINT, Checkpoint, load_checkpoint
from model.images import Pixels, decode_image
from model.preprocess import BlankSketch, Preprocess

_K = 10


def found(folder: PairFolder, checkpoint: Checkpoint, gallery_from: GalleryFrom) -> dict[str, NDArray[np.bool_]]:
    """Whether each sketch of a folder finds its photo among the first ten: as it is, and photographed in each way."""
    result: dict[str, list[bool]] = {"clean": [], **{way: [] for way in WAYS}}
    with ranking(folder, checkpoint, gallery_from, 1, lambda count: None) as rank:
        for pair in folder.pairs:
            for sketch in pair.sketches:
                clean = frame_of(sketch.picture, checkpoint.preprocess.sketch)
                result["clean"].append(_finds(rank, clean, pair.photo_id))
                for name, way in WAYS.items():
                    seed = zlib.crc32(f"{sketch.name} {name}".encode())
                    frame = _frame(photographed(sketch.picture.open(), way, seed), checkpoint.preprocess)
                    result[name].append(frame is not None and _finds(rank, frame, pair.photo_id))
    return {name: np.array(each) for name, each in result.items()}


def figures(found: dict[str, NDArray[np.bool_]]) -> dict[str, dict[str, float]]:
    """For each way, in percent: acc@10 clean and photographed, and what is kept of that which clean sketches find."""
    clean = found["clean"]
    return {
        name: {
            "clean acc@10": _percent(clean),
            "photographed acc@10": _percent(found[name]),
            "kept": _percent(found[name][clean]),
        }
        for name in WAYS
    }


def _finds(rank: Rank, frame: Pixels, truth: str) -> bool:
    return truth in rank(frame)[:_K]


def _frame(photo: bytes, preprocess: Preprocess) -> Pixels | None:
    try:
        return preprocess.sketch(decode_image(photo))
    except BlankSketch:
        return None


def _percent(found: NDArray[np.bool_]) -> float:
    return round(100 * float(found.mean()), 1)


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", choices=SPLITS, default="held-out")
    parser.add_argument("--gallery-from", type=GalleryFrom, choices=list(GalleryFrom), default=GalleryFrom.photos)
    parser.add_argument("--checkpoint", type=Path, default=DEFAULT_CHECKPOINT)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    folder = read_pairs(options.data).part(options.split)
    outcome = found(folder, load_checkpoint(options.checkpoint), options.gallery_from)
    if options.json:
        print(json.dumps({"n_queries": len(outcome["clean"]), "n_gallery": len(folder.pairs), **figures(outcome)}))
        return
    print(f"{len(outcome['clean'])} sketches, {len(folder.pairs)} photos")
    for name, values in figures(outcome).items():
        print(f"{name:24}", "  ".join(f"{what} {value:5.1f}" for what, value in values.items()))


if __name__ == "__main__":
    main()
