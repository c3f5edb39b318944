"""What of a sketch and of a photo matched: where the network looked when it compared the two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.decoding.framed_picture import FramedPicture
from app.search.retriever import Retriever
from model.checkpoint import Checkpoint
from model.preprocessing.frames import mirror_image


class Attended(NamedTuple):
    """A picture and how strongly to show attention over its frame, (h,w) 0..1; None of a network that has none."""

    picture: FramedPicture
    attention: NDArray[np.float32] | None


@dataclass(frozen=True)
class Match:
    """A sketch beside a product's photo."""

    distance: float  # as a search gives it
    photo_name: str  # of the photo that is nearest to the sketch
    mirrored: bool  # whether the sketch's mirror image is the nearer one
    sketch: Attended  # as it was drawn, mirrored or not
    photo: Attended


def match(retriever: Retriever, checkpoint: Checkpoint, product_id: str, sketch: FramedPicture, mirror: bool) -> Match:
    """Compare a sketch, or with `mirror` the nearer of it and its mirror image, with a product's nearest photo.

    Raises UnknownProduct, and FileNotFoundError when that photo is not in the store.
    """
    found = retriever.compare(sketch.frame, product_id, mirror)
    photo = FramedPicture.of(retriever.gallery.photos.open(found.photo), checkpoint.preprocess.place_photo)
    compared = mirror_image(sketch.frame) if found.mirrored else sketch.frame
    maps = checkpoint.attend_frames([compared, photo.frame])
    drawn, seen = (None, None) if maps is None else (maps[0, :, ::-1] if found.mirrored else maps[0], maps[1])
    return Match(found.distance, found.photo, found.mirrored, Attended(sketch, drawn), Attended(photo, seen))
