"""Prefetch of rows of memory-mapped arrays, so that the system reads them at once and not one after the other.

Without it, the system would also read ahead around each row, since it expects sequential reads.
"""

from __future__ import annotations

import ctypes
import mmap
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WILL_NEED = 3  # MADV_WILLNEED of Linux and macOS
_madvise: Any = None
with suppress(TypeError, OSError, AttributeError):  # other systems have no madvise
    _madvise = ctypes.PyDLL(None).madvise  # by PyDLL: the call is shorter than a release of the GIL
    _madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


def gather_rows(array: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[Any]:
    """Copy rows (n,) of an array (N,D) or (N,)."""
    if isinstance(array, np.memmap):
        prefetch_rows(array, rows)
    return array[rows]


def prefetch_rows(array: NDArray[Any], rows: NDArray[np.int64]) -> None:
    """Have the system read rows (n,) of a contiguous array, as far as they are not in memory."""
    if _madvise is None or not len(array):
        return
    size = array.strides[0]
    starts = array.ctypes.data + np.unique(rows) * size
    first = starts // mmap.PAGESIZE
    lengths = (starts + size - 1) // mmap.PAGESIZE + 1 - first
    for page, length in zip(first.tolist(), lengths.tolist(), strict=True):
        _madvise(
            page * mmap.PAGESIZE, length * mmap.PAGESIZE, _WILL_NEED
        )  # without effect on memory that is not mapped from a file
