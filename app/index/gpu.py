"""FAISS on a GPU, where there are one and a FAISS that can use it; what it cannot do is done on the CPU.

What FAISS keeps for a GPU is not safe to use from several threads, so one search is done there at a time.
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

_MOST = 2048  # rows that FAISS finds there for one query
_log = logging.getLogger(__name__)
_faiss: Any = faiss


class Gpu:
    """The first GPU, with copies of the indexes that are searched. Safe to use from many threads."""

    def __init__(self) -> None:
        self._resources = _faiss.StandardGpuResources()
        self._lock = threading.Lock()
        self._copies: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()  # None for what has to stay on the CPU

    def search(self, index: Any, queries: NDArray[np.float32], n: int) -> tuple[Any, Any] | None:
        """What a search of that index for queries (B,Q) finds; None when the CPU has to do it."""
        if n > _MOST:
            return None
        with self._lock:
            try:
                if index not in self._copies:
                    self._copies[index] = _faiss.index_cpu_to_gpu(self._resources, 0, index)
                copy = self._copies[index]
                return None if copy is None else copy.search(queries, n)
            except RuntimeError as error:  # a kind that there is not on GPUs, or no memory left
                reason = str(error).rsplit("Error: ", 1)[-1]
                _log.warning("an index of %d rows is searched on the CPU, the GPU cannot: %s", index.ntotal, reason)
                self._copies[index] = None
                return None


def gpu_for(device: str) -> Gpu | None:
    """The GPU for a device setting (auto, cpu, cuda), or None; the log says why when there is one that torch uses."""
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
