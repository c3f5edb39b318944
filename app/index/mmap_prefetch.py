"""Rows of arrays that may lie in files: asked for all at once, where the system would read them one after the other.

It would also read far around each, since it takes whoever reads a file for somebody who goes through it.
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
with suppress(TypeError, OSError, AttributeError):  # elsewhere there is none
    _madvise = ctypes.PyDLL(None).madvise  # of PyDLL: it takes less time than to give way to other threads
    _madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


def gather_rows(array: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[Any]:
    """A copy of rows (n,) of an array (N,D) or (N,)."""
    if isinstance(array, np.memmap):
        prefetch_rows(array, rows)
    return array[rows]


def prefetch_rows(array: NDArray[Any], rows: NDArray[np.int64]) -> None:
    """Have the system read rows (n,) of an array that is contiguous, where they are not in memory."""
    if _madvise is None or not len(array):
        return
    size = array.strides[0]
    starts = array.ctypes.data + np.unique(rows) * size
    first = starts // mmap.PAGESIZE
    lengths = (starts + size - 1) // mmap.PAGESIZE + 1 - first
    for page, length in zip(first.tolist(), lengths.tolist(), strict=True):
        _madvise(page * mmap.PAGESIZE, length * mmap.PAGESIZE, _WILL_NEED)  # of memory in no file it does nothing
