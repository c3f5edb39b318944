"""Forward pass on a CPU by ONNX Runtime in float32: half of torch's processor time (docs/speed.md)."""

from __future__ import annotations

import os

# read at its import; otherwise it sends telemetry and stores an id of this machine
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.inference.engine import EngineError
from model.inference.graph import Graph, Inputs, first_line


class OnnxEngine:
    """The graph by ONNX Runtime. Raises EngineError if it cannot be run."""

    label = "ONNX Runtime in float32"
    tolerance = 1e-4

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._sessions: dict[int, onnxruntime.InferenceSession] = {}  # a session has a fixed number of threads
        try:
            self._session()
        except Exception as error:  # exceptions of many types, none of them public
            raise EngineError(f"ONNX Runtime cannot run the network: {first_line(error)}") from error

    def embed(self, frames: Tensor) -> Tensor:
        """Embed frames (B,1,S,S): (B,D) float32."""
        return self._graph.embed(frames, self._run)

    def _run(self, inputs: Inputs) -> NDArray[np.float32]:
        return np.asarray(self._session().run(None, inputs)[0], np.float32)

    def _session(self) -> onnxruntime.InferenceSession:
        """Return the session for the current number of threads."""
        threads = torch.get_num_threads()
        if threads not in self._sessions:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            # other threads need the processors, too
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
            self._sessions[threads] = onnxruntime.InferenceSession(
                self._graph.onnx, options, providers=["CPUExecutionProvider"]
            )
        return self._sessions[threads]
