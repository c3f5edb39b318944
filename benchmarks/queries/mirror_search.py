"""Effect of searching with the mirror image: share of first results of the right kind, with and without.

    python -m benchmarks.queries.mirror_search --gallery DIR --data PAIRS --kind CATEGORY...
        [--split all|held-out] [--json]

KINDs are top categories of the gallery, such as Shoes and Sandal. The sketches of PAIRS show products of these.
"""

from __future__ import annotations

from pathlib import Path

from app.gallery.gallery import Gallery
from app.gallery.layout import CHECKPOINT_FILE
from app.search.retriever import Retriever
from benchmarks.support.report import add_split_option, create_parser, parse_options, print_figures
from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.pictures import frame_of
from index_builder.datasets.readers.read import read_pairs
from model.checkpoint import load_checkpoint

_FIRST = 8


def measure_share_of_kind(gallery_dir: Path, folder: PairFolder, kinds: list[str], *, mirror: bool) -> float:
    """Measure the share, in percent, of the first eight results of every sketch that are of one of the kinds."""
    checkpoint = load_checkpoint(gallery_dir / CHECKPOINT_FILE)
    gallery = Gallery.open(gallery_dir, checkpoint)
    retriever = Retriever(checkpoint, gallery)
    matches: list[bool] = []
    for sketch in (sketch for pair in folder.pairs for sketch in pair.sketches):
        frame = frame_of(sketch.picture, checkpoint.preprocess.sketch)
        results = retriever.search(frame, _FIRST, mirror=mirror).results
        matches += [(result.product.category or "").split(" >")[0] in kinds for result in results]
    gallery.close()
    return round(100 * sum(matches) / len(matches), 1)


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    parser.add_argument("--gallery", type=Path, required=True, help="gallery to search")
    parser.add_argument("--data", type=Path, required=True, help="pair folder whose sketches are searched")
    parser.add_argument("--kind", nargs="+", required=True, help="top categories of the gallery that count as right")
    add_split_option(parser, default="all")
    options = parse_options(parser)
    folder = read_pairs(options.data).part(options.split)
    figures = {
        name: measure_share_of_kind(options.gallery, folder, options.kind, mirror=mirror)
        for name, mirror in (("as drawn", False), ("either way round", True))
    }
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
