"""Images of a data set, decoded on demand. Every error message names the image."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from PIL import Image

from model.preprocessing.frames import Strokes
from model.preprocessing.images import Pixels, UnreadableImageError, decode_image
from model.preprocessing.line_drawing import BlankSketchError
from model.preprocessing.preprocess import Preprocess


class Picture(Protocol):
    """An image that can be opened repeatedly; str() gives its location."""

    @property
    def name(self) -> str:
        """Name in reports: the file's stem, or the row in an archive."""

    def content(self) -> bytes:
        """Return the encoded bytes. Equal bytes mean an equal image."""

    def open(self) -> Image.Image:
        """Decode the image. Raises UnreadableImageError with its location."""


@dataclass(frozen=True)
class FilePicture:
    """An image file."""

    path: Path

    @property
    def name(self) -> str:
        """Stem of the file."""
        return self.path.stem

    def content(self) -> bytes:
        """Read the file's bytes."""
        return self.path.read_bytes()

    def open(self) -> Image.Image:
        """Decode the file. Raises UnreadableImageError."""
        return open_image(self.path)

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True)
class ArrayPicture:
    """An image from an array: (H,W) or (H,W,3) uint8."""

    source: Path
    name: str
    pixels: Pixels = field(repr=False, compare=False)

    def content(self) -> bytes:
        """Return the pixels as bytes."""
        return self.pixels.tobytes()

    def open(self) -> Image.Image:
        """Convert the pixels to an image."""
        return Image.fromarray(self.pixels)

    def __str__(self) -> str:
        return f"{self.source}: image {self.name}"


@dataclass(frozen=True)
class StrokesPicture:
    """A sketch known by its strokes alone, drawn when it is opened: black on white, in the normal frame."""

    source: Path
    name: str
    strokes: Strokes = field(repr=False, compare=False)

    def content(self) -> bytes:
        """Return the strokes as JSON."""
        return json.dumps(self.strokes).encode()

    def open(self) -> Image.Image:
        """Draw the strokes. Raises BlankSketchError when they are too few or too small."""
        return Image.fromarray(Preprocess().strokes(self.strokes))

    def __str__(self) -> str:
        return f"{self.source}: sketch {self.name}"


@dataclass(frozen=True)
class Sketch:
    """One sketch of a photo, and its strokes in drawing order where the data set has them."""

    picture: Picture
    strokes: Strokes | None = None

    @property
    def name(self) -> str:
        """Name of the picture."""
        return self.picture.name


def open_image(path: Path) -> Image.Image:
    """Decode an image file. Raises UnreadableImageError with its path."""
    try:
        return decode_image(path.read_bytes())
    except UnreadableImageError as error:
        raise UnreadableImageError(f"{path}: {error}") from None


def frame_of(picture: Picture, prepare: Callable[[Image.Image], Pixels]) -> Pixels:
    """Prepare a picture's frame by one of Preprocess's methods.

    Raises the method's BlankSketchError, and UnreadableImageError, with the picture's location.
    """
    try:
        return prepare(picture.open())
    except BlankSketchError as error:
        raise BlankSketchError(f"{picture}: {error}") from None
