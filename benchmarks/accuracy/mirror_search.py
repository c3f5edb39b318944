"""How much searching either way round matters: the share of first results that are of the right kind, with and without.

    python -m benchmarks.accuracy.mirror_search --gallery DIR --data PAIRS --kind CATEGORY...
        [--split all|held-out] [--json]

KINDs are top categories of the gallery that the sketches of PAIRS show, such as Shoes and Sandal.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from app.gallery.gallery import Gallery
from app.gallery.layout import CHECKPOINT_FILE
from app.search.retriever import Retriever
from benchmarks.support.report import print_figures
from index_builder.datasets.pairs import SPLITS, PairFolder
from index_builder.datasets.pictures import frame_of
from index_builder.datasets.readers.read import read_pairs
from model.checkpoint import load_checkpoint

_FIRST = 8


def share_of_kind(gallery_dir: Path, folder: PairFolder, kinds: list[str], mirror: bool) -> float:
    """The share, in percent, of the first eight results of all the folder's sketches that are of one of the kinds."""
    checkpoint = load_checkpoint(gallery_dir / CHECKPOINT_FILE)
    gallery = Gallery.open(gallery_dir, checkpoint)
    retriever = Retriever(checkpoint, gallery)
    found: list[bool] = []
    for sketch in (sketch for pair in folder.pairs for sketch in pair.sketches):
        frame = frame_of(sketch.picture, checkpoint.preprocess.sketch)
        results = retriever.search(frame, _FIRST, mirror=mirror).results
        found += [(result.product.category or "").split(" >")[0] in kinds for result in results]
    gallery.close()
    return round(100 * sum(found) / len(found), 1)


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gallery", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--kind", nargs="+", required=True)
    parser.add_argument("--split", choices=SPLITS, default="all")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    folder = read_pairs(options.data).part(options.split)
    figures = {
        name: share_of_kind(options.gallery, folder, options.kind, mirror)
        for name, mirror in (("as drawn", False), ("either way round", True))
    }
    print_figures(figures, options.json)


if __name__ == "__main__":
    main()
