"""int8 by post-training quantisation (NNCF): its results against those by torch in float32, and its processor time.

    pip install nncf
    python -m benchmarks.accuracy.int8 --data PAIRS... [--calibration 300] [--preset mixed] [--float-ends] [--runs 15]
        [--checkpoint FILE] [--json]

NNCF measures the ranges of all maps on sketches and photos of the data. The results are compared as in
benchmarks/accuracy/engines.py. With --float-ends, the first and the last operations stay in floats. Prints the
deviations of embeddings, and milliseconds of one thread per frame, for 1, 2 and 4 frames, by ONNX Runtime, by OpenVINO
and in int8.
"""

from __future__ import annotations

import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import torch

from app.core.cpu_limits import limit_threads
from benchmarks.accuracy.engines import compare, list_results
from benchmarks.serving.forward_pass import Way, measure
from benchmarks.support.report import add_checkpoint_option, create_parser, parse_options, print_figures
from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.pictures import frame_of
from index_builder.datasets.readers.read import read_pairs
from model.checkpoint import Checkpoint, load_checkpoint
from model.inference.graph import export_graph
from model.inference.onnx_engine import OnnxEngine
from model.inference.openvino_engine import OpenvinoEngine, multiplies_bf16

_BATCHES = [1, 2, 4]
_TIMED = 64  # frames
_ENDS = ("/reduce", "/stem", "/expert/stem", "/expert/blocks.0/", "/expert/blocks.1/", "/compression")


class Int8Engine(OpenvinoEngine):
    """A graph by OpenVINO, quantised with the ranges of frames (n,1,S,S); what is not quantised is in float32."""

    def __init__(self, graph: bytes, frames: torch.Tensor, preset: str, *, float_ends: bool) -> None:
        super().__init__(graph, bf16=False)
        self.label = f"OpenVINO in int8, preset {preset}{', ends in floats' if float_ends else ''}"
        self._model = _quantise(self._model, frames, preset, float_ends=float_ends)
        self._compiled.clear()


def _quantise(model: openvino.Model, frames: torch.Tensor, preset: str, *, float_ends: bool) -> openvino.Model:
    import nncf  # no dependency of the project: main() says how to install it

    names = [node.get_friendly_name() for node in model.get_ordered_ops()]
    ends = [name for name in names if float_ends and name.startswith(_ENDS)]
    calibration = nncf.Dataset([frame[None].numpy() for frame in frames])
    quantised: Any = nncf.quantize(
        model,
        calibration,
        preset=nncf.QuantizationPreset(preset),
        subset_size=len(frames),
        ignored_scope=nncf.IgnoredScope(names=ends),
    )
    return quantised


def draw_frames(folders: list[PairFolder], checkpoint: Checkpoint, count: int) -> torch.Tensor:
    """Make frames (n,1,S,S) of at most `count` sketches, spread over all folders."""
    pictures = [sketch.picture for folder in folders for pair in folder.pairs for sketch in pair.sketches]
    chosen = np.linspace(0, len(pictures) - 1, min(count, len(pictures))).astype(int)
    return checkpoint.preprocess.tensor([frame_of(pictures[n], checkpoint.preprocess.sketch) for n in chosen])


def measure_deviation(engine: OpenvinoEngine, exact: OnnxEngine, frames: torch.Tensor) -> float:
    """Measure the median deviation of embeddings, as a share of their length."""
    expected = exact.embed(frames)
    return float(((engine.embed(frames) - expected).norm(dim=1) / expected.norm(dim=1)).median())


def main() -> None:
    """Parse the options, quantise, measure and print the figures."""
    parser = create_parser(__doc__)
    add_checkpoint_option(parser)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="pair folders")
    parser.add_argument(
        "--calibration", type=int, default=300, help="sketches that ranges are measured on (default: %(default)s)"
    )
    parser.add_argument(
        "--preset", choices=("performance", "mixed"), default="performance", help="preset (default: %(default)s)"
    )
    parser.add_argument("--float-ends", action="store_true", help="leave the first and the last operations in floats")
    parser.add_argument("--runs", type=int, default=15, help="forward passes each way (default: %(default)s)")
    options = parse_options(parser)
    if not find_spec("nncf"):
        sys.exit("nncf is not installed: pip install nncf")
    limit_threads(1)
    exact, fast = (load_checkpoint(options.checkpoint, engine="torch") for _ in range(2))
    folders = [read_pairs(path) for path in options.data]
    graph = export_graph(exact.network, exact.preprocess.config.size)
    frames = draw_frames(folders, exact, options.calibration)
    engine = Int8Engine(graph, frames, options.preset, float_ends=options.float_ends)
    vars(fast)["engine"] = engine  # in place of the cached one
    onnx, others = OnnxEngine(graph), OpenvinoEngine(graph, bf16=multiplies_bf16())
    ways: dict[str, Way] = {way.label: way.embed for way in (onnx, others, engine)}
    figures: dict[str, object] = {
        "ms a frame": measure(ways, frames[:_TIMED], _BATCHES, options.runs, time.process_time),
        "deviation": {way.label: measure_deviation(way, onnx, frames[:_TIMED]) for way in (others, engine)},
    }
    for path, folder in zip(options.data, folders, strict=True):
        figures[str(path)] = compare(folder, list_results(folder, exact), list_results(folder, fast))
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
