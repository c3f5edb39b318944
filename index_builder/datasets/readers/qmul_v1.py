"""QMUL-Shoe, QMUL-Chair and Handbag as published: MATLAB files, one category per folder.

NAME_sketch_db_HALF.mat   NAME_edge_db_HALF.mat   NAME_image_db_HALF.mat (photos)   NAME_annotation.json
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
from pydantic import BaseModel, NonNegativeInt, TypeAdapter, ValidationError
from scipy.io import loadmat

from app.core.error_text import describe_validation_error, path_of
from index_builder.datasets.pairs import HALVES, Pair, PairFolder, PairsError, category_of
from index_builder.datasets.pictures import ArrayPicture, Sketch
from index_builder.datasets.triplets import HumanTriplet
from model.preprocessing.images import Pixels


class _Half(BaseModel):
    """Annotation of one half: file names by row, and [nearer, farther] once per vote for each sketch."""

    images: list[str]
    triplets: list[list[tuple[NonNegativeInt, NonNegativeInt]]] = []


_ANNOTATION = TypeAdapter(dict[str, _Half])


def parts(folder: Path) -> list[str]:
    """List the halves in the folder."""
    return [half for half in HALVES if any(folder.glob(f"*_db_{half}.mat"))]


def read(folder: Path, part: str) -> PairFolder:
    """Read one half: row i of every file is one pair.

    Its id is the annotation's file name without the suffix. Without an annotation the ids are rows counted from 1, like
    the published file names. Raises PairsError.
    """
    paths = {kind: _find_file(folder, f"*_{kind}_db_{part}.mat") for kind in ("sketch", "edge", "image")}
    arrays = {kind: (path, _load_images(path)) for kind, path in paths.items() if path}
    if "sketch" not in arrays or len(arrays) < 2:
        raise PairsError(
            f"{folder} has no whole {part} half, expected *_sketch_db_{part}.mat and "
            f"*_edge_db_{part}.mat or *_image_db_{part}.mat"
        )
    count = len(arrays["sketch"][1])
    for path, rows in arrays.values():
        if len(rows) != count:
            raise PairsError(f"{path} has {len(rows)} images, expected {count}, one for each sketch")
    ids, triplets = _read_annotation(folder, part, count)
    pictures = {
        kind: [ArrayPicture(path, name, pixels) for name, pixels in zip(ids, rows, strict=True)]
        for kind, (path, rows) in arrays.items()
    }

    def picture_at(kind: str, row: int) -> ArrayPicture | None:
        return pictures[kind][row] if kind in pictures else None

    sketches = [(Sketch(picture),) for picture in pictures["sketch"]]
    pairs = [Pair(i, picture_at("image", row), picture_at("edge", row), sketches[row]) for row, i in enumerate(ids)]
    return PairFolder(category_of(folder), tuple(sorted(pairs, key=lambda pair: pair.photo_id)), triplets)


def _find_file(folder: Path, pattern: str) -> Path | None:
    """Return the file that matches, or None.

    Raises PairsError for two files, since nothing shows which ones belong together.
    """
    files = sorted(folder.glob(pattern))
    if len(files) > 1:
        raise PairsError(f"{folder} has {files[0].name} and {files[1].name}, expected a folder for each category")
    return files[0] if files else None


def _load_images(path: Path) -> Pixels:
    """Load the variable `data`: (N,H,W) or (N,H,W,3) uint8."""
    try:
        data = loadmat(path, variable_names=["data"]).get("data")
    except NotImplementedError:
        raise PairsError(f"{path} is a MATLAB 7.3 file, expected version 5, as save('-v7') writes it") from None
    except Exception as error:  # loadmat raises almost any exception
        raise PairsError(f"{path} cannot be read as a MATLAB file ({type(error).__name__}: {error})") from None
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or not (data.ndim == 3 or data.shape[3:] == (3,)):
        description = f"{data.shape} {data.dtype}" if isinstance(data, np.ndarray) else "absent"
        raise PairsError(f"{path}: variable 'data' is {description}, expected (N,H,W) or (N,H,W,3) uint8")
    return data


def _read_annotation(folder: Path, half: str, count: int) -> tuple[list[str], tuple[HumanTriplet, ...]]:
    """Read the ids of a half's rows, and its triplets."""
    path = _find_file(folder, "*_annotation.json")
    try:
        notes = _ANNOTATION.validate_json(path.read_bytes()).get(half) if path else None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise PairsError(f"{path}: {describe_validation_error(first, path_of(first['loc']))}") from None
    if notes is None:
        return [str(row + 1) for row in range(count)], ()
    ids = [Path(name).stem for name in notes.images]
    if len(ids) != count or len(set(ids)) != count:
        raise PairsError(f"{path} names {len(set(ids))} different images of the {half} half, expected {count}")
    for sketch, triplets in enumerate(notes.triplets):
        if (last := max([sketch, *(row for triplet in triplets for row in triplet)])) >= count:
            raise PairsError(f"{path}: {half}.triplets[{sketch}] names row {last}, expected at most {count - 1}")
    return ids, tuple(
        HumanTriplet(ids[sketch], ids[nearer], ids[farther], votes)
        for sketch, triplets in enumerate(notes.triplets)
        for (nearer, farther), votes in Counter(triplets).items()
    )
