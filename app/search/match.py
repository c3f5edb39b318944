"""Comparison of a sketch with a photo: the lines of both, and the attention of the network on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.decoding.framed_picture import FramedPicture
from app.search.retriever import Retriever
from model.checkpoint import Checkpoint
from model.preprocessing.frames import PlacedFrame, mirror_image
from model.preprocessing.tracing import Strokes, trace_frame


class Attended(NamedTuple):
    """Picture with attention (h,w), 0..1, over its frame; None for a network without attention. Has its lines, too."""

    picture: FramedPicture
    attention: NDArray[np.float32] | None
    lines: Strokes  # that the network sees, in the picture's unit


@dataclass(frozen=True)
class Match:
    """Sketch compared with a product's nearest photo."""

    distance: float  # as in a search
    photo_name: str  # of the photo nearest to the sketch
    mirrored: bool  # whether the sketch's mirror image is nearer
    sketch: Attended  # as it was drawn, mirrored or not
    photo: Attended


def match(
    retriever: Retriever, checkpoint: Checkpoint, product_id: str, sketch: FramedPicture, *, mirror: bool
) -> Match:
    """Compare a sketch, or with `mirror` the nearer of it and its mirror image, with a product's nearest photo.

    Raises UnknownProductError, and FileNotFoundError if that photo is not in the store.
    """
    comparison = retriever.compare(sketch.frame, product_id, mirror=mirror)
    photo = FramedPicture.from_image(retriever.gallery.photos.open(comparison.photo), checkpoint.preprocess.place_photo)
    compared = mirror_image(sketch.frame) if comparison.mirrored else sketch.frame
    maps = checkpoint.attend_frames([compared, photo.frame])
    if maps is None:
        on_sketch, on_photo = None, None
    else:
        on_sketch, on_photo = maps[0, :, ::-1] if comparison.mirrored else maps[0], maps[1]
    return Match(
        comparison.distance,
        comparison.photo,
        comparison.mirrored,
        Attended(sketch, on_sketch, _trace(sketch)),
        Attended(photo, on_photo, _trace(photo)),
    )


def _trace(picture: FramedPicture) -> Strokes:
    return trace_frame(PlacedFrame(picture.frame, picture.placement))
