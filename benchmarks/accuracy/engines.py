"""Results by an engine against those by torch in float32: the first result, the first ten, and the accuracy.

    python -m benchmarks.accuracy.engines --data PAIRS... [--engine openvino] [--checkpoint FILE] [--json]

All sketches of a pair folder search all its photos (its edge maps where there are no photos), as `sketchfind evaluate`
does. Once torch embeds everything, once the engine. Prints, in percent, how many sketches have the same first result,
how many of the first ten results both have, and acc@1 and acc@10 of both.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.support.report import add_checkpoint_option, create_parser, parse_options, print_figures
from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.pictures import frame_of
from index_builder.datasets.readers.read import read_pairs
from index_builder.evaluation.protocols import GalleryFrom, ranking
from model.checkpoint import Checkpoint, load_checkpoint

_FIRST = 10


def list_results(folder: PairFolder, checkpoint: Checkpoint) -> list[list[str]]:
    """List the ids of all photos for each sketch, nearest first."""
    has_photos = all(pair.photo for pair in folder.pairs)
    gallery_from = GalleryFrom.photos if has_photos else GalleryFrom.edge_maps
    frames = (frame_of(sketch.picture, checkpoint.preprocess.sketch) for p in folder.pairs for sketch in p.sketches)
    with ranking(folder, checkpoint, gallery_from, 1, lambda _: None) as rank:
        return [rank(frame) for frame in frames]


def compare(
    folder: PairFolder,
    expected: list[list[str]],
    results: list[list[str]],
    names: tuple[str, str] = ("torch", "engine"),
) -> dict[str, float]:
    """Compare two lists of results of these names, each with the ids of all photos for each sketch."""
    truths = [pair.photo_id for pair in folder.pairs for _ in pair.sketches]
    first = min(_FIRST, len(folder.pairs))
    both = list(zip(expected, results, strict=True))
    figures: dict[str, list[float]] = {
        "same first": [theirs[0] == ours[0] for theirs, ours in both],
        f"of the first {first}": [len({*theirs[:first]} & {*ours[:first]}) / first for theirs, ours in both],
    }
    for name, lists in zip(names, (expected, results), strict=True):
        ranks = [1 + ids.index(truth) for ids, truth in zip(lists, truths, strict=True)]
        figures |= {f"acc@{k}, {name}": [rank <= k for rank in ranks] for k in (1, _FIRST)}
    shares = {name: round(100 * float(np.mean(values)), 2) for name, values in figures.items()}
    return {"sketches": len(truths)} | shares


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    add_checkpoint_option(parser)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="pair folders")
    parser.add_argument(
        "--engine", choices=("openvino", "onnxruntime"), default="openvino", help="engine (default: %(default)s)"
    )
    options = parse_options(parser)
    exact, fast = (load_checkpoint(options.checkpoint, engine=name) for name in ("torch", options.engine))
    figures: dict[str, object] = {"engine": fast.engine.label}
    for path in options.data:
        folder = read_pairs(path)
        figures[str(path)] = compare(folder, list_results(folder, exact), list_results(folder, fast))
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
