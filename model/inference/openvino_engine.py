"""Forward pass on a CPU by OpenVINO: in bf16 where the processor multiplies it natively, else in float32.

The extra `openvino` installs it. docs/speed.md has the measurements.
"""

from __future__ import annotations

import os
import threading

import numpy as np
import openvino
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.inference.engine import EngineError
from model.inference.graph import Graph, Inputs, first_line

_DEVICE = "CPU"
_CONCURRENT = 2  # batches at once, if there are processors enough; others wait


def multiplies_bf16() -> bool:
    """Return whether this processor has instructions for products of bf16 matrices."""
    return "BF16" in openvino.Core().get_property(_DEVICE, "OPTIMIZATION_CAPABILITIES")


def _count_processors() -> int:
    """Return how many processors this process may use. OpenVINO has no more threads than that, whatever it is told."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class OpenvinoEngine:
    """The graph by OpenVINO. Raises EngineError if it cannot be run.

    Sums and what is not a product stay in float32, as do the results.
    """

    def __init__(self, graph: Graph, *, bf16: bool) -> None:
        self.label = f"OpenVINO in {'bf16' if bf16 else 'float32'}"
        self.tolerance = 0.03 if bf16 else 1e-4
        self._graph = graph
        self._precision = "bf16" if bf16 else "f32"
        self._compiled: dict[int, openvino.CompiledModel] = {}  # a compiled model has a fixed number of threads
        self._own = threading.local()
        try:
            self._core = openvino.Core()
            self._model = self._core.read_model(graph.onnx)
            self._compile()
        except Exception as error:  # exceptions of many types, none of them public
            raise EngineError(f"OpenVINO cannot run the network: {first_line(error)}") from error

    def embed(self, frames: Tensor) -> Tensor:
        """Embed frames (B,1,S,S): (B,D) float32."""
        return self._graph.embed(frames, self._run)

    def _run(self, inputs: Inputs) -> NDArray[np.float32]:
        request = self._request()
        return np.array(request.infer(inputs)[0], np.float32)  # a copy: the request writes into its own again

    def _request(self) -> openvino.InferRequest:
        """Return this thread's request for its current number of threads."""
        requests = self._own.__dict__
        key = str(torch.get_num_threads())
        if key not in requests:
            requests[key] = self._compile().create_infer_request()
        request: openvino.InferRequest = requests[key]
        return request

    def _compile(self) -> openvino.CompiledModel:
        """Return the model compiled for the current number of threads."""
        threads = torch.get_num_threads()
        if threads not in self._compiled:
            streams = max(1, min(_CONCURRENT, _count_processors() // threads))
            self._compiled[threads] = self._core.compile_model(
                self._model,
                _DEVICE,
                {
                    "INFERENCE_PRECISION_HINT": self._precision,
                    "NUM_STREAMS": streams,
                    "INFERENCE_NUM_THREADS": streams * threads,
                    "ENABLE_CPU_PINNING": False,  # other threads need the processors, too
                },
            )
        return self._compiled[threads]
