"""Parts of a network that are computed in different precisions.

Rounding to bf16 harms most at both ends of a network: in the first blocks of its expert, and in the projection whose
output is the embedding. These two take a tenth of the time, and computing them in float32 halves the deviation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import opset13

from model.inference.graph import INPUT

# names of operations, by the modules of the network
_FIRST_BLOCKS = "/expert/blocks.1/project/project.0/Conv"
_PROJECTION = "/compression/"


@dataclass(frozen=True)
class Part:
    """Part of a network with its precision, "f32" or "bf16"."""

    model: openvino.Model
    precision: str


def split_in_precisions(model: openvino.Model) -> list[Part]:
    """Split a network, of which the parts that bear no rounding are in float32, and the others in bf16.

    Each part reads the frames, outputs of parts before it, or both.
    """
    names = {node.get_friendly_name(): node for node in model.get_ordered_ops()}
    first = [_FIRST_BLOCKS] if _FIRST_BLOCKS in names else []
    joined = [
        node.input_value(0).get_node().get_friendly_name()
        for name, node in names.items()
        if name.startswith(_PROJECTION) and node.get_type_name() == "MatMul"
    ]
    last = [node.input_value(0).get_node().get_friendly_name() for node in model.get_results()]
    parts = [Part(_extract(model, [INPUT], first), "f32")] if first else []
    parts.append(Part(_extract(model, [INPUT, *first], joined or last), "bf16"))
    return [*parts, Part(_extract(model, joined, last), "f32")] if joined else parts


def _extract(model: openvino.Model, starts: Sequence[str], ends: Sequence[str]) -> openvino.Model:
    """Extract the part from the outputs of the operations `starts` to those of `ends`, which are named after these."""
    part = model.clone()  # which shares the weights
    nodes = {node.get_friendly_name(): node for node in part.get_ordered_ops()}
    parameters = []
    for name in starts:
        if name != INPUT:  # else it is a parameter already
            output = nodes[name].output(0)
            nodes[name] = opset13.parameter(output.get_partial_shape(), np.float32)
            for reader in output.get_target_inputs():
                reader.replace_source_output(nodes[name].output(0))
        parameters.append(nodes[name])
    for name in (*starts, *ends):
        nodes[name].output(0).set_names({name})
    return openvino.Model([opset13.result(nodes[name].output(0)) for name in ends], parameters)


class Pipeline:
    """Compiled parts of a network, one after the other, for a fixed number of frames. For one thread.

    Parts read the outputs of those before without copies.
    """

    def __init__(self, parts: Sequence[openvino.CompiledModel]) -> None:
        self._requests = [part.create_infer_request() for part in parts]
        self._readers = []  # requests that read the frames
        outputs: dict[str, openvino.Tensor] = {}
        for part, request in zip(parts, self._requests, strict=True):
            for port in part.inputs:
                if INPUT in port.names:
                    self._readers.append(request)
                else:
                    request.set_tensor(port, outputs[port.any_name])
            outputs |= {port.any_name: request.get_tensor(port) for port in part.outputs}
        self._result = outputs[parts[-1].outputs[0].any_name]

    def run(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute the outputs (B,D) of frames (B,1,S,S)."""
        tensor = openvino.Tensor(frames, shared_memory=True)
        for request in self._readers:
            request.set_tensor(INPUT, tensor)
        for request in self._requests:
            request.infer()
        return np.array(self._result.data)  # a copy, since the next run writes into the same memory
