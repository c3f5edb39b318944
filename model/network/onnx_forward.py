"""Forward pass on a CPU by ONNX Runtime: the same embeddings as the network's own, in half the time.

docs/speed.md has the measurement behind this choice. The stem stays in torch, since ONNX cannot compute its angles of
zero gradients.
"""

from __future__ import annotations

import io
import logging
import os
import warnings
from typing import Any, cast
from weakref import WeakValueDictionary

# read at its import; otherwise it sends telemetry and stores an id of this machine
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from model.network.dssa import DSSA

_OPSET = 17
_AT_ONCE = 8  # frames: larger batches are not faster, and ONNX Runtime keeps the memory of the largest
_CLOSE = 1e-4  # largest difference per coordinate of two embeddings of one frame
_log = logging.getLogger(__name__)


class Forward:
    """embed() of a network in its current state, with torch's number of threads in the calling thread.

    Thread-safe. Raises ValueError if the network cannot be exported or its embeddings differ.
    """

    def __init__(self, network: DSSA, size: int) -> None:
        self._stem_maps = network.stem_maps
        self._sessions: dict[int, onnxruntime.InferenceSession] = {}
        frames = (torch.rand(1, 1, size, size, generator=torch.Generator().manual_seed(0)) > 0.9).float()
        try:
            self._graph = exported(network, frames)
            self._session()
        except Exception as error:  # exceptions of many types, none of them public
            reason = str(error).partition(chr(10))[0]
            raise ValueError(f"the network cannot be given to ONNX Runtime: {reason}") from error
        with torch.inference_mode():
            deviation = float((self.embed(network, frames) - network.embed(frames)).abs().max())
        if not deviation < _CLOSE:
            raise ValueError(f"ONNX Runtime's embeddings deviate by {deviation:g}: expected less than {_CLOSE:g}")

    def embed(self, _network: DSSA, frames: Tensor) -> Tensor:
        """Embed frames (B,1,S,S): (B,D) float32."""
        return torch.cat([self._embed(chunk) for chunk in torch.split(frames, _AT_ONCE)])

    def _embed(self, frames: Tensor) -> Tensor:
        maps: dict[str, Any] = {"frames": frames.numpy(), "stem": self._stem_maps(frames).numpy()}
        session = self._session()
        embeddings = session.run(None, {node.name: maps[node.name] for node in session.get_inputs()})[0]
        return torch.from_numpy(np.asarray(embeddings, np.float32))

    def _session(self) -> onnxruntime.InferenceSession:
        """Return the session for the current number of threads.

        A session has a fixed number of threads, so that each number needs its own.
        """
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


_of_files: WeakValueDictionary[str, Forward] = WeakValueDictionary()  # those in use, by the file's SHA-256


def forward_of(network: DSSA, size: int, sha256: str = "") -> Forward | None:
    """Return a network's Forward, shared by all networks from the same file.

    None if it cannot be exported, or is not on the CPU.
    """
    if next(network.parameters()).device.type != "cpu":
        return None
    forward = _of_files.get(sha256)
    if forward is None:
        try:
            forward = Forward(network, size)
        except ValueError as error:
            _log.warning("sketches are embedded by torch, which is slower: %s", error)
            return None
        if sha256:
            _of_files[sha256] = forward
    return forward


class _AfterStem(nn.Module):
    """A network without its stem: frames (B,1,S,S) and their stem maps -> embeddings (B,D)."""

    def __init__(self, network: DSSA) -> None:
        super().__init__()
        self._network = network

    def forward(self, frames: Tensor, stem: Tensor) -> Tensor:
        """Embed frames from their stem maps."""
        return self._network.embed_after(frames, stem)


def exported(network: DSSA, frames: Tensor) -> bytes:
    """Export the network without its stem as ONNX, for batches of any size."""
    file = io.BytesIO()
    names = ["frames", "stem"]
    with warnings.catch_warnings(), torch.no_grad():
        # the warning recommends a newer exporter, which needs more packages
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _AfterStem(network).eval(),
            (frames, network.stem_maps(frames)),
            cast(Any, file),  # accepted, despite the annotation
            dynamo=False,
            opset_version=_OPSET,
            input_names=names,
            output_names=["embeddings"],
            dynamic_axes={name: {0: "batch"} for name in (*names, "embeddings")},
        )
    return file.getvalue()
