"""Coordinate files of QMUL-ShoeV2 and ChairV2: a pickle of numpy arrays, read without running code from it.

An ordinary unpickler calls any function that a pickle names, and numpy's own functions do not validate their input.
This unpickler accepts only the names by which numpy 1 and 2 pickle arrays. It replaces them by plain readers.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index_builder.datasets.pairs import PairsError
from model.preprocessing.frames import Strokes


class _Type:
    """Stand-in for numpy.dtype: a number's type and byte order."""

    def __init__(self, name: str, *_: object) -> None:
        self.dtype = np.dtype(str(name))
        if self.dtype.kind not in "biuf":
            raise PairsError(f"it holds values of type {name!r}, expected numbers")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.dtype = self.dtype.newbyteorder(state[1])


class _Array:
    """Stand-in for numpy.ndarray; `values` exist once the state is set."""

    values: NDArray[Any]

    def __setstate__(self, state: tuple[int, tuple[int, ...], _Type, bool, str | bytes]) -> None:
        _, shape, kind, is_fortran, data = state
        self.values = _build_array(_to_bytes(data), kind, shape, "F" if is_fortran else "C").values


def _build_array(data: bytes, kind: _Type, shape: tuple[int, ...], order: str) -> _Array:
    array = _Array()
    array.values = np.frombuffer(data, kind.dtype).reshape(shape, order="F" if order == "F" else "C")
    return array


def _read_scalar(kind: _Type, data: str | bytes) -> float:
    return float(np.frombuffer(_to_bytes(data), kind.dtype)[0])


def _to_bytes(data: str | bytes, *_: object) -> bytes:
    """Return bytes, which pickles of Python 2 and of protocol 2 store as text."""
    return data.encode("latin1") if isinstance(data, str) else data


_READERS: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _to_bytes,
}
for _core in ("numpy.core", "numpy._core"):  # numpy 1 and 2
    _READERS[f"{_core}.multiarray", "_reconstruct"] = lambda *_: _Array()
    _READERS[f"{_core}.multiarray", "scalar"] = _read_scalar
    _READERS[f"{_core}.numeric", "_frombuffer"] = _build_array


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Return the reader for a name. Raises PairsError for all others, before anything is imported."""
        if (module, name) not in _READERS:
            raise PairsError(f"it asks for {module}.{name}, expected plain containers and numpy arrays only")
        return _READERS[module, name]


def read_coordinates(path: Path) -> dict[str, Strokes]:
    """Read {name: points (n,3+)} as strokes by name.

    A point is x, y (down), and 1 at the end of a stroke. Raises PairsError with the file and the sketch, or with the
    forbidden global.
    """
    try:
        with path.open("rb") as file:
            content = _ArrayUnpickler(file, encoding="latin1").load()
    except PairsError as error:
        raise PairsError(f"{path} is refused: {error}") from None
    except Exception as error:  # a damaged pickle raises almost any exception
        raise PairsError(f"{path} cannot be read as a pickle ({type(error).__name__}: {error})") from None
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise PairsError(f"{path} holds a {type(content).__name__}, expected a dict of points by sketch name")
    return {name: _split_strokes(points, f"{path}: sketch {name!r}") for name, points in content.items()}


def _split_strokes(points: object, where: str) -> Strokes:
    """Split points (n,3+) where the pen was lifted."""
    try:
        values = np.asarray(points.values if isinstance(points, _Array) else points, np.float64)
    except (AttributeError, TypeError, ValueError):
        raise PairsError(f"{where} is not an array of numbers, expected points (n,3)") from None
    if values.ndim != 2 or values.shape[1] < 3 or not len(values) or not np.isfinite(values).all():
        raise PairsError(f"{where} is {values.shape}, expected finite points (n,3): x, y, 1 where the pen is lifted")
    cuts = np.flatnonzero(values[:, 2] > 0.5) + 1
    return [stroke.tolist() for stroke in np.split(values[:, :2], cuts) if len(stroke)]
