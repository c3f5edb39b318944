"""Forward pass on a CPU by ONNX Runtime in float32: half of torch's processor time (docs/speed.md)."""

from __future__ import annotations

import os

# read at its import; otherwise it sends telemetry and stores an id of this machine
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from model.inference.engine import EngineError
from model.inference.graph import INPUT, first_line

_AT_ONCE = 8  # frames: larger batches are no faster, and ONNX Runtime keeps the memory of the largest


class OnnxEngine:
    """A graph (export_graph()) by ONNX Runtime. Raises EngineError if it cannot be run."""

    label = "ONNX Runtime in float32"
    tolerance = 1e-4

    def __init__(self, graph: bytes) -> None:
        self._graph = graph
        self._sessions: dict[int, onnxruntime.InferenceSession] = {}  # a session has a fixed number of threads
        try:
            self._session()
        except Exception as error:  # exceptions of many types, none of them public
            raise EngineError(f"ONNX Runtime cannot run the network: {first_line(error)}") from error

    def embed(self, frames: Tensor) -> Tensor:
        """Embed frames (B,1,S,S): (B,D) float32."""
        parts = [self._session().run(None, {INPUT: part.numpy()})[0] for part in torch.split(frames, _AT_ONCE)]
        return torch.from_numpy(np.concatenate(parts))

    def _session(self) -> onnxruntime.InferenceSession:
        """Return the session for the current number of threads."""
        threads = torch.get_num_threads()
        if threads not in self._sessions:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            # other threads need the processors, too
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
            self._sessions[threads] = onnxruntime.InferenceSession(
                self._graph, options, providers=["CPUExecutionProvider"]
            )
        return self._sessions[threads]
