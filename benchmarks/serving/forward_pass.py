"""Forward pass on a CPU: times of all its implementations, measured alternately, and the deviations of their results.

    python -m benchmarks.serving.forward_pass --data PAIRS... [--batches 1 2 8 16] [--runs 15] [--threads N]
        [--compile] [--json]

Implementations: unchanged torch, channels_last, batch norms folded into convolutions (in both memory formats), frozen
and optimised by torch.jit, bf16 autocast, ONNX Runtime, the same with int8, OpenVINO in float32 and bf16. With
--compile, torch.compile is added; that takes minutes and a C++ compiler. Sketches are real. Prints median milliseconds
per frame, and the same in units of unchanged torch. Prints the largest difference of a distance between two sketches,
and the time of preprocessing. With one thread, times are processor times, so that other load on the machine matters
little.
"""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

# model.inference.onnx_engine sets it, too, but onnxruntime is imported before that here
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime
import torch
from onnxruntime.quantization import quantize_dynamic
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from app.core.cpu_limits import limit_threads
from app.decoding.stroke_sketch import parse_strokes
from benchmarks.support.large_gallery import make_sketch_bodies, read_pair_folders
from benchmarks.support.report import add_checkpoint_option, create_parser, parse_options, print_figures
from model.checkpoint import Checkpoint, load_checkpoint
from model.inference.graph import INPUT, export_graph
from model.inference.onnx_engine import OnnxEngine
from model.inference.openvino_engine import OpenvinoEngine
from model.network.dssa import DSSA

Way = Callable[[Tensor], Tensor]


def fold_batch_norms(network: DSSA) -> DSSA:
    """Copy the network with each batch norm folded into the convolution before it."""
    network = copy.deepcopy(network)
    for module in list(network.modules()):
        children = list(module.named_children())
        for (name, first), (after, second) in pairwise(children):
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                setattr(module, name, fuse_conv_bn_eval(first, second))
                setattr(module, after, nn.Identity())
    return network


class _EmbeddingModule(nn.Module):
    def __init__(self, network: DSSA) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: Tensor) -> Tensor:
        return self.network.embed(frames)


def optimise_by_jit(network: DSSA, frames: Tensor) -> Way:
    """Optimise the network for inference by torch.jit."""
    with torch.no_grad():
        traced = torch.jit.trace(_EmbeddingModule(network).eval(), frames, check_trace=False)  # type: ignore[no-untyped-call]
        way: Way = torch.jit.optimize_for_inference(torch.jit.freeze(traced))
    return way


def autocast_to_bf16(network: DSSA) -> Way:
    """Run the network under bf16 autocast."""

    def way(frames: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return network.embed(frames)

    return way


def quantise_to_int8(graph: bytes) -> Way:
    """Quantise the network for ONNX Runtime to 8-bit weights and activations with dynamic ranges."""
    with TemporaryDirectory() as name:
        whole, small = Path(name) / "whole.onnx", Path(name) / "small.onnx"
        whole.write_bytes(graph)
        quantize_dynamic(whole, small)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        session = onnxruntime.InferenceSession(small.read_bytes(), options, providers=["CPUExecutionProvider"])
    return lambda frames: torch.from_numpy(session.run(None, {INPUT: frames.numpy()})[0])


def build_ways(checkpoint: Checkpoint, frames: Tensor, *, with_compile: bool) -> dict[str, Way]:
    """Build every implementation, by name."""
    network, size = checkpoint.network, checkpoint.preprocess.config.size
    last = copy.deepcopy(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    fold = fold_batch_norms(network)
    fold_last = fold_batch_norms(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    graph = export_graph(network, size)
    ways: dict[str, Way] = {
        "torch": network.embed,
        "channels_last": last.embed,
        "folded": fold.embed,
        "folded, channels_last": fold_last.embed,
        "torch.jit": optimise_by_jit(fold, frames[:2]),
        "bf16": autocast_to_bf16(fold_last),
        "ONNX Runtime": OnnxEngine(graph).embed,
        "ONNX Runtime, int8": quantise_to_int8(graph),
        "OpenVINO": OpenvinoEngine(graph, bf16=False).embed,
        "OpenVINO, bf16": OpenvinoEngine(graph, bf16=True).embed,
    }
    if with_compile:
        ways["torch.compile"] = torch.compile(fold.embed, dynamic=False)
    return ways


def measure(
    ways: dict[str, Way], frames: Tensor, batches: list[int], runs: int, clock: Callable[[], float]
) -> dict[str, dict[str, float]]:
    """Measure the median milliseconds per frame of every implementation, by batch size."""
    seconds: dict[tuple[str, int], list[float]] = {}
    for run in range(runs + 2):
        for batch in batches:
            for name, way in ways.items():
                started = clock()
                way(frames[:batch])
                if run > 1:
                    seconds.setdefault((name, batch), []).append(clock() - started)
    return {
        name: {str(batch): round(1000 * float(np.median(seconds[name, batch])) / batch, 2) for batch in batches}
        for name in ways
    }


def measure_deviations(ways: dict[str, Way], checkpoint: Checkpoint, frames: Tensor) -> dict[str, float]:
    """Measure the largest difference of distances between the frames from those by unchanged torch."""
    distance = checkpoint.network.distance
    embeddings = {name: way(frames).float() for name, way in ways.items()}
    expected = distance.pairwise(embeddings["torch"], embeddings["torch"])
    return {name: float((distance.pairwise(rows, rows) - expected).abs().max()) for name, rows in embeddings.items()}


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="pair folders of sketches")
    add_checkpoint_option(parser)
    parser.add_argument(
        "--batches", type=int, nargs="+", default=[1, 2, 8, 16], help="batch sizes, in frames (default: %(default)s)"
    )
    parser.add_argument(
        "--runs", type=int, default=15, help="forward passes each way, per batch size (default: %(default)s)"
    )
    parser.add_argument("--threads", type=int, help="threads to compute with (default: one per available processor)")
    parser.add_argument(
        "--compile", action="store_true", help="add torch.compile, which takes minutes and a C++ compiler"
    )
    options = parse_options(parser)
    limit_threads(options.threads)
    checkpoint = load_checkpoint(options.checkpoint)
    bodies = make_sketch_bodies(read_pair_folders(options.data), max(options.batches))
    started = time.perf_counter()
    drawn = [checkpoint.preprocess.strokes(parse_strokes(body).in_pixels()) for body in bodies]
    frames = checkpoint.preprocess.tensor(drawn)
    preprocess = 1000 * (time.perf_counter() - started) / len(bodies)
    with torch.inference_mode():
        ways = build_ways(checkpoint, frames, with_compile=options.compile)
        clock = time.process_time if options.threads == 1 else time.perf_counter
        times = measure(ways, frames, options.batches, options.runs, clock)
        away = measure_deviations(ways, checkpoint, frames)
    ratios = {
        name: {batch: round(value / times["torch"][batch], 2) for batch, value in by_batch.items()}
        for name, by_batch in times.items()
    }
    figures = {"ms a frame": times, "of torch": ratios, "largest difference": away, "preprocessing, ms": preprocess}
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
