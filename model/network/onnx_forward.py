"""The forward pass on a CPU, by ONNX Runtime: the same embeddings as the network's own, in half the time.

docs/speed.md has the measurement that it was chosen by. The stem stays with torch, as its angles of nothing have no
equal in ONNX.
"""

from __future__ import annotations

import io
import logging
import os
import warnings
from typing import Any, cast
from weakref import WeakValueDictionary

# read at its import: else it tells Microsoft what it runs, and keeps an id of this machine for that
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from model.network.dssa import DSSA

_OPSET = 17
_AT_ONCE = 8  # frames: more are no faster, and ONNX Runtime keeps the memory of the largest batch that it has seen
_CLOSE = 1e-4  # largest difference of a coordinate by which two embeddings of one frame are still the same
_log = logging.getLogger(__name__)


class Forward:
    """embed() of a network as it is now, by as many threads as torch would take in the thread that calls it.

    Safe to use from many threads. Raises ValueError when it cannot be had.
    """

    def __init__(self, network: DSSA, size: int) -> None:
        self._stem = network.stem
        self._sessions: dict[int, onnxruntime.InferenceSession] = {}
        frames = (torch.rand(1, 1, size, size, generator=torch.Generator().manual_seed(0)) > 0.9).float()
        try:
            self._graph = exported(network, frames)
            self._session()
        except Exception as error:  # of many kinds, none of them public
            reason = str(error).partition(chr(10))[0]
            raise ValueError(f"the network cannot be given to ONNX Runtime: {reason}") from error
        with torch.inference_mode():
            away = float((self.embed(network, frames) - network.embed(frames)).abs().max())
        if not away < _CLOSE:
            raise ValueError(f"ONNX Runtime's embeddings are {away:g} away: expected less than {_CLOSE:g}")

    def embed(self, _network: DSSA, frames: Tensor) -> Tensor:
        """(B,1,S,S) -> embeddings (B,D) float32."""
        return torch.cat([self._embed(some) for some in torch.split(frames, _AT_ONCE)])

    def _embed(self, frames: Tensor) -> Tensor:
        maps: dict[str, Any] = {"frames": frames.numpy(), "stem": self._stem(frames).numpy()}
        session = self._session()
        made = session.run(None, {given.name: maps[given.name] for given in session.get_inputs()})[0]
        return torch.from_numpy(np.asarray(made, np.float32))

    def _session(self) -> onnxruntime.InferenceSession:
        """The session of that many threads: it has them for itself, so each number needs one."""
        threads = torch.get_num_threads()
        if threads not in self._sessions:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # others need the processors, too
            self._sessions[threads] = onnxruntime.InferenceSession(
                self._graph, options, providers=["CPUExecutionProvider"]
            )
        return self._sessions[threads]


_of_files: WeakValueDictionary[str, Forward] = WeakValueDictionary()  # of those in use, by the file's SHA-256


def forward_of(network: DSSA, size: int, sha256: str = "") -> Forward | None:
    """A network's Forward, one for all that are from the same file; None where there can be none, or not on the CPU."""
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
    """A network without its stem: frames (B,1,S,S) and what the stem makes of them -> embeddings (B,D)."""

    def __init__(self, network: DSSA) -> None:
        super().__init__()
        self._network = network

    def forward(self, frames: Tensor, stem: Tensor) -> Tensor:
        return self._network.embed_after(frames, stem)


def exported(network: DSSA, frames: Tensor) -> bytes:
    """The network without its stem, as ONNX, for batches of any size."""
    file = io.BytesIO()
    names = ["frames", "stem"]
    with warnings.catch_warnings(), torch.no_grad():
        # it warns that there is a newer exporter: that one needs more packages
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _AfterStem(network).eval(),
            (frames, network.stem(frames)),
            cast(Any, file),  # which it takes, whatever it is annotated as
            dynamo=False,
            opset_version=_OPSET,
            input_names=names,
            output_names=["embeddings"],
            dynamic_axes={name: {0: "batch"} for name in (*names, "embeddings")},
        )
    return file.getvalue()
