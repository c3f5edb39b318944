"""Check that every engine's embeddings are the network's own, for every kind of part, and which engine is chosen."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from model.checkpoint import Checkpoint, load_checkpoint
from model.inference import choice
from model.inference.choice import find_engine
from model.inference.engine import Engine, EngineError, EngineName
from model.inference.graph import export_graph
from model.inference.onnx_engine import OnnxEngine
from model.inference.openvino_engine import OpenvinoEngine
from model.network.dssa import DSSA, NetworkConfig
from model.preprocessing.preprocess import Preprocess, PreprocessConfig

SIZE = 128
SMALL = NetworkConfig("orientations", "residual", "none", ("coarse",))  # of which engines are made quickly
SMALL_SIZE = 64
LITE = NetworkConfig(
    "orientations", "residual", "shortcut", ("local", "regional", "global"), "holef", 32, "efficientnet-lite0"
)
ENGINES: dict[str, Callable[[bytes], Engine]] = {
    "ONNX Runtime": OnnxEngine,
    "OpenVINO, float32": lambda graph: OpenvinoEngine(graph, bf16=False),
    "OpenVINO, bf16": lambda graph: OpenvinoEngine(graph, bf16=True),
}


def make_frames(count: int, size: int = SIZE) -> torch.Tensor:
    frames = (torch.rand(count, 1, size, size) > 0.95).float()
    frames[0] = 0  # nothing at all, of which gradients have no direction
    return frames


@pytest.mark.parametrize(
    ("config", "size"),
    [
        (replace(LITE, heads=("coarse", "spatial", "stem", "squeezenet", *LITE.heads), expert_size=160), 160),
        (SMALL, SIZE),
        (NetworkConfig(), 225),
    ],
)
def test_embeddings_are_the_networks_own_in_batches_of_any_size(config: NetworkConfig, size: int) -> None:
    torch.manual_seed(1)
    network = DSSA(config).eval()
    graph = export_graph(network, size)
    engines = [build(graph) for build in ENGINES.values()]
    for count in (1, 11):  # the last in two parts
        given = make_frames(count, size)
        with torch.inference_mode():
            expected = network.embed(given)
        for engine in engines:
            deviations = (engine.embed(given) - expected).norm(dim=1) / expected.norm(dim=1)
            assert deviations.max() <= engine.tolerance, engine.label


@pytest.mark.parametrize("name", ENGINES)
def test_an_embedding_does_not_depend_on_the_frames_beside_it_or_the_thread(name: str) -> None:
    network = DSSA(LITE).eval()
    engine, given = ENGINES[name](export_graph(network, SIZE)), make_frames(11)
    together = engine.embed(given)
    with ThreadPoolExecutor(3) as threads:
        alone = list(threads.map(engine.embed, torch.split(given, 1)))
    torch.testing.assert_close(torch.cat(alone), together, atol=1e-6, rtol=0)


class _Odd(DSSA):
    """A network with a part whose export gives another result."""

    def embed(self, frames: torch.Tensor) -> torch.Tensor:
        sign = -1 if torch.onnx.is_in_onnx_export() else 1
        return sign * super().embed(frames)


def test_a_network_of_which_no_engine_would_be_the_equal_is_left_to_torch(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    network = _Odd(SMALL).eval()
    assert find_engine(network, SMALL_SIZE).label == "torch"
    assert "ONNX Runtime in float32 deviate by 2 of their length: expected at most 0.0001" in caplog.text
    checkpoint = Checkpoint(network, Preprocess(PreprocessConfig(size=SMALL_SIZE)), "")
    frame = checkpoint.preprocess.strokes([[[0, 0], [50, 80]]])
    with torch.inference_mode():
        wanted = network.embed(checkpoint.preprocess.tensor([frame]))
    torch.testing.assert_close(torch.from_numpy(checkpoint.embed_frames([frame])), wanted)
    with pytest.raises(EngineError, match="deviate"):  # nobody gets another engine than the one that they named
        find_engine(network, SMALL_SIZE, "onnxruntime")


def test_networks_of_one_file_share_what_takes_time_to_make() -> None:
    first_network, same, other = (DSSA(SMALL).eval() for _ in range(3))
    first = find_engine(first_network, SMALL_SIZE, sha256="a" * 64)
    assert find_engine(same, SMALL_SIZE, sha256="a" * 64) is first
    assert find_engine(other, SMALL_SIZE, sha256="b" * 64) is not first and find_engine(other, SMALL_SIZE) is not first
    assert find_engine(same, SMALL_SIZE, "torch", "a" * 64) is not first


class _Busy:
    """The network itself, after a while of computing."""

    tolerance = 1e-6

    def __init__(self, label: str, network: DSSA, rounds: int) -> None:
        self.label, self._network, self._rounds = label, network, rounds

    @torch.inference_mode()
    def embed(self, frames: torch.Tensor) -> torch.Tensor:
        sum(range(self._rounds))
        return self._network.embed(frames)


def _take(engine: Engine, _: bytes) -> Engine:
    return engine


@pytest.mark.parametrize("fast", ["openvino", "onnxruntime"])
def test_the_fastest_engine_is_chosen_and_the_log_says_why(
    fast: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    network = DSSA(SMALL).eval()
    names: list[EngineName] = ["openvino", "onnxruntime"]
    monkeypatch.setattr(choice, "_list_promising", lambda: names)
    for name in names:
        engine = _Busy(name, network, 10 if name == fast else 3_000_000)
        monkeypatch.setitem(choice._ENGINES, name, partial(_take, engine))
    assert find_engine(network, SMALL_SIZE).label == fast
    assert f"embeddings are computed by {fast} (processor time of a frame: {fast} " in caplog.text


def test_an_engine_that_is_not_installed_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "find_spec", lambda _: None)
    network = DSSA(SMALL).eval()
    with pytest.raises(EngineError, match=r"openvino is not installed: pip install 'sketchfind\[openvino\]'"):
        find_engine(network, SMALL_SIZE, "openvino")
    assert find_engine(network, SMALL_SIZE).label == "ONNX Runtime in float32"


def test_the_environment_names_the_engine(tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKETCHFIND_ENGINE", "torch")
    assert load_checkpoint(tiny_checkpoint).engine.label == "torch"
    assert load_checkpoint(tiny_checkpoint, engine="onnxruntime").engine.label == "ONNX Runtime in float32"
    monkeypatch.setenv("SKETCHFIND_ENGINE", "onyx")
    with pytest.raises(EngineError, match="SKETCHFIND_ENGINE is 'onyx': expected one of auto, openvino"):
        load_checkpoint(tiny_checkpoint)


def test_nothing_is_told_to_the_makers_of_the_runtime(tmp_path: Path) -> None:
    """Check that the import sends no telemetry.

    With telemetry, the import alone creates an id of the machine and a store of events in the home directory.
    """
    variables = {"CI", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"}  # each of them changes the telemetry
    environment = {name: value for name, value in os.environ.items() if name not in variables}
    environment["HOME"] = str(tmp_path)
    program = "import model.inference.onnx_engine, model.inference.openvino_engine"
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and "runtime" in str(path).lower()]
