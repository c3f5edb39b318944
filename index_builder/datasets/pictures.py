"""Images of a data set, wherever they lie: each is decoded when it is needed, and names itself in every message."""

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
    """An image that can be opened again and again; str() says where it lies."""

    @property
    def name(self) -> str:
        """What reports call it: the file's stem, or the row in an archive."""

    def content(self) -> bytes:
        """What it is decoded from: while these bytes are the same, so is the image."""

    def open(self) -> Image.Image:
        """Decode it. Raises UnreadableImage, saying where it lies."""


@dataclass(frozen=True)
class FilePicture:
    """An image file."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    def content(self) -> bytes:
        return self.path.read_bytes()

    def open(self) -> Image.Image:
        return open_image(self.path)

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True)
class ArrayPicture:
    """An image that came in an array: (H,W) or (H,W,3) uint8."""

    source: Path
    name: str
    pixels: Pixels = field(repr=False, compare=False)

    def content(self) -> bytes:
        return self.pixels.tobytes()

    def open(self) -> Image.Image:
        return Image.fromarray(self.pixels)

    def __str__(self) -> str:
        return f"{self.source}: image {self.name}"


@dataclass(frozen=True)
class StrokesPicture:
    """A sketch of which only the strokes are known, drawn when it is opened: black on white, in the normal frame."""

    source: Path
    name: str
    strokes: Strokes = field(repr=False, compare=False)

    def content(self) -> bytes:
        return json.dumps(self.strokes).encode()

    def open(self) -> Image.Image:
        """Raises BlankSketch when the strokes are too few or too small to be one."""
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
        """The picture's."""
        return self.picture.name


def open_image(path: Path) -> Image.Image:
    """Decode an image file. Raises UnreadableImage, naming the file."""
    try:
        return decode_image(path.read_bytes())
    except UnreadableImageError as error:
        raise UnreadableImageError(f"{path}: {error}") from None


def frame_of(picture: Picture, prepare: Callable[[Image.Image], Pixels]) -> Pixels:
    """The frame of a picture by one of Preprocess's methods. Raises ValueErrors of that, saying where it lies."""
    try:
        return prepare(picture.open())
    except BlankSketchError as error:
        raise BlankSketchError(f"{picture}: {error}") from None
