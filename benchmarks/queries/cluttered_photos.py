"""Search by photos from life: products of the demo shop in front of scenes, as a shopper would photograph them.

    python -m benchmarks.queries.cluttered_photos --scenes DIR [--products 100] [--checkpoint F] [--json]

The gallery is the demo shop's. Each query is one of its products, pasted at a random size and place into a picture of
DIR, which may show another thing: as it is, with the object that the server guesses, and cut out in its true box, as a
shopper would draw it. Prints acc@1 and acc@10.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image

from benchmarks.support.ranks import rank_truth
from benchmarks.support.report import add_checkpoint_option, create_parser, parse_options, print_figures
from index_builder.demo.art.assortment import assortment
from model.checkpoint import Checkpoint, load_checkpoint
from model.preprocessing.images import Pixels, decode_image, to_rgb, upright
from model.preprocessing.object_cutout import cut_out, isolate_object
from model.preprocessing.regions import Box

_SIDE = 900  # px of a scene
_GROUND = 12  # of 255: what differs less from a render's rim is ground
_SIZES = (0.5, 0.75)  # of the scene's side: the longer side of the object


def paste_object(render: Pixels, scene: Pixels, random: np.random.Generator) -> tuple[Pixels, Box]:
    """Paste a product from its render (H,W,3) on a plain ground into a scene; return it and the product's box."""
    rim = np.concatenate([render[:5].reshape(-1, 3), render[-5:].reshape(-1, 3)])
    differs = (np.abs(render.astype(np.int16) - np.median(rim, axis=0)).max(axis=2) > _GROUND).astype(np.uint8)
    outlines, _ = cv2.findContours(differs, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    solid = cv2.drawContours(np.zeros_like(differs), outlines, -1, 1.0, cv2.FILLED)
    x, y, width, height = cv2.boundingRect(solid)
    scale = random.uniform(*_SIZES) * _SIDE / max(width, height)
    size = (round(width * scale), round(height * scale))
    part = np.s_[y : y + height, x : x + width]
    pixels = cv2.resize(render[part], size, interpolation=cv2.INTER_AREA).astype(np.float32)
    opacity = cv2.resize(solid[part].astype(np.float32), size, interpolation=cv2.INTER_AREA)[..., None]
    left, top = (int(random.uniform(0.05, 0.95) * (_SIDE - side)) for side in size)
    picture = cv2.resize(scene, (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    place = picture[top : top + size[1], left : left + size[0]]
    place[:] = place * (1 - opacity) + pixels * opacity
    return np.asarray(np.clip(picture, 0, 255), np.uint8), Box(left, top, *size)


def measure(checkpoint: Checkpoint, scenes: Sequence[Path], count: int) -> dict[str, dict[str, float]]:
    """Return acc@1 and acc@10 in percent of each kind of query, for `count` products."""
    renders = [to_rgb(product.picture.photo()) for product in assortment()]
    chosen = np.linspace(0, len(renders) - 1, count).astype(int)
    random = np.random.default_rng(0)
    backgrounds = [scenes[int(n)] for n in random.integers(len(scenes), size=count)]
    pasted = [
        paste_object(renders[i], to_rgb(upright(decode_image(path.read_bytes()))), random)
        for i, path in zip(chosen, backgrounds, strict=True)
    ]
    pictures: dict[str, Callable[[], list[Image.Image]]] = {
        "as in the catalogue": lambda: [Image.fromarray(renders[i]) for i in chosen],
        "in a scene, uncut": lambda: [Image.fromarray(picture) for picture, _ in pasted],
        "the object guessed": lambda: [isolate_object(Image.fromarray(picture)).photo for picture, _ in pasted],
        "cut out in its box": lambda: [Image.fromarray(cut_out(picture, box)) for picture, box in pasted],
    }
    gallery = _embed(checkpoint, [Image.fromarray(render) for render in renders])
    figures = {}
    for name, make in pictures.items():
        distances = checkpoint.network.distance.pairwise(_embed(checkpoint, make()), gallery)
        ranks = rank_truth(distances, torch.from_numpy(chosen)).numpy()
        figures[name] = {f"acc@{k}": round(100 * float((ranks <= k).mean()), 1) for k in (1, 10)}
    return figures


@torch.inference_mode()
def _embed(checkpoint: Checkpoint, photos: Sequence[Image.Image]) -> torch.Tensor:
    return torch.from_numpy(checkpoint.embed_frames([checkpoint.preprocess.photo(photo) for photo in photos]))


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    parser.add_argument("--scenes", type=Path, required=True, help="folder of JPEG photos, at any depth")
    parser.add_argument("--products", type=int, default=100, help="products to search for (default: %(default)s)")
    add_checkpoint_option(parser)
    options = parse_options(parser)
    scenes = sorted(options.scenes.rglob("*.jpg"))
    if not scenes:
        parser.error(f"--scenes {options.scenes} has no .jpg file: expected photos to paste products into")
    print_figures(measure(load_checkpoint(options.checkpoint), scenes, options.products), as_json=options.json)


if __name__ == "__main__":
    main()
