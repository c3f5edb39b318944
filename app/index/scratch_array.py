"""Allocation of large arrays in unlinked files, whose pages the system may evict from memory."""

from __future__ import annotations

import os
import tempfile
from math import prod
from pathlib import Path

import numpy as np

from app.core.arrays import Embeddings

_LARGE = 64 * 2**20  # bytes: smaller arrays stay in memory


def allocate_array(shape: tuple[int, int], folder: Path | None) -> Embeddings:
    """Allocate an array (N,D) float32, in a file of `folder` if it is large and the disk has space for it."""
    size = prod(shape) * np.dtype(np.float32).itemsize
    if folder is None or size < _LARGE:
        return np.empty(shape, np.float32)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:  # it is deleted with its last user
            os.posix_fallocate(file.fileno(), 0, size)  # a full disk fails here, not by a signal later
            return np.memmap(file, np.float32, "r+", shape=shape)
    except OSError:
        return np.empty(shape, np.float32)
