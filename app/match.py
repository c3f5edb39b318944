"""What of a sketch and of a photo matched: where the network looked when it compared the two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.pictures import Picture
from app.retriever import Retriever, UnknownProduct
from model.checkpoint import Checkpoint
from model.frames import mirror_image


class Attended(NamedTuple):
    """A picture and how strongly to show attention over its frame, (h,w) 0..1; None of a network that has none."""

    picture: Picture
    attention: NDArray[np.float32] | None


@dataclass(frozen=True)
class Match:
    """A sketch beside a product's photo."""

    distance: float  # as a search gives it
    mirrored: bool  # whether the sketch's mirror image is the nearer one
    sketch: Attended  # as it was drawn, mirrored or not
    photo: Attended


def match(retriever: Retriever, checkpoint: Checkpoint, product_id: str, sketch: Picture, mirror: bool) -> Match:
    """Compare a sketch, or with `mirror` the nearer of it and its mirror image, with a product.

    Raises UnknownProduct, and FileNotFoundError when the product's photo is not in the store.
    """
    product = retriever.gallery.catalogue.get(product_id)
    if product is None:
        raise UnknownProduct(product_id)
    photo = Picture.of(retriever.gallery.photos.open(product.photo), checkpoint.preprocess.place_photo)
    distance, mirrored = retriever.compare(sketch.frame, product_id, mirror)
    compared = mirror_image(sketch.frame) if mirrored else sketch.frame
    maps = checkpoint.attend_frames([compared, photo.frame])
    if maps is None:
        return Match(distance, mirrored, Attended(sketch, None), Attended(photo, None))
    drawn = maps[0, :, ::-1] if mirrored else maps[0]
    return Match(distance, mirrored, Attended(sketch, drawn), Attended(photo, maps[1]))
