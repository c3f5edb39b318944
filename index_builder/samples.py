"""Pair folders in memory as frames, and batches drawn from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from index_builder.pairs import Pair, PairFolder, frame_of, open_image
from model.images import Pixels
from model.preprocess import Preprocess

_SPARSE_EDGES, _DENSE_EDGES = (80, 200), (25, 60)  # Canny thresholds beside the preprocessing's own


@dataclass(frozen=True)
class Sample:
    """One photo's edge maps and its sketches, each a list of (S,S) uint8 frames at the network's input size.

    edges[0] is the one that a server would make of the photo (the published edge map where there is no photo);
    sketches[:drawn] are what people drew, the others the same redrawn with a thick pen. A photo that nobody sketched
    has its other edge styles as sketches, which is how a catalogue without any sketches can be trained on.
    """

    photo_id: str
    edges: tuple[Pixels, ...]
    sketches: tuple[Pixels, ...]
    drawn: int


@dataclass(frozen=True)
class SampleSet:
    """All samples of one pair folder."""

    name: str
    samples: tuple[Sample, ...]


def prepare(folder: PairFolder, preprocess: Preprocess, advance: Callable[[], None] = lambda: None) -> SampleSet:
    """Preprocess a pair folder, two images at a time, calling `advance` after each pair."""

    def one(pair: Pair) -> Sample:
        sample = _sample(pair, preprocess)
        advance()
        return sample

    with ThreadPoolExecutor(2) as pool:  # OpenCV and Pillow release the GIL
        return SampleSet(folder.name, tuple(pool.map(one, folder.pairs)))


def draw_batch(samples: SampleSet, count: int, random: np.random.Generator) -> tuple[list[Pixels], list[Pixels]]:
    """Up to `count` pairs of distinct photos: their sketches and, in the same order, their edge maps."""
    usable = samples.samples
    chosen = random.choice(len(usable), min(count, len(usable)), replace=False)
    sketches = [_any(usable[i].sketches, random) for i in chosen]
    return sketches, [_any(usable[i].edges, random) for i in chosen]


def to_input(frames: Sequence[Pixels]) -> Tensor:
    """Frames already at the network's size -> (B,1,S,S) float32, ink 1 on ground 0."""
    return 1 - torch.from_numpy(np.stack(frames)).unsqueeze(1).float() / 255


def _sample(pair: Pair, preprocess: Preprocess) -> Sample:
    config = preprocess.config
    edges = []
    if pair.photo:
        photo = open_image(pair.photo)
        for low, high in ((config.canny_low, config.canny_high), _SPARSE_EDGES, _DENSE_EDGES):
            edges.append(Preprocess(replace(config, canny_low=low, canny_high=high)).photo(photo))
    if pair.edge_map:
        edges.append(frame_of(pair.edge_map, preprocess.edge_map))
    drawn = [frame_of(path, preprocess.sketch) for path in pair.sketches]
    thick = [_redrawn_thick(frame, preprocess) for frame in drawn]
    small = [[_shrink(frame, config.size) for frame in frames] for frames in (edges, drawn + thick)]
    return Sample(pair.photo_id, tuple(small[0]), tuple(small[1] or small[0][1:]), len(drawn))


def _redrawn_thick(frame: Pixels, preprocess: Preprocess) -> Pixels:
    """The frame that the same sketch gives when it is drawn with a pen four times as thick."""
    pen = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (8, 8))
    return preprocess.sketch(Image.fromarray(np.asarray(cv2.erode(frame, pen), np.uint8)))


def _shrink(frame: Pixels, size: int) -> Pixels:
    return np.asarray(cv2.resize(frame, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def _any(frames: Sequence[Pixels], random: np.random.Generator) -> Pixels:
    return frames[int(random.integers(len(frames)))]
