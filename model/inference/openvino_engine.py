"""Forward pass on a CPU by OpenVINO: in bf16 where the processor multiplies it natively, else in float32.

The extra `openvino` installs it. docs/speed.md has the measurements.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import numpy as np
import openvino
import torch
from torch import Tensor

from model.inference.engine import EngineError
from model.inference.graph import INPUT, first_line

_DEVICE = "CPU"
_SIZES = (4, 2, 1)  # frames at once: a graph for a fixed number of them is a fifth faster than one for any number
_CONCURRENT = 2  # callers at once, if there are processors enough; others wait


def multiplies_bf16() -> bool:
    """Return whether this processor has instructions for products of bf16 matrices."""
    return "BF16" in openvino.Core().get_property(_DEVICE, "OPTIMIZATION_CAPABILITIES")


class OpenvinoEngine:
    """A graph (export_graph()) by OpenVINO. Raises EngineError if it cannot be run.

    In bf16, products are of rounded numbers. Their sums and the results are float32.
    """

    def __init__(self, graph: bytes, *, bf16: bool) -> None:
        self.label = f"OpenVINO in {'bf16' if bf16 else 'float32'}"
        self.tolerance = 0.05 if bf16 else 1e-4
        self._precision = "bf16" if bf16 else "f32"
        self._compiled: dict[tuple[int, int], openvino.CompiledModel] = {}  # by frames and threads, which are fixed
        self._own = threading.local()  # requests of a thread by the same
        try:
            self._core = openvino.Core()
            self._model = self._core.read_model(graph)
            self._compile(_SIZES[-1], torch.get_num_threads())
        except Exception as error:  # exceptions of many types, none of them public
            raise EngineError(f"OpenVINO cannot run the network: {first_line(error)}") from error

    def embed(self, frames: Tensor) -> Tensor:
        """Embed frames (B,1,S,S): (B,D) float32."""
        parts = [np.array(self._request(len(part)).infer({INPUT: part.numpy()})[0]) for part in _split(frames)]
        return torch.from_numpy(np.concatenate(parts))  # of copies: a request writes into the same array again

    def _request(self, size: int) -> openvino.InferRequest:
        """Return this thread's request for so many frames and its current number of threads."""
        threads = torch.get_num_threads()
        requests: dict[tuple[int, int], openvino.InferRequest] = self._own.__dict__.setdefault("requests", {})
        if (size, threads) not in requests:
            requests[size, threads] = self._compile(size, threads).create_infer_request()
        return requests[size, threads]

    def _compile(self, size: int, threads: int) -> openvino.CompiledModel:
        """Return the graph compiled for so many frames and threads."""
        if (size, threads) not in self._compiled:
            model = self._model.clone()  # which shares the weights
            model.reshape([size, *model.input(INPUT).partial_shape[1:]])
            streams = max(1, min(_CONCURRENT, _count_processors() // threads))
            options = {
                "INFERENCE_PRECISION_HINT": self._precision,
                "NUM_STREAMS": streams,
                "INFERENCE_NUM_THREADS": streams * threads,
                "ENABLE_CPU_PINNING": False,  # other threads need the processors, too
            }
            self._compiled[size, threads] = self._core.compile_model(model, _DEVICE, options)
        return self._compiled[size, threads]


def _split(frames: Tensor) -> Iterator[Tensor]:
    """Split frames into parts of the sizes that graphs are compiled for."""
    start = 0
    while start < len(frames):
        size = next(size for size in _SIZES if size <= len(frames) - start)
        yield frames[start : start + size]
        start += size


def _count_processors() -> int:
    """Return how many processors this process may use. OpenVINO has no more threads than that, whatever it is told."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
