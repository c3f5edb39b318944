"""QuickDraw as published: one .ndjson file per class, one drawing per line, simplified or raw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from PIL import Image
from pydantic import BaseModel, Field, ValidationError, model_validator

from app.core.error_text import describe_validation_error, path_of
from index_builder.datasets.pictures import StrokesPicture
from model.preprocessing.frames import Strokes

_Numbers = Annotated[list[Annotated[float, Field(allow_inf_nan=False)]], Field(min_length=1)]


class DrawingError(ValueError):
    """Line that is not a drawing; the message has the file and the line."""


class _Drawing(BaseModel):
    """One line: strokes as [[x, ...], [y, ...]]; the raw files have times as a third list."""

    word: Annotated[str, Field(min_length=1)]
    drawing: Annotated[list[Annotated[list[_Numbers], Field(min_length=2, max_length=3)]], Field(min_length=1)]
    recognized: bool = True

    @model_validator(mode="after")
    def _check_lengths(self) -> _Drawing:
        """Check that the lists of every stroke have equal lengths."""
        for number, stroke in enumerate(self.drawing):
            if len({len(values) for values in stroke}) > 1:
                raise ValueError(
                    f"stroke {number} has lists of {[len(v) for v in stroke]} numbers, expected equal lengths"
                )
        return self

    def strokes(self) -> Strokes:
        """Convert the drawing to strokes of points."""
        return [list(zip(xs, ys, strict=True)) for xs, ys, *_ in self.drawing]


@dataclass(frozen=True)
class LinePicture:
    """One line of an .ndjson file, read and drawn when it is opened."""

    source: Path
    line: int  # from 1
    offset: int  # bytes before it

    @property
    def name(self) -> str:
        """Stem of the file, and the line."""
        return f"{self.source.stem}-{self.line}"

    def content(self) -> bytes:
        """Read the line's bytes."""
        with self.source.open("rb") as file:
            file.seek(self.offset)
            return file.readline()

    def open(self) -> Image.Image:
        """Draw the line's strokes.

        Raises DrawingError, and BlankSketchError when the strokes are too small.
        """
        drawing = _parse_line(self.content(), self)
        return StrokesPicture(self.source, self.name, drawing.strokes()).open()

    def __str__(self) -> str:
        return f"{self.source}:{self.line}"


def read_drawings(path: Path, limit: int | None) -> tuple[str, list[LinePicture]]:
    """Return the class of a file and its first `limit` recognised drawings.

    Raises DrawingError with the line.
    """
    drawings: list[LinePicture] = []
    word = ""
    for place, drawing in _iterate_lines(path):
        word = word or drawing.word
        if drawing.word != word:
            raise DrawingError(f"{place}: word is {drawing.word!r}, expected {word!r} as on line 1: one class per file")
        if limit is not None and len(drawings) >= limit:
            break
        if drawing.recognized:
            drawings.append(place)
    if not drawings:
        raise DrawingError(f"{path} has no recognised drawings, expected one on each line")
    return word, drawings


def _iterate_lines(path: Path) -> Iterator[tuple[LinePicture, _Drawing]]:
    offset = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            place = LinePicture(path, number, offset)
            yield place, _parse_line(line, place)
            offset += len(line)


def _parse_line(line: bytes, place: LinePicture) -> _Drawing:
    try:
        return _Drawing.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] == "value_error":
            raise DrawingError(f"{place}: {first['ctx']['error']}") from None
        name = "the line" if not first["loc"] else path_of(first["loc"])
        raise DrawingError(f"{place}: {describe_validation_error(first, name)}") from None
