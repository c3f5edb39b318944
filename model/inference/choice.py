"""Choice of an engine: the fastest on this machine whose embeddings are close enough to the network's own."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from operator import itemgetter
from weakref import WeakValueDictionary

import torch
from torch import Tensor

from model.inference.engine import Engine, EngineError, EngineName
from model.inference.graph import export_graph
from model.inference.onnx_engine import OnnxEngine
from model.inference.torch_engine import TorchEngine
from model.network.dssa import DSSA

_TRIES = 5
_CHECKED = 1  # frames: graphs for several would be compiled while engines are timed
_log = logging.getLogger(__name__)
_of_files: WeakValueDictionary[tuple[str, str], Engine] = WeakValueDictionary()  # those in use, by name and SHA-256


def find_engine(network: DSSA, size: int, name: EngineName = "auto", sha256: str = "") -> Engine:
    """Return the engine of that name for a network of frames (S,S), shared by all networks from the same file.

    "auto" is the fastest that passes its check, measured here and now. On a GPU it is always torch.
    Raises EngineError if the named engine is not installed or fails its check.
    """
    if name == "torch" or next(network.parameters()).device.type != "cpu":
        return TorchEngine(network)
    engine = _of_files.get((name, sha256))
    if engine is None:
        engine = _choose_fastest(network, size) if name == "auto" else _build_named(name, network, size)
        if sha256:
            _of_files[name, sha256] = engine
    return engine


def _choose_fastest(network: DSSA, size: int) -> Engine:
    """Return the fastest engine that passes its check, torch if there is no other."""
    try:
        graph = export_graph(network, size)
    except EngineError as error:
        _log.warning("embeddings are computed by torch, which is slower: %s", error)
        return TorchEngine(network)
    engines = list(_build_all(network, graph, size))
    if len(engines) < 2:
        return engines[0] if engines else TorchEngine(network)
    seconds = _time_alternately(engines, _make_frames(1, size))
    ranking = sorted(zip(seconds, engines, strict=True), key=itemgetter(0))
    times = ", ".join(f"{engine.label} {1000 * duration:.1f} ms" for duration, engine in ranking)
    fastest = ranking[0][1]
    _log.info("embeddings are computed by %s (processor time of a frame: %s)", fastest.label, times)
    return fastest


def _build_named(name: EngineName, network: DSSA, size: int) -> Engine:
    """Build the engine of that name. Raises EngineError."""
    return _build(name, export_graph(network, size), *_make_check(network, size))


def _build_all(network: DSSA, graph: bytes, size: int) -> Iterator[Engine]:
    """Build the engines that may be the fastest here and pass their checks."""
    frames, expected = _make_check(network, size)
    for name in _list_promising():
        try:
            yield _build(name, graph, frames, expected)
        except EngineError as error:
            _log.warning("%s", error)


def _list_promising() -> list[EngineName]:
    """List the engines that may be the fastest here: OpenVINO is, where the processor multiplies bf16."""
    if find_spec("openvino"):
        from model.inference.openvino_engine import multiplies_bf16  # of an extra

        if multiplies_bf16():
            return ["openvino", "onnxruntime"]
    return ["onnxruntime"]


def _make_check(network: DSSA, size: int) -> tuple[Tensor, Tensor]:
    """Make frames (n,1,size,size) and the network's own embeddings of them (n,D)."""
    frames = _make_frames(_CHECKED, size)
    return frames, TorchEngine(network).embed(frames)


def _build(name: EngineName, graph: bytes, frames: Tensor, expected: Tensor) -> Engine:
    """Build an engine and check it against the expected embeddings. Raises EngineError."""
    engine = _ENGINES[name](graph)
    deviation = float(((engine.embed(frames) - expected).norm(dim=1) / expected.norm(dim=1)).max())
    if not deviation <= engine.tolerance:
        raise EngineError(
            f"embeddings by {engine.label} deviate by {deviation:.2g} of their length: "
            f"expected at most {engine.tolerance:g}"
        )
    return engine


def _make_frames(count: int, size: int) -> Tensor:
    """Make frames (count,1,size,size) of scattered ink, the same ones every time."""
    return (torch.rand(count, 1, size, size, generator=torch.Generator().manual_seed(0)) > 0.9).float()


def _time_alternately(engines: Sequence[Engine], frames: Tensor) -> list[float]:
    """Measure each engine's least processor time for the frames, in seconds: other processes hardly change it."""
    seconds = [math.inf] * len(engines)
    for _ in range(_TRIES):
        for number, engine in enumerate(engines):
            started = time.process_time()
            engine.embed(frames)
            seconds[number] = min(seconds[number], time.process_time() - started)
    return seconds


def _build_openvino(graph: bytes) -> Engine:
    if not find_spec("openvino"):
        raise EngineError("openvino is not installed: pip install 'sketchfind[openvino]'")
    from model.inference.openvino_engine import OpenvinoEngine, multiplies_bf16  # of an extra

    return OpenvinoEngine(graph, bf16=multiplies_bf16())


_ENGINES: dict[EngineName, Callable[[bytes], Engine]] = {"openvino": _build_openvino, "onnxruntime": OnnxEngine}
