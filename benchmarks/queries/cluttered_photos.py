"""Search by photos from life: products of the demo shop in front of scenes, as a shopper would photograph them.

    python -m benchmarks.queries.cluttered_photos --scenes DIR [--products 100] [--checkpoint F] [--json]

The gallery is the demo shop's. Each query is one of its products, pasted at a random size and place into a picture of
DIR, which may show another thing: as it is, with the object that the server guesses, and cut out in its true box, as a
shopper would draw it. Prints acc@1 and acc@10.

Then it prints what guesses are worth, by limits of their contrast (app/search/confidence.py): how often the box is
right, and how many guesses in the scenes alone, which seldom show what the shop sells, are below the limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from app.search.confidence import contrast_of
from benchmarks.support.ranks import rank_truth
from benchmarks.support.report import add_checkpoint_option, create_parser, parse_options, print_figures
from index_builder.demo.art.assortment import assortment
from model.checkpoint import Checkpoint, load_checkpoint
from model.preprocessing.frames import mirror_image
from model.preprocessing.images import Pixels, decode_image, to_rgb, upright
from model.preprocessing.object_cutout import isolate_object
from model.preprocessing.regions import Box, Region

_SIDE = 900  # px of a scene
_GROUND = 12  # of 255: what differs less from a render's rim is ground
_GUESSED = "the object guessed"
_RIGHT = 0.5  # intersection over union of a guess and the true box
_LIMITS = (0.5, 0.55, 0.6, 0.65, 0.7)  # of the contrast
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


class Gallery:
    """Frames of the demo shop's products, by which photos are searched."""

    def __init__(self, checkpoint: Checkpoint, renders: Sequence[Pixels]) -> None:
        self._checkpoint = checkpoint
        self._embeddings = self._embed([checkpoint.preprocess.photo(Image.fromarray(render)) for render in renders])

    @torch.inference_mode()
    def search(self, photos: Sequence[Image.Image]) -> tuple[Tensor, list[float]]:
        """Return the distances (Q,N) of photos in either direction, and the contrast of each photo."""
        frames = [self._checkpoint.preprocess.photo(photo) for photo in photos]
        both = torch.stack([self._distances(frames), self._distances(list(map(mirror_image, frames)))])
        nearer, means = both.amin(0), both.mean((0, 2)).tolist()
        contrasts = [contrast_of(row, mean) for row, mean in zip(nearer.numpy(), means, strict=True)]
        return nearer, [float("nan") if contrast is None else contrast for contrast in contrasts]

    def _distances(self, frames: Sequence[Pixels]) -> Tensor:
        return self._checkpoint.network.distance.pairwise(self._embed(frames), self._embeddings)

    def _embed(self, frames: Sequence[Pixels]) -> Tensor:
        return torch.from_numpy(self._checkpoint.embed_frames(frames))


@dataclass(frozen=True)
class Guesses:
    """Guesses of the server in scenes with products: contrasts, overlaps with the true boxes, ranks of the products.

    `alone` has the contrasts of its guesses in the scenes without products.
    """

    contrasts: NDArray[np.float64]
    overlaps: NDArray[np.float64]
    ranks: NDArray[np.int64]
    alone: NDArray[np.float64]

    def judge(self, limit: float) -> dict[str, float]:
        """Return what guesses with a contrast to the limit are worth, and those above it, in percent."""
        below = self.contrasts <= limit
        return {
            "of all guesses": _percent(below),
            "box right": _percent(self.overlaps[below] > _RIGHT),
            "box right above": _percent(self.overlaps[~below] > _RIGHT),
            "acc@10": _percent(self.ranks[below] <= 10),
            "acc@10 above": _percent(self.ranks[~below] <= 10),
            "of guesses in scenes alone": _percent(self.alone <= limit),
        }


def measure(checkpoint: Checkpoint, scenes: Sequence[Path], count: int) -> dict[str, dict[str, float]]:
    """Return acc@1 and acc@10 in percent of each kind of query, for `count` products, and what guesses are worth."""
    renders = [to_rgb(product.picture.photo()) for product in assortment()]
    chosen = np.linspace(0, len(renders) - 1, count).astype(int)
    gallery, truth = Gallery(checkpoint, renders), torch.from_numpy(chosen)
    random = np.random.default_rng(0)
    backgrounds = [scenes[int(n)] for n in random.integers(len(scenes), size=count)]
    empty = [to_rgb(upright(decode_image(path.read_bytes()))) for path in backgrounds]
    pasted = [paste_object(renders[i], scene, random) for i, scene in zip(chosen, empty, strict=True)]
    pictures, boxes = [Image.fromarray(picture) for picture, _ in pasted], [box for _, box in pasted]
    guessed = [isolate_object(picture) for picture in pictures]
    regions = [box.as_region(_SIDE, _SIDE) for box in boxes]
    queries = {
        "as in the catalogue": [Image.fromarray(renders[i]) for i in chosen],
        "in a scene, uncut": pictures,
        _GUESSED: [isolated.photo for isolated in guessed],
        "cut out in its box": [isolate_object(*of).photo for of in zip(pictures, regions, strict=True)],
    }
    results = {name: gallery.search(photos) for name, photos in queries.items()}
    ranks = {name: rank_truth(distances, truth).numpy() for name, (distances, _) in results.items()}
    alone = [isolate_object(Image.fromarray(scene)) for scene in empty]
    is_guess = np.array([isolated.object.is_guessed for isolated in guessed])
    guesses = Guesses(
        np.array(results[_GUESSED][1])[is_guess],
        np.array([_overlap(isolated.object.region, box) for isolated, box in zip(guessed, boxes, strict=True)])[
            is_guess
        ],
        ranks[_GUESSED][is_guess],
        np.array(gallery.search([isolated.photo for isolated in alone if isolated.object.is_guessed])[1]),
    )
    accuracies = {name: {f"acc@{k}": _percent(of <= k) for k in (1, 10)} for name, of in ranks.items()}
    return accuracies | {f"guesses, contrast to {limit}": guesses.judge(limit) for limit in _LIMITS}


def _percent(truths: NDArray[np.bool_]) -> float:
    return round(100 * float(truths.mean()), 1) if truths.size else 0.0


def _overlap(region: Region, box: Box) -> float:
    """Return the intersection over union of a region and a box of a scene."""
    guess = region.as_box(_SIDE, _SIDE)
    across = min(guess.left + guess.width, box.left + box.width) - max(guess.left, box.left)
    down = min(guess.top + guess.height, box.top + box.height) - max(guess.top, box.top)
    common = max(0, across) * max(0, down)
    return common / (guess.width * guess.height + box.width * box.height - common)


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
