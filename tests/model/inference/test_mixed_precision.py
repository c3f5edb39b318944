"""Tests that the parts of a network in several precisions are together the whole network."""

from __future__ import annotations

import openvino
import pytest
import torch

from model.inference.graph import INPUT, export_graph
from model.inference.mixed_precision import Pipeline, split_in_precisions
from model.network.dssa import DSSA, NetworkConfig

_SIZE = 128
_RESIDUAL = ("orientations", "residual", "none")
_EXPERT = "efficientnet-lite0"


@pytest.mark.parametrize(
    ("config", "precisions"),
    [
        (
            NetworkConfig(*_RESIDUAL, ("coarse", "global"), "holef", 16, _EXPERT),
            ["f32", "bf16", "f32"],
        ),
        (NetworkConfig(*_RESIDUAL, ("coarse",), "holef", 16), ["bf16", "f32"]),
        (NetworkConfig(*_RESIDUAL, ("coarse",)), ["bf16"]),
    ],
)
def test_the_ends_of_a_network_are_in_float32(config: NetworkConfig, precisions: list[str]) -> None:
    torch.manual_seed(2)
    network, core = DSSA(config).eval(), openvino.Core()
    model = core.read_model(export_graph(network, _SIZE))
    model.reshape([2, *model.input(INPUT).partial_shape[1:]])
    parts = split_in_precisions(model)
    assert [part.precision for part in parts] == precisions
    whole = Pipeline([core.compile_model(part.model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}) for part in parts])
    for _ in range(2):  # the second time into the same memory
        frames = (torch.rand(2, 1, _SIZE, _SIZE) > 0.9).float()
        with torch.inference_mode():
            expected = network.embed(frames)
        torch.testing.assert_close(torch.from_numpy(whole.run(frames.numpy())), expected, atol=1e-5, rtol=1e-4)
