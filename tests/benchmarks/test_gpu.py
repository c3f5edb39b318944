"""Check `python -m benchmarks.gpu` on the CPU: it needs torch alone, and notices results that differ."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from app.index.gpu import Gpu
from benchmarks.gpu import __main__ as command
from benchmarks.gpu.drawn_frames import draw_frames
from benchmarks.gpu.forward_pass import count_operations, measure_forward
from benchmarks.gpu.index_search import compare_devices
from benchmarks.gpu.part import CPU_SIZES, Part
from benchmarks.gpu.re_rank import compare_rankings
from benchmarks.gpu.shipped_network import CHECKPOINT, load_network
from model.checkpoint import DEFAULT_CHECKPOINT, load_checkpoint
from model.network.distances import HOLEF
from model.network.dssa import DSSA, NetworkConfig

ROOT = Path(__file__).parents[2]
CPU = torch.device("cpu")
SIZES = replace(CPU_SIZES, matrix=16, photos=300)
# None stands for a module that is not installed
TORCH_ALONE = """
import runpy, sys, warnings
warnings.simplefilter("ignore")  # torch misses NumPy
absent = "numpy faiss safetensors onnx onnxruntime cv2 PIL scipy pydantic fastapi sqlalchemy rich".split()
sys.modules.update(dict.fromkeys(absent))
sys.argv[1:] = ["--device", "cpu", "--json"]
runpy.run_module("benchmarks.gpu", run_name="__main__")
"""


def test_the_command_needs_torch_alone() -> None:
    program = [sys.executable, "-c", TORCH_ALONE]
    ran = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    figures = json.loads(ran.stdout)
    assert figures["index"] == {"skipped": "faiss is not installed"}
    assert figures["re-rank"]["candidates of each"] == CPU_SIZES.candidates
    assert figures["forward pass"]["float32"]["first results that are the CPU's"] == 1


def test_results_that_differ_fail_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "measure_all", lambda *_: {"index": Part({}, True), "re-rank": Part({}, False)})
    monkeypatch.setattr("sys.argv", ["gpu", "--device", "cpu"])
    with pytest.raises(SystemExit, match="results differ from the CPU's: re-rank"):
        command.main()


def test_a_machine_without_gpu_is_told_what_works(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("sys.argv", ["gpu"])
    with pytest.raises(SystemExit):
        command.main()
    assert "there is no usable GPU: expected auto or cpu" in capsys.readouterr().err


def test_the_network_is_that_of_the_checkpoint(tiny_checkpoint: Path) -> None:
    assert CHECKPOINT == DEFAULT_CHECKPOINT
    checkpoint, (network, size) = load_checkpoint(tiny_checkpoint), load_network(tiny_checkpoint)
    frames = draw_frames(1, size)
    with torch.inference_mode():
        torch.testing.assert_close(network.embed(frames), checkpoint.network.embed(frames), rtol=0, atol=0)
    assert size == checkpoint.preprocess.config.size


def test_an_embedding_that_differs_is_noticed(tiny_checkpoint: Path) -> None:
    network, size = load_network(tiny_checkpoint)
    frames = draw_frames(2, size)
    with torch.inference_mode():
        embeddings = network.embed(frames)
        assert measure_forward(network, frames, embeddings, CPU, SIZES).is_same
        assert not measure_forward(network, frames, embeddings + 0.01, CPU, SIZES).is_same


def test_operations_are_counted() -> None:
    network = DSSA(NetworkConfig("orientations", "residual", "none", ("stem",), "euclidean", compressed=4)).eval()
    network.backbone = torch.nn.Conv2d(8, 4, 3, stride=2, padding=1, groups=2)  # type: ignore[assignment]
    by_hand = 2 * (8 * 8 * 8) * 4 + 2 * (4 * 32 * 32) * (4 * 9)
    assert count_operations(network, torch.zeros(1, 1, 128, 128)) == by_hand


def test_equal_distances_may_change_ranks_and_others_may_not() -> None:
    distances = torch.tensor([[1.0, 2.0, 2.0, 4.0]])
    assert compare_rankings(distances, distances) == (0, 0)
    swapped = torch.tensor([[1.0, 4.0, 2.0, 2.0]])
    assert compare_rankings(swapped, distances) == (0.5, 0.5)


class FakeGpu(Gpu):
    """A GPU with the CPU's results, each row moved by some rows; None for one that fails."""

    def __init__(self, by: int | None) -> None:
        self._by = by

    def search(self, index: Any, queries: Any, n: int) -> Any:
        """Search the index itself."""
        products, rows = index.search(queries, n)
        return None if self._by is None else (products, (np.asarray(rows) + self._by) % index.ntotal)


@pytest.mark.parametrize(
    ("by", "is_same", "figure"), [(0, True, "photos"), (1, False, "photos"), (None, True, "skipped")]
)
def test_rows_of_an_index_on_the_gpu_are_compared(by: int | None, is_same: bool, figure: str) -> None:
    with torch.inference_mode():
        part = compare_devices(FakeGpu(by), HOLEF(8), torch.randn(6, 8), CPU, SIZES)
    assert part.is_same == is_same and figure in part.figures
