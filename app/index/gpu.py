"""Index searches by FAISS on a GPU, if the machine has one and FAISS supports it; all else runs on the CPU.

The GPU resources of FAISS are not thread-safe, so the GPU runs one search at a time.
"""

from __future__ import annotations

import logging
import threading
from typing import Any
from weakref import WeakKeyDictionary

import faiss
import numpy as np
import torch
from numpy.typing import NDArray

_MAX_ROWS = 2048  # that FAISS finds on a GPU for one query
_log = logging.getLogger(__name__)
_faiss: Any = faiss


class Gpu:
    """First GPU, with copies of the indexes that are searched. Safe to use from many threads."""

    def __init__(self) -> None:
        self._resources = _faiss.StandardGpuResources()
        self._lock = threading.Lock()
        self._copies: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()  # None for an index that stays on the CPU

    def search(self, index: Any, queries: NDArray[np.float32], n: int) -> tuple[Any, Any] | None:
        """Search an index for queries (B,Q): distances (B,n) and rows (B,n). Returns None if the CPU has to do it."""
        if n > _MAX_ROWS:
            return None
        with self._lock:
            try:
                if index not in self._copies:
                    self._copies[index] = _faiss.index_cpu_to_gpu(self._resources, 0, index)
                copy = self._copies[index]
                return None if copy is None else copy.search(queries, n)
            except RuntimeError as error:  # a kind without GPU support, or no memory left
                reason = str(error).rsplit("Error: ", 1)[-1]
                _log.warning("an index of %d rows is searched on the CPU, the GPU failed: %s", index.ntotal, reason)
                self._copies[index] = None
                return None


def gpu_for(device: str) -> Gpu | None:
    """Return the GPU for a device setting (auto, cpu, cuda), or None.

    If torch has a GPU that FAISS cannot use, the log says why.
    """
    if device == "cpu" or not torch.cuda.is_available():
        return None
    try:
        if _faiss.get_num_gpus() > 0:
            return Gpu()
        reason = "it finds no GPU"
    except AttributeError:
        reason = "it was installed without GPU support"
    except RuntimeError as error:
        reason = str(error).rsplit("Error: ", 1)[-1]
    _log.warning("FAISS searches on the CPU: %s", reason)
    return None
