"""Results by large JPEG photos as a build reduces them, against edges of the photos at their full size.

    python -m benchmarks.accuracy.large_photos --data PAIRS... [--side 2200] [--every 1] [--checkpoint FILE] [--json]

The photos are enlarged to `--side` px, since those of the pair folders are small, and saved as JPEG. All sketches
search them. "again" is what changes without any reduction, if the photos are saved at a quality of 91 instead of 92.
Prints what benchmarks.accuracy.engines prints.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from app.decoding.product_photo import decode_photo
from benchmarks.accuracy.engines import compare
from benchmarks.support.report import add_checkpoint_option, create_parser, parse_options, print_figures
from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.pictures import frame_of
from index_builder.datasets.readers.read import read_pairs
from model.checkpoint import Checkpoint, load_checkpoint
from model.preprocessing.edge_styles import photo_frames
from model.preprocessing.frames import mirror_image
from model.preprocessing.images import Pixels, decode_image


def enlarge(photo: Image.Image, side: int, quality: int) -> bytes:
    """Return a photo whose longer side is `side` px as a JPEG file."""
    scale, file = side / max(photo.size), io.BytesIO()
    size = (round(photo.width * scale), round(photo.height * scale))
    photo.convert("RGB").resize(size, Image.Resampling.LANCZOS).save(file, "JPEG", quality=quality)
    return file.getvalue()


def list_results(folder: PairFolder, checkpoint: Checkpoint, frames: Sequence[Pixels]) -> list[list[str]]:
    """List the ids of all photos, given by their frames (K,256,256), for each sketch, nearest first."""
    drawn = [frame_of(sketch.picture, checkpoint.preprocess.sketch) for p in folder.pairs for sketch in p.sketches]
    photos, distance = torch.from_numpy(checkpoint.embed_photos(frames)), checkpoint.network.distance
    views = [checkpoint.embed_frames(both) for both in (drawn, [mirror_image(frame) for frame in drawn])]
    with torch.inference_mode():
        distances = torch.stack([distance.pairwise(torch.from_numpy(view), photos) for view in views]).amin(0)
    return [[folder.pairs[number].photo_id for number in row] for row in np.argsort(distances.numpy(), axis=1)]


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    add_checkpoint_option(parser)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="pair folders with photos")
    parser.add_argument("--side", type=int, default=2200, help="px of the photos' longer side (default: %(default)s)")
    parser.add_argument("--every", type=int, default=1, help="take every n-th pair (default: %(default)s)")
    options = parse_options(parser)
    checkpoint = load_checkpoint(options.checkpoint)
    ways: dict[str, tuple[int, Callable[[bytes], Pixels]]] = {
        "full": (92, lambda file: photo_frames(decode_image(file), checkpoint.preprocess)),
        "reduced": (92, lambda file: decode_photo(file, checkpoint.preprocess).frames),
        "again": (91, lambda file: photo_frames(decode_image(file), checkpoint.preprocess)),
    }
    figures: dict[str, object] = {}
    for path in options.data:
        folder = read_pairs(path)
        folder = replace(folder, pairs=tuple(pair for pair in folder.pairs if pair.photo)[:: options.every])
        photos = [pair.photo.open() for pair in folder.pairs if pair.photo]
        results = {
            name: list_results(folder, checkpoint, [draw(enlarge(photo, options.side, quality)) for photo in photos])
            for name, (quality, draw) in ways.items()
        }
        for name in ("reduced", "again"):
            figures[f"{path}, {name}"] = compare(folder, results["full"], results[name], ("full", name))
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
