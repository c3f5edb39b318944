"""Pair folders, the project's own layout.

photos/ID.jpg   edge_maps/ID.png   (either may be absent, not both)
sketches/ID.png or sketches/ID_N.png for several sketches of one photo
more_sketches/ID_N.png   triplets.json   strokes.json   (all optional)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from app.core.error_text import describe_validation_error, path_of
from index_builder.datasets.pairs import HALVES, PairFolder, PairsError, category_of
from index_builder.datasets.pictures import Sketch
from index_builder.datasets.readers.pairing import images, pair_up
from index_builder.datasets.triplets import check_triplets, read_triplets

_Number = Annotated[float, Field(allow_inf_nan=False)]
_Point = Annotated[list[_Number], Field(min_length=2, max_length=3)]


class _StrokesFile(BaseModel):
    """strokes.json: sketches by name, each a list of strokes [[x, y, pressure?], ...] in drawing order."""

    sketches: dict[str, list[list[_Point]]]


def parts(folder: Path) -> list[str]:
    """Return one unnamed part for a folder with images in photos/ or edge_maps/, else none."""
    return [""] if images(folder / "photos") or images(folder / "edge_maps") else []


def categories(folder: Path) -> list[str]:
    """List the pair folders with sketches in a folder; train and test are halves, not categories."""
    inner = (path for path in sorted(folder.iterdir()) if path.name not in HALVES and (path / "sketches").is_dir())
    return [path.name for path in inner if parts(path)]


def read(folder: Path, part: str) -> PairFolder:
    """Read folder/part. Photos without sketches are kept as part of the gallery."""
    name = part or category_of(folder)
    folder = folder / part
    rasters = images(folder / "sketches")
    strokes = _read_strokes(folder / "strokes.json", rasters)
    sketches = [Sketch(picture, strokes.get(stem)) for stem, picture in rasters.items()]
    more = [Sketch(picture) for picture in images(folder / "more_sketches").values()]
    pairs = pair_up(name, images(folder / "photos"), images(folder / "edge_maps"), sketches, more)
    source = folder / "triplets.json"
    if not source.exists():
        return pairs
    triplets = read_triplets(source)
    check_triplets(triplets, rasters.keys(), {pair.photo_id for pair in pairs.pairs}, source)
    return replace(pairs, triplets=triplets)


def _read_strokes(path: Path, sketches: Mapping[str, object]) -> Mapping[str, list[list[list[float]]]]:
    """Read strokes.json, if it exists, by the names of the sketches. Raises PairsError."""
    if not path.exists():
        return {}
    try:
        strokes = _StrokesFile.model_validate_json(path.read_bytes()).sketches
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise PairsError(f"{path}: {describe_validation_error(first, path_of(first['loc']))}") from None
    if unknown := sorted(strokes.keys() - sketches.keys()):
        raise PairsError(f"{path} has strokes of {unknown[0]!r}, expected names of images in sketches/")
    return strokes
