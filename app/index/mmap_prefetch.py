"""Prefetch of rows of memory-mapped arrays, so that the system reads them at once and not one after the other.

Without it, the system would also read ahead around each row, since it expects sequential reads.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WILL_NEED = 3  # MADV_WILLNEED of Linux and macOS
_MOST_RANGES = 1024  # of one call: IOV_MAX of Linux
_madvise: Any = None
with suppress(TypeError, OSError, AttributeError):  # other systems have no madvise
    _madvise = ctypes.PyDLL(None).madvise  # by PyDLL: the call is shorter than a release of the GIL
    _madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
_process_madvise: Any = None
with suppress(TypeError, OSError, AttributeError):  # only Linux has it, since 5.10
    _process_madvise = ctypes.CDLL(None).process_madvise
    _process_madvise.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_uint)
    _process_madvise.restype = ctypes.c_ssize_t


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
    begins = starts // mmap.PAGESIZE * mmap.PAGESIZE
    ends = -(-(starts + size) // mmap.PAGESIZE) * mmap.PAGESIZE
    ranges = np.stack([begins, ends - begins], axis=1)  # (n,2): addresses and lengths, as of struct iovec
    if not _advise_at_once(ranges):
        for begin, length in ranges.tolist():
            _madvise(begin, length, _WILL_NEED)  # without effect on memory that is not mapped from a file


def _advise_at_once(ranges: NDArray[np.int64]) -> bool:
    """Have the system read ranges (n,2) by few calls. Return False if it cannot, or, as in some containers, may not.

    A call for each range would take four times as long.
    """
    if _process_madvise is None:
        return False
    own = os.pidfd_open(os.getpid())
    try:
        return all(
            _process_madvise(own, part.ctypes.data, len(part), _WILL_NEED, 0) >= 0
            for part in np.split(ranges, range(_MOST_RANGES, len(ranges), _MOST_RANGES))
        )
    finally:
        os.close(own)
