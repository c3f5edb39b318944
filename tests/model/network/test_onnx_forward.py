"""Check that the ONNX forward pass equals the network's own, for every kind of part."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model.checkpoint import Checkpoint
from model.network.dssa import DSSA, NetworkConfig
from model.network.onnx_forward import Forward, forward_of
from model.preprocessing.preprocess import Preprocess, PreprocessConfig

SIZE = 128
RESIDUAL = NetworkConfig(
    "orientations", "residual", "shortcut", ("coarse", "spatial", "stem", "squeezenet"), "holef", 32
)
LITE = NetworkConfig(
    "orientations", "residual", "shortcut", ("local", "regional", "global"), "holef", 32, "efficientnet-lite0"
)


def frames(count: int, size: int = SIZE) -> torch.Tensor:
    return (torch.rand(count, 1, size, size) > 0.95).float()


@pytest.mark.parametrize(
    ("config", "size"),
    [
        (RESIDUAL, SIZE),
        (LITE, SIZE),
        (replace(LITE, heads=("coarse", "stem", "squeezenet", "global"), expert_size=160), 160),
        (NetworkConfig("orientations", "residual", "none", ("coarse",)), SIZE),
        (NetworkConfig(), 225),
    ],
)
def test_embeddings_are_the_networks_own_in_batches_of_any_size(config: NetworkConfig, size: int) -> None:
    torch.manual_seed(1)
    network = DSSA(config).eval()
    forward = Forward(network, size)
    with torch.inference_mode():
        for count in (1, 3, 11):  # the last in two parts
            given = frames(count, size)
            given[0] = 0  # nothing at all, of which gradients have no direction
            torch.testing.assert_close(forward.embed(network, given), network.embed(given), atol=1e-5, rtol=0)


class _Odd(DSSA):
    """A network with a part whose export gives another result."""

    def embed_after(self, frames: torch.Tensor, stem: torch.Tensor) -> torch.Tensor:
        sign = -1 if torch.onnx.is_in_onnx_export() else 1
        return sign * super().embed_after(frames, stem)


def test_a_network_of_which_it_would_not_be_the_equal_is_left_to_torch(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    network = _Odd(RESIDUAL).eval()
    assert forward_of(network, SIZE) is None
    assert "embedded by torch" in caplog.text and "expected less than" in caplog.text
    checkpoint = Checkpoint(network, Preprocess(PreprocessConfig(size=SIZE)), "")
    frame = checkpoint.preprocess.strokes([[[0, 0], [50, 80]]])
    with torch.inference_mode():
        wanted = network.embed(checkpoint.preprocess.tensor([frame]))
    torch.testing.assert_close(torch.from_numpy(checkpoint.embed_frames([frame])), wanted)


def test_networks_of_one_file_share_what_takes_time_to_make() -> None:
    first_network, same, other = (DSSA(RESIDUAL).eval() for _ in range(3))
    first = forward_of(first_network, SIZE, "a" * 64)
    assert first is not None and forward_of(same, SIZE, "a" * 64) is first
    assert forward_of(other, SIZE, "b" * 64) is not first and forward_of(other, SIZE) is not first


def test_nothing_is_told_to_the_makers_of_the_runtime(tmp_path: Path) -> None:
    """Check that the import sends no telemetry.

    With telemetry, the import alone creates an id of the machine and a store of events in the home directory.
    """
    variables = {"CI", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"}  # each of them changes the telemetry
    environment = {name: value for name, value in os.environ.items() if name not in variables}
    environment["HOME"] = str(tmp_path)
    subprocess.run([sys.executable, "-c", "import model.network.onnx_forward"], env=environment, check=True)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and "onnxruntime" in str(path)]
