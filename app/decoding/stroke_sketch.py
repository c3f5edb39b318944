"""Sketches sent as JSON strokes, checked against limits before and during parsing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, FailFast, Field, ValidationError, model_validator

from app.colours.shares import ColorShare
from app.core.error_text import describe_first_error
from app.decoding.framed_picture import FramedPicture
from app.decoding.image_sketch import ImageSketch
from model.preprocessing.preprocess import Preprocess

MAX_STROKES = 2_000
MAX_POINTS = 50_000  # in all strokes together
MAX_SIDE = 20_000  # of the canvas, in the canvas's unit

_FULL_SIZE = 256  # px: a smaller canvas has a unit other than pixels, and is scaled up to this size
_MAX_COMMAS = 3 * MAX_POINTS + 2 * MAX_STROKES  # an acceptable body has at most as many

# strokes may leave the canvas, but not by much
_Number = Annotated[float, Field(ge=-10 * MAX_SIDE, le=10 * MAX_SIDE, allow_inf_nan=False)]
_Point = Annotated[list[_Number], Field(min_length=2, max_length=3), FailFast()]
_Stroke = Annotated[list[_Point], Field(max_length=MAX_POINTS), FailFast()]
_Color = Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")]
_Side = Annotated[float, Field(ge=1, le=MAX_SIDE, allow_inf_nan=False)]


class InvalidStrokesError(ValueError):
    """JSON that is not a sketch. `where` is the path of the wrong value, None if not a single value is wrong."""

    def __init__(self, message: str, where: str | None = None) -> None:
        super().__init__(message)
        self.where = where


class StrokesBody(BaseModel):
    """Sketch as strokes on a canvas: points [x, y] or [x, y, pressure], y down, in the canvas's unit."""

    model_config = ConfigDict(strict=True)

    width: _Side = Field(description="width of the canvas", examples=[320])
    height: _Side = Field(description="height of the canvas", examples=[240])
    strokes: Annotated[list[_Stroke], Field(max_length=MAX_STROKES), FailFast()] = Field(
        description=f"strokes in drawing order; at most {MAX_POINTS:,} points in all",
        examples=[[[[10, 20], [30.5, 40, 0.5]], [[5, 5], [60, 80]]]],
    )

    colors: Annotated[list[_Color | None], Field(max_length=MAX_STROKES), FailFast()] = Field(
        default=[],
        description="colour of each stroke as '#rrggbb', null for ink; results of these colours come first",
        examples=[["#c0252d", None]],
    )

    @model_validator(mode="after")
    def _check_colors(self) -> Self:
        """Check that each stroke has its colour. Raises ValueError."""
        if self.colors and len(self.colors) != len(self.strokes):
            count = len(self.strokes)
            raise ValueError(f"colors has {len(self.colors)} values: expected {count}, one for each stroke")
        return self

    def color_shares(self) -> tuple[ColorShare, ...]:
        """Return the colours of the strokes, with their shares of the length of all coloured strokes."""
        lengths: dict[str, float] = {}
        for color, stroke in zip(self.colors, self.strokes, strict=False):
            if color is not None:
                length = sum(math.hypot(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(stroke))
                lengths[color.lower()] = lengths.get(color.lower(), 0) + length
        total = sum(lengths.values())
        return tuple(ColorShare(color, length / total) for color, length in lengths.items() if length)

    @property
    def scale(self) -> float:
        """Pixels per unit of the canvas."""
        return max(1.0, _FULL_SIZE / max(self.width, self.height))

    def in_pixels(self) -> list[list[list[float]]]:
        """Scale the strokes to pixels."""
        if self.scale == 1:
            return self.strokes
        return [[[x * self.scale, y * self.scale] for x, y, *_ in stroke] for stroke in self.strokes]


def parse_strokes(data: bytes) -> StrokesBody:
    """Parse a JSON body. Raises InvalidStrokesError for anything but a StrokesBody of at most MAX_POINTS points."""
    if data.count(b",") > _MAX_COMMAS:  # a bound on the memory of the parsed body
        raise _too_many_points()
    try:
        body = StrokesBody.model_validate_json(data)
    except ValidationError as error:
        where, message = describe_first_error(error)
        raise InvalidStrokesError(message, where) from None
    count = sum(map(len, body.strokes))
    if count > MAX_POINTS:
        raise _too_many_points(f"{count:,} points")
    return body


def _too_many_points(count: str = "too many points") -> InvalidStrokesError:
    return InvalidStrokesError(f"strokes have {count}: expected at most {MAX_POINTS:,} in all")


@dataclass(frozen=True)
class StrokesSketch:
    """Bytes of JSON strokes."""

    data: bytes

    def decode(self, preprocess: Preprocess) -> FramedPicture:
        """Parse and draw the strokes; their place is in the canvas's unit. Raises InvalidStrokesError."""
        body = parse_strokes(self.data)
        frame, placement = preprocess.place_strokes(body.in_pixels())
        place = placement.scaled(1 / body.scale, 1 / body.scale)
        return FramedPicture(frame, place, body.width, body.height, colors=body.color_shares())


Sketch = ImageSketch | StrokesSketch
