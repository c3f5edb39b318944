"""Accuracy by the edge styles of a gallery's photos: each style, their mean embedding, and the nearest of them.

    python -m benchmarks.accuracy.edge_styles --checkpoint F --data PAIRS [--split all|held-out] [--json]

As on the server, a distance is the smaller one of those to the sketch and to its mirror image. Prints acc@1 and acc@10,
and the paired differences of acc@1 (points) and of the mean log rank to the style that a server uses by default, with
their 95% intervals over resamples of the photos. A lower log rank is better.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.support.ranks import rank_truth
from benchmarks.support.report import add_split_option, create_parser, parse_options, print_figures
from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.pictures import frame_of
from index_builder.datasets.readers.read import read_pairs
from index_builder.evaluation.bootstrap import estimate_means
from model.checkpoint import Checkpoint, load_checkpoint
from model.preprocessing.edge_styles import EDGE_STYLES, draw_styles

_SERVED = next(iter(EDGE_STYLES))


def rank_by_styles(folder: PairFolder, checkpoint: Checkpoint) -> dict[str, NDArray[np.float64]]:
    """Return the rank of each sketch's photo, from 1, (Q,), by style, by their mean and by the nearest of them.

    Raises ValueError with the id of a pair that has no photo.
    """
    if missing := [pair.photo_id for pair in folder.pairs if pair.photo is None]:
        raise ValueError(f"{folder.name} has no photo of {missing[0]}: expected photos to draw edges of")
    preprocess, distance = checkpoint.preprocess, checkpoint.network.distance
    frames = [frame_of(sketch.picture, preprocess.sketch) for pair in folder.pairs for sketch in pair.sketches]
    views = [_embed(checkpoint, frames), _embed(checkpoint, [np.fliplr(frame) for frame in frames])]
    photos = [pair.photo.open() for pair in folder.pairs if pair.photo]
    drawn = [draw_styles(photo, preprocess) for photo in photos]
    styles = {name: _embed(checkpoint, [frames[n] for frames in drawn]) for n, name in enumerate(EDGE_STYLES)}

    def measure(embeddings: Tensor) -> Tensor:
        with torch.inference_mode():
            return torch.stack([distance.pairwise(view, embeddings) for view in views]).amin(0)  # (Q,N)

    distances = {name: measure(embeddings) for name, embeddings in styles.items()}
    nearest = torch.stack(list(distances.values())).amin(0)
    distances |= {"mean": measure(torch.stack(list(styles.values())).mean(0)), "nearest": nearest}
    truth = torch.tensor([number for number, pair in enumerate(folder.pairs) for _ in pair.sketches])
    return {name: rank_truth(of_style, truth).double().numpy() for name, of_style in distances.items()}


def _embed(checkpoint: Checkpoint, frames: list[NDArray[np.uint8]]) -> Tensor:
    return torch.from_numpy(checkpoint.embed_frames(frames))


def describe(ranks: Mapping[str, NDArray[np.float64]], photos: list[str]) -> dict[str, dict[str, str]]:
    """Describe the ranks by style; `photos` has the name of each sketch's photo."""
    served = ranks[_SERVED]
    columns = {}
    for name, of_style in ranks.items():
        log_ranks = np.log(of_style) - np.log(served)
        values = [100.0 * (of_style <= 1), 100.0 * (of_style <= 10), 100.0 * (of_style <= 1) - 100.0 * (served <= 1)]
        first, ten, gain, change = estimate_means(np.stack([*values, log_ranks], 1), photos)
        columns[name] = {
            "acc@1": str(first),
            "acc@10": str(ten),
            "acc@1, difference": str(gain),
            "log rank, difference": f"{change.value:+.3f}  ({change.low:+.3f} to {change.high:+.3f})",
        }
    return columns


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True, help="a checkpoint file")
    parser.add_argument("--data", type=Path, required=True, help="pair folder with photos")
    add_split_option(parser, default="held-out")
    options = parse_options(parser)
    folder = read_pairs(options.data).part(options.split)
    ranks = rank_by_styles(folder, load_checkpoint(options.checkpoint))
    photos = [pair.photo_id for pair in folder.pairs for _ in pair.sketches]
    print_figures(describe(ranks, photos), as_json=options.json)


if __name__ == "__main__":
    main()
