"""Pair folders in memory as frames, and batches drawn from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from index_builder.datasets.pairs import Pair, PairFolder
from index_builder.datasets.partial_strokes import first_share, length_of
from index_builder.datasets.pictures import Sketch, frame_of
from index_builder.datasets.triplets import Judgement, judgements
from index_builder.training.data.edge_styles import EDGE_STYLES
from index_builder.training.data.line_segments import segment_lines
from model.preprocessing.frames import Strokes
from model.preprocessing.images import Pixels, upright
from model.preprocessing.line_drawing import BlankSketchError
from model.preprocessing.preprocess import Preprocess
from model.preprocessing.tracing import trace_strokes

_DRAWN = (0.2, 0.35, 0.5, 0.7)  # how much of its ink an unfinished sketch has


@dataclass(frozen=True, eq=False)
class LineImage:
    """A sketch or an edge map as training sees it: a frame (S,S) uint8 at the network's input size."""

    frame: Pixels

    @cached_property
    def pieces(self) -> Pixels:
        """The piece of line that each pixel belongs to, (S,S) uint8."""
        return segment_lines(self.frame)


@dataclass(frozen=True)
class Sample:
    """One photo's edge maps and its sketches.

    edges[0] is the one that a server would make of the photo (the published edge map where there is no photo);
    sketches[:drawn] are the pair's own sketches, which validation asks with; then come the extra ones for training, and
    all of them redrawn with a thick pen. A photo that nobody sketched has its other edge styles as sketches, which is
    how a catalogue without any sketches can be trained on.
    """

    photo_id: str
    edges: tuple[LineImage, ...]
    sketches: tuple[LineImage, ...]
    drawn: int
    judgements: tuple[Judgement, ...] = ()  # what people said of each of the sketches
    unfinished: tuple[LineImage, ...] = ()  # the pair's own sketches while they were being drawn


@dataclass(frozen=True)
class SampleSet:
    """All samples of one pair folder."""

    name: str
    samples: tuple[Sample, ...]

    @cached_property
    def by_id(self) -> dict[str, Sample]:
        """Samples by their photos' ids."""
        return {sample.photo_id: sample for sample in self.samples}


def prepare(
    folder: PairFolder, preprocess: Preprocess, advance: Callable[[], None] = lambda: None, unfinished: bool = False
) -> SampleSet:
    """Preprocess a pair folder, two images at a time, calling `advance` after each pair.

    With `unfinished`, sketches are also had as they were while they were being drawn.
    """
    said = judgements(folder.triplets)

    def one(pair: Pair) -> Sample:
        parts = [_unfinished(sketch, preprocess) for sketch in pair.sketches] if unfinished else []
        sample = replace(_sample(pair, preprocess, said), unfinished=tuple(chain.from_iterable(parts)))
        advance()
        return sample

    with ThreadPoolExecutor(2) as pool:  # OpenCV and Pillow release the GIL
        return SampleSet(folder.name, tuple(pool.map(one, folder.pairs)))


def draw_batch(
    samples: SampleSet, count: int, random: np.random.Generator, unfinished: float = 0.0
) -> tuple[list[LineImage], list[LineImage]]:
    """Up to `count` pairs of distinct photos: their sketches and, in the same order, their edge maps.

    `unfinished` is the share of sketches that are shown while being drawn, where they were prepared for that.
    """
    usable = samples.samples
    chosen = [usable[i] for i in random.choice(len(usable), min(count, len(usable)), replace=False)]
    sketches = []
    for sample in chosen:
        is_unfinished = sample.unfinished and unfinished > 0 and random.random() < unfinished
        sketches.append(_any(sample.unfinished if is_unfinished else sample.sketches, random))
    return sketches, [_any(sample.edges, random) for sample in chosen]


def to_input(images: Sequence[LineImage]) -> Tensor:
    """(B,1,S,S) float32, ink 1 on ground 0."""
    return 1 - torch.from_numpy(np.stack([image.frame for image in images])).unsqueeze(1).float() / 255


def to_pieces(images: Sequence[LineImage]) -> Tensor:
    """(B,S,S) uint8: the pieces of line of each image, as augment() takes them."""
    return torch.from_numpy(np.stack([image.pieces for image in images]))


def _sample(pair: Pair, preprocess: Preprocess, said: Mapping[str, Judgement]) -> Sample:
    """`said` gives what people said of each sketch, by its name."""
    config = preprocess.config
    photo = pair.photo.open() if pair.photo else None
    edges = [style(photo, preprocess) for style in EDGE_STYLES.values()] if photo else []
    if pair.edge_map:
        edges.append(frame_of(pair.edge_map, preprocess.edge_map))
    drawn = [frame_of(sketch.picture, preprocess.sketch) for sketch in pair.sketches + pair.more_sketches]
    thick = [_redrawn_thick(frame, preprocess) for frame in drawn]
    small = [[to_size(frame, config.size) for frame in frames] for frames in (edges, drawn + thick)]
    own = [said.get(sketch.name, Judgement()) for sketch in pair.sketches]
    judged = (own + [Judgement()] * len(pair.more_sketches)) * 2  # redrawn thick, a sketch is still the same one
    return Sample(
        pair.photo_id,
        tuple(small[0]),
        tuple(small[1] or small[0][1:]),
        len(pair.sketches),
        tuple(judged),
    )


def _unfinished(sketch: Sketch, preprocess: Preprocess) -> Iterator[LineImage]:
    """A sketch as a server sees it while it is drawn; what is too small to be a sketch is left out."""
    strokes = sketch.strokes or _guessed(sketch)
    for share in _DRAWN:
        with suppress(BlankSketchError):
            yield to_size(preprocess.strokes(first_share(strokes, share)), preprocess.config.size)


def _guessed(sketch: Sketch) -> Strokes:
    """Strokes of a sketch that is known as a picture alone, in the order in which most people draw: long ones first."""
    return sorted(trace_strokes(upright(sketch.picture.open())).strokes, key=length_of, reverse=True)


def _redrawn_thick(frame: Pixels, preprocess: Preprocess) -> Pixels:
    """The frame that the same sketch gives when it is drawn with a pen four times as thick."""
    pen = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (8, 8))
    return preprocess.sketch(Image.fromarray(np.asarray(cv2.erode(frame, pen), np.uint8)))


def to_size(frame: Pixels, size: int) -> LineImage:
    """A frame (256,256) at the network's input size."""
    return LineImage(np.asarray(cv2.resize(frame, (size, size), interpolation=cv2.INTER_AREA), np.uint8))


def _any(images: Sequence[LineImage], random: np.random.Generator) -> LineImage:
    return images[int(random.integers(len(images)))]
