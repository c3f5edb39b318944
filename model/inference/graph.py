"""A network as an ONNX graph, which the engines of others read."""

from __future__ import annotations

import io
import warnings
from typing import Any, cast

import torch
from torch import Tensor, nn

from model.inference.engine import EngineError
from model.network.dssa import DSSA

_OPSET = 17
INPUT = "frames"


def export_graph(network: DSSA, size: int) -> bytes:
    """Export a network of frames (B,1,S,S) as ONNX, for batches of any size. Raises EngineError if that fails."""
    file = io.BytesIO()
    try:
        with warnings.catch_warnings(), torch.no_grad():
            # the warning recommends a newer exporter, which needs more packages
            warnings.simplefilter("ignore")
            torch.onnx.export(
                _Embedding(network).eval(),
                (torch.zeros(1, 1, size, size),),
                cast(Any, file),  # accepted, despite the annotation
                dynamo=False,
                opset_version=_OPSET,
                input_names=[INPUT],
                output_names=["embeddings"],
                dynamic_axes={INPUT: {0: "batch"}, "embeddings": {0: "batch"}},
            )
    except Exception as error:  # exceptions of many types, none of them public
        raise EngineError(f"the network cannot be exported: {first_line(error)}") from error
    return file.getvalue()


class _Embedding(nn.Module):
    """A network's embed() as its forward pass, since that is what is exported."""

    def __init__(self, network: DSSA) -> None:
        super().__init__()
        self._network = network

    def forward(self, frames: Tensor) -> Tensor:
        """Embed frames (B,1,S,S): (B,D)."""
        return self._network.embed(frames)


def first_line(error: Exception) -> str:
    """Return the first line of an error's text; what other libraries write may have many."""
    return str(error).partition("\n")[0]
