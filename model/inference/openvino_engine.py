"""Forward pass on a CPU by OpenVINO: in bf16 where the processor multiplies it natively, else in float32.

The extra `openvino` installs it. docs/speed.md has the measurements.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence

import numpy as np
import openvino
import torch
from torch import Tensor

from model.inference.engine import EngineError
from model.inference.graph import INPUT, first_line
from model.inference.mixed_precision import Part, Pipeline, split_in_precisions

_DEVICE = "CPU"
_SIZES = (2, 4)  # frames at once, or one: a graph for a fixed number is a fifth faster than one for any number
_CONCURRENT = 2  # callers at once, if there are processors enough; others wait
_PartsBySize = dict[int, list[openvino.CompiledModel]]  # parts of the network, by the number of frames


def multiplies_bf16() -> bool:
    """Return whether this processor has instructions for products of bf16 matrices."""
    return "BF16" in openvino.Core().get_property(_DEVICE, "OPTIMIZATION_CAPABILITIES")


class OpenvinoEngine:
    """A graph (export_graph()) by OpenVINO. Raises EngineError if it cannot be run.

    In bf16, products are of rounded numbers, except at both ends of the network. Sums and results are float32.
    """

    def __init__(self, graph: bytes, *, bf16: bool) -> None:
        self.label = f"OpenVINO in {'bf16' if bf16 else 'float32'}"
        self.tolerance = 0.05 if bf16 else 1e-4
        self._bf16 = bf16
        self._compiled: dict[int, _PartsBySize] = {}  # by threads, which are fixed, as the number of frames is
        self._growing = set[int]()  # numbers of threads for which all sizes are compiled, or soon will be
        self._lock = threading.Lock()  # of both
        self._own = threading.local()  # pipelines of a thread, by the same
        try:
            self._core = openvino.Core()
            self._model = self._core.read_model(graph)
            self._compile(torch.get_num_threads(), 1)
        except Exception as error:  # exceptions of many types, none of them public
            raise EngineError(f"OpenVINO cannot run the network: {first_line(error)}") from error

    def embed(self, frames: Tensor) -> Tensor:
        """Embed frames (B,1,S,S): (B,D) float32."""
        threads = torch.get_num_threads()
        compiled = self._compile(threads, len(frames))
        pipelines: dict[tuple[int, int], Pipeline] = self._own.__dict__.setdefault("pipelines", {})
        embeddings = []
        for part in _split(frames, sorted(compiled, reverse=True)):
            key = len(part), threads
            if key not in pipelines:
                pipelines[key] = Pipeline(compiled[len(part)])
            embeddings.append(pipelines[key].run(part.contiguous().numpy()))
        return torch.from_numpy(np.concatenate(embeddings))

    def _compile(self, threads: int, count: int) -> _PartsBySize:
        """Return the parts compiled for so many threads, by the number of frames: at first for one frame.

        The first call for several frames begins to compile the others. Nobody waits for them.
        """
        with self._lock:
            if threads not in self._compiled:
                self._compiled[threads] = {1: self._compile_for(1, threads)}
            if count > 1 and threads not in self._growing:
                self._growing.add(threads)
                threading.Thread(target=self._compile_others, args=(threads,), name="compile graphs").start()
            return dict(self._compiled[threads])

    def _compile_others(self, threads: int) -> None:
        for size in _SIZES:
            parts = self._compile_for(size, threads)
            with self._lock:
                self._compiled[threads][size] = parts

    def _compile_for(self, size: int, threads: int) -> list[openvino.CompiledModel]:
        model = self._model.clone()  # which shares the weights
        model.reshape([size, *model.input(INPUT).partial_shape[1:]])
        streams = max(1, min(_CONCURRENT, _count_processors() // threads))
        options = {
            "NUM_STREAMS": streams,
            "INFERENCE_NUM_THREADS": streams * threads,
            "ENABLE_CPU_PINNING": False,  # other threads need the processors, too
        }
        parts = split_in_precisions(model) if self._bf16 else [Part(model, "f32")]
        return [
            self._core.compile_model(part.model, _DEVICE, {**options, "INFERENCE_PRECISION_HINT": part.precision})
            for part in parts
        ]


def _split(frames: Tensor, sizes: Sequence[int]) -> Iterator[Tensor]:
    """Split frames into parts of the given sizes, which descend to 1."""
    start = 0
    while start < len(frames):
        size = next(size for size in sizes if size <= len(frames) - start)
        yield frames[start : start + size]
        start += size


def _count_processors() -> int:
    """Return how many processors this process may use. OpenVINO has no more threads than that, whatever it is told."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
