"""Sample sets: pair folders in memory as frames, and the batches drawn from them."""

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
from index_builder.training.data.line_segments import segment_lines
from model.preprocessing.edge_styles import draw_styles
from model.preprocessing.frames import Strokes
from model.preprocessing.images import Pixels, upright
from model.preprocessing.line_drawing import BlankSketchError
from model.preprocessing.preprocess import Preprocess
from model.preprocessing.tracing import trace_strokes

_INK_SHARES = (0.2, 0.35, 0.5, 0.7)  # shares of the ink in partial sketches


@dataclass(frozen=True, eq=False)
class LineImage:
    """A sketch or an edge map in training: a frame (S,S) uint8 at the network's input size."""

    frame: Pixels

    @cached_property
    def pieces(self) -> Pixels:
        """Number of the line segment of each pixel, (S,S) uint8."""
        return segment_lines(self.frame)


@dataclass(frozen=True)
class Sample:
    """Edge maps and sketches of one photo.

    edges[0] is the server's edge map of the photo (the published one if there is no photo). sketches[:drawn] are the
    pair's own sketches, the queries of validation. After them come the extra ones for training, then all of them
    redrawn with a thick pen.

    A photo without sketches has its other edge styles as sketches, so that a catalogue of photos alone can be trained
    on.
    """

    photo_id: str
    edges: tuple[LineImage, ...]
    sketches: tuple[LineImage, ...]
    drawn: int
    judgements: tuple[Judgement, ...] = ()  # judgements of each of the sketches
    unfinished: tuple[LineImage, ...] = ()  # partial versions of the pair's own sketches


@dataclass(frozen=True)
class SampleSet:
    """All samples of one pair folder."""

    name: str
    samples: tuple[Sample, ...]

    @cached_property
    def by_id(self) -> dict[str, Sample]:
        """Samples by the ids of their photos."""
        return {sample.photo_id: sample for sample in self.samples}


def prepare(
    folder: PairFolder, preprocess: Preprocess, advance: Callable[[], None] = lambda: None, *, unfinished: bool = False
) -> SampleSet:
    """Preprocess a pair folder, two images at a time, calling `advance` after each pair.

    With `unfinished`, partial versions of the pairs' own sketches are added.
    """
    judgements_of = judgements(folder.triplets)

    def prepare_pair(pair: Pair) -> Sample:
        parts = [_iterate_partial(sketch, preprocess) for sketch in pair.sketches] if unfinished else []
        sample = replace(_prepare_sample(pair, preprocess, judgements_of), unfinished=tuple(chain.from_iterable(parts)))
        advance()
        return sample

    with ThreadPoolExecutor(2) as pool:  # OpenCV and Pillow release the GIL
        return SampleSet(folder.name, tuple(pool.map(prepare_pair, folder.pairs)))


def draw_batch(
    samples: SampleSet, count: int, random: np.random.Generator, unfinished: float = 0.0
) -> tuple[list[LineImage], list[LineImage]]:
    """Draw up to `count` pairs of distinct photos: sketches and, in the same order, edge maps.

    `unfinished` is the share of sketches that are replaced by partial ones, if these were prepared.
    """
    usable = samples.samples
    chosen = [usable[i] for i in random.choice(len(usable), min(count, len(usable)), replace=False)]
    sketches = []
    for sample in chosen:
        is_unfinished = sample.unfinished and unfinished > 0 and random.random() < unfinished
        sketches.append(_draw_image(sample.unfinished if is_unfinished else sample.sketches, random))
    return sketches, [_draw_image(sample.edges, random) for sample in chosen]


def to_input(images: Sequence[LineImage]) -> Tensor:
    """Stack images into a tensor (B,1,S,S) float32, ink 1 on ground 0."""
    return 1 - torch.from_numpy(np.stack([image.frame for image in images])).unsqueeze(1).float() / 255


def to_pieces(images: Sequence[LineImage]) -> Tensor:
    """Stack the images' segment numbers (B,S,S) uint8, as augment() takes them."""
    return torch.from_numpy(np.stack([image.pieces for image in images]))


def _prepare_sample(pair: Pair, preprocess: Preprocess, judgements_of: Mapping[str, Judgement]) -> Sample:
    """Prepare one pair; `judgements_of` has the judgements by the sketches' names."""
    config = preprocess.config
    photo = pair.photo.open() if pair.photo else None
    edges = draw_styles(photo, preprocess) if photo else []
    if pair.edge_map:
        edges.append(frame_of(pair.edge_map, preprocess.edge_map))
    drawn = [frame_of(sketch.picture, preprocess.sketch) for sketch in pair.sketches + pair.more_sketches]
    thick = [_redraw_thick(frame, preprocess) for frame in drawn]
    small = [[to_size(frame, config.size) for frame in frames] for frames in (edges, drawn + thick)]
    own = [judgements_of.get(sketch.name, Judgement()) for sketch in pair.sketches]
    judged = (own + [Judgement()] * len(pair.more_sketches)) * 2  # a sketch redrawn thick has the same judgements
    return Sample(
        pair.photo_id,
        tuple(small[0]),
        tuple(small[1] or small[0][1:]),
        len(pair.sketches),
        tuple(judged),
    )


def _iterate_partial(sketch: Sketch, preprocess: Preprocess) -> Iterator[LineImage]:
    """Iterate over partial versions of a sketch as a server sees them, without those too small for a search."""
    strokes = sketch.strokes or _guess_strokes(sketch)
    for share in _INK_SHARES:
        with suppress(BlankSketchError):
            yield to_size(preprocess.strokes(first_share(strokes, share)), preprocess.config.size)


def _guess_strokes(sketch: Sketch) -> Strokes:
    """Trace strokes of a raster sketch, in the most common drawing order: long ones first."""
    return sorted(trace_strokes(upright(sketch.picture.open())).strokes, key=length_of, reverse=True)


def _redraw_thick(frame: Pixels, preprocess: Preprocess) -> Pixels:
    """Draw the sketch of a frame again with a pen four times as thick, and return its frame."""
    pen = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (8, 8))
    return preprocess.sketch(Image.fromarray(np.asarray(cv2.erode(frame, pen), np.uint8)))


def to_size(frame: Pixels, size: int) -> LineImage:
    """Resize a frame (256,256) to the network's input size."""
    return LineImage(np.asarray(cv2.resize(frame, (size, size), interpolation=cv2.INTER_AREA), np.uint8))


def _draw_image(images: Sequence[LineImage], random: np.random.Generator) -> LineImage:
    """Draw one image at random."""
    return images[int(random.integers(len(images)))]
