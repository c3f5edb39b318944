"""Room for large arrays: in a file that has no name any more, whose pages the system may take back, not in memory."""

from __future__ import annotations

import os
import tempfile
from math import prod
from pathlib import Path

import numpy as np

from app.core.arrays import Embeddings

_LARGE = 64 * 2**20  # bytes: smaller arrays stay in memory


def allocate_array(shape: tuple[int, int], folder: Path | None) -> Embeddings:
    """An array (N,D) float32 to be filled: in a file of that folder if it is large and the disk has room for it."""
    size = prod(shape) * np.dtype(np.float32).itemsize
    if folder is None or size < _LARGE:
        return np.empty(shape, np.float32)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:  # it goes when nothing uses the array any more
            os.posix_fallocate(file.fileno(), 0, size)  # a disk that is full says so here, not by a signal later
            return np.memmap(file, np.float32, "r+", shape=shape)
    except OSError:
        return np.empty(shape, np.float32)
