"""Accuracy by what is mirrored: nothing, the sketches, or the photos.

    python -m benchmarks.accuracy.mirrored_photos --data PAIRS... [--split all|held-out] [--checkpoint FILE] [--json]

All sketches of the pair folders search all photos of their folder (edge maps where there are no photos). A search in a
large gallery mirrors the sketch, a small gallery has mirrored photos (docs/speed.md). Prints acc@1 and acc@10 of each
way, and how many sketches have the same first result in both.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.support.ranks import rank_truth
from benchmarks.support.report import (
    add_checkpoint_option,
    add_split_option,
    create_parser,
    parse_options,
    print_figures,
)
from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.pictures import frame_of
from index_builder.datasets.readers.read import read_pairs
from index_builder.evaluation.protocols import GalleryFrom, gallery_frames
from model.checkpoint import Checkpoint, load_checkpoint


def measure_distances(folder: PairFolder, checkpoint: Checkpoint) -> dict[str, Tensor]:
    """Measure the distances (Q,N) of all sketches to all photos, by what is mirrored."""
    preprocess, distance = checkpoint.preprocess, checkpoint.network.distance
    has_photos = all(pair.photo for pair in folder.pairs)
    source = GalleryFrom.photos if has_photos else GalleryFrom.edge_maps
    frames = [frame_of(sketch.picture, preprocess.sketch) for pair in folder.pairs for sketch in pair.sketches]
    sketches, turned = (
        torch.from_numpy(checkpoint.embed_frames(side)) for side in (frames, [np.fliplr(frame) for frame in frames])
    )
    photos = checkpoint.embed_photos([gallery_frames(pair, preprocess, source) for pair in folder.pairs], mirrored=True)
    straight, mirrored = (torch.from_numpy(side) for side in np.split(photos, 2, axis=1))
    with torch.inference_mode():
        as_drawn = distance.pairwise(sketches, straight)
        return {
            "nothing": as_drawn,
            "sketches": torch.minimum(as_drawn, distance.pairwise(turned, straight)),
            "photos": torch.minimum(as_drawn, distance.pairwise(sketches, mirrored)),
        }


def compare(folders: list[PairFolder], checkpoint: Checkpoint) -> dict[str, object]:
    """Compute acc@k of all folders' sketches, in percent, by what is mirrored."""
    hits: dict[str, list[Tensor]] = {}
    same: list[Tensor] = []
    for folder in folders:
        distances = measure_distances(folder, checkpoint)
        truth = torch.tensor([number for number, pair in enumerate(folder.pairs) for _ in pair.sketches])
        for name, of_way in distances.items():
            ranks = rank_truth(of_way, truth)
            for k in (1, 10):
                hits.setdefault(f"acc@{k}, {name}", []).append(ranks <= k)
        same.append(distances["sketches"].argmin(1) == distances["photos"].argmin(1))
    figures = {name: round(100 * float(torch.cat(values).double().mean()), 2) for name, values in hits.items()}
    agreement = round(100 * float(torch.cat(same).double().mean()), 2)
    return {"sketches": sum(map(len, same)), **figures, "same first, sketches and photos": agreement}


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="pair folders")
    add_split_option(parser, default="all")
    add_checkpoint_option(parser)
    options = parse_options(parser)
    folders = [read_pairs(path).part(options.split) for path in options.data]
    print_figures(compare(folders, load_checkpoint(options.checkpoint)), as_json=options.json)


if __name__ == "__main__":
    main()
