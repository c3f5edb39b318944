"""QuickDraw as Google publishes it: one .ndjson file a class, one drawing a line, simplified or raw."""

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
    """A line that is not a drawing; the message names file and line."""


class _Drawing(BaseModel):
    """One line: strokes as [[x, ...], [y, ...]], and in the raw files a third list, of times."""

    word: Annotated[str, Field(min_length=1)]
    drawing: Annotated[list[Annotated[list[_Numbers], Field(min_length=2, max_length=3)]], Field(min_length=1)]
    recognized: bool = True

    @model_validator(mode="after")
    def _even(self) -> _Drawing:
        for number, stroke in enumerate(self.drawing):
            if len({len(values) for values in stroke}) > 1:
                raise ValueError(
                    f"stroke {number} has lists of {[len(v) for v in stroke]} numbers, expected equal lengths"
                )
        return self

    def strokes(self) -> Strokes:
        return [list(zip(xs, ys, strict=True)) for xs, ys, *_ in self.drawing]


@dataclass(frozen=True)
class LinePicture:
    """One line of an .ndjson file, which is read and drawn when it is opened."""

    source: Path
    line: int  # from 1
    offset: int  # bytes before it

    @property
    def name(self) -> str:
        return f"{self.source.stem}-{self.line}"

    def content(self) -> bytes:
        with self.source.open("rb") as file:
            file.seek(self.offset)
            return file.readline()

    def open(self) -> Image.Image:
        """Raises DrawingError, and BlankSketch when the strokes are too small to be a sketch."""
        drawing = _parse(self.content(), self)
        return StrokesPicture(self.source, self.name, drawing.strokes()).open()

    def __str__(self) -> str:
        return f"{self.source}:{self.line}"


def read_drawings(path: Path, limit: int | None) -> tuple[str, list[LinePicture]]:
    """The class of a file and its first `limit` recognised drawings. Raises DrawingError, naming the line."""
    found: list[LinePicture] = []
    word = ""
    for place, drawing in _lines(path):
        word = word or drawing.word
        if drawing.word != word:
            raise DrawingError(f"{place}: word is {drawing.word!r}, expected {word!r} as on line 1: one class a file")
        if limit is not None and len(found) >= limit:
            break
        if drawing.recognized:
            found.append(place)
    if not found:
        raise DrawingError(f"{path} has no recognised drawings, expected one on each line")
    return word, found


def _lines(path: Path) -> Iterator[tuple[LinePicture, _Drawing]]:
    offset = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            place = LinePicture(path, number, offset)
            yield place, _parse(line, place)
            offset += len(line)


def _parse(line: bytes, place: LinePicture) -> _Drawing:
    try:
        return _Drawing.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] == "value_error":
            raise DrawingError(f"{place}: {first['ctx']['error']}") from None
        name = "the line" if not first["loc"] else path_of(first["loc"])
        raise DrawingError(f"{place}: {describe_validation_error(first, name)}") from None
