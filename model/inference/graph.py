"""A network as an ONNX graph, which the engines of others read."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.inference.engine import EngineError
from model.network.dssa import DSSA

_OPSET = 17
_INPUTS = ("frames", "stem")
_AT_ONCE = 8  # frames: larger batches are no faster, engines keep the memory of the largest, and round them otherwise

Inputs = dict[str, NDArray[np.float32]]
Run = Callable[[Inputs], NDArray[np.float32]]  # inputs of the graph by name -> embeddings (B,D)


class Graph:
    """A network without its stem as ONNX, for batches of any size.

    The stem stays in torch, since ONNX cannot compute its angles of zero gradients. Raises EngineError if the network
    cannot be exported.
    """

    def __init__(self, network: DSSA, size: int) -> None:
        self._stem_maps = network.stem_maps
        try:
            self.onnx = _export(network, torch.zeros(1, 1, size, size))
        except Exception as error:  # exceptions of many types, none of them public
            raise EngineError(f"the network cannot be exported: {first_line(error)}") from error
        self._inputs = {node.name for node in onnx.load_from_string(self.onnx).graph.input}  # without what is not read

    @torch.inference_mode()
    def embed(self, frames: Tensor, run: Run) -> Tensor:
        """Embed frames (B,1,S,S) by `run`, a few at a time: (B,D) float32."""
        return torch.cat([torch.from_numpy(run(self._read_inputs(chunk))) for chunk in torch.split(frames, _AT_ONCE)])

    def _read_inputs(self, frames: Tensor) -> Inputs:
        maps = zip(_INPUTS, (frames.numpy(), self._stem_maps(frames).numpy()), strict=True)
        return {name: value for name, value in maps if name in self._inputs}


class _AfterStem(nn.Module):
    """A network without its stem: frames (B,1,S,S) and their stem maps -> embeddings (B,D)."""

    def __init__(self, network: DSSA) -> None:
        super().__init__()
        self._network = network

    def forward(self, frames: Tensor, stem: Tensor) -> Tensor:
        """Embed frames from their stem maps."""
        return self._network.embed_after(frames, stem)


def _export(network: DSSA, frames: Tensor) -> bytes:
    """Export the network without its stem, traced with frames (1,1,S,S)."""
    file = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        # the warning recommends a newer exporter, which needs more packages
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _AfterStem(network).eval(),
            (frames, network.stem_maps(frames)),
            cast(Any, file),  # accepted, despite the annotation
            dynamo=False,
            opset_version=_OPSET,
            input_names=list(_INPUTS),
            output_names=["embeddings"],
            dynamic_axes={name: {0: "batch"} for name in (*_INPUTS, "embeddings")},
        )
    return file.getvalue()


def first_line(error: Exception) -> str:
    """Return the first line of an error's text; what other libraries write may have many."""
    return str(error).partition("\n")[0]
