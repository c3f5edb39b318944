"""What the forward pass takes on a CPU in every way to have it, all in turn in one run, and whether it stays the same.

    python -m benchmarks.serving.forward_pass --data PAIRS... [--batches 1 2 8 16] [--runs 15] [--threads N]
        [--compile] [--json]

Ways: torch as it is, channels_last, batch norms folded into convolutions (both ways round), frozen and optimised by
torch.jit, bf16 autocast, ONNX Runtime, the same with int8, and with --compile (minutes, and a C++ compiler)
torch.compile. Sketches are real ones. Prints milliseconds a frame, medians; the same in units of torch as it is; and
the largest difference of a distance between two of the sketches. Preprocessing is there for comparison. With one thread
the time is that of its processor, so that what else the machine does counts for little.
"""

from __future__ import annotations

import argparse
import copy
import os
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ["ORT_DISABLE_TELEMETRY"] = (
    "1"  # as model.network.onnx_forward does, but onnxruntime is imported before that here
)

import numpy as np
import onnxruntime
import torch
from onnxruntime.quantization import quantize_dynamic
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from app.core.cpu_limits import limit_threads
from app.decoding.stroke_sketch import parse_strokes
from benchmarks.support.large_gallery import make_sketch_bodies, read_pair_folders
from benchmarks.support.report import print_figures
from model.checkpoint import DEFAULT_CHECKPOINT, Checkpoint, load_checkpoint
from model.network.dssa import DSSA
from model.network.onnx_forward import Forward, exported

Way = Callable[[Tensor], Tensor]


def folded(network: DSSA) -> DSSA:
    """A copy in which batch norms are part of the convolutions before them."""
    network = copy.deepcopy(network)
    for module in list(network.modules()):
        children = list(module.named_children())
        for (name, first), (after, second) in pairwise(children):
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                setattr(module, name, fuse_conv_bn_eval(first, second))
                setattr(module, after, nn.Identity())
    return network


class _Embeds(nn.Module):
    def __init__(self, network: DSSA) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: Tensor) -> Tensor:
        return self.network.embed(frames)


def optimised(network: DSSA, frames: Tensor) -> Way:
    """The network as torch.jit optimises it for inference."""
    with torch.no_grad():
        traced = torch.jit.trace(_Embeds(network).eval(), frames, check_trace=False)  # type: ignore[no-untyped-call]
        way: Way = torch.jit.optimize_for_inference(torch.jit.freeze(traced))
    return way


def in_bf16(network: DSSA) -> Way:
    """The network under autocast."""

    def way(frames: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return network.embed(frames)

    return way


def in_int8(network: DSSA, frames: Tensor) -> Way:
    """ONNX Runtime with weights and activations of 8 bits, whose ranges are found as it goes."""
    with TemporaryDirectory() as name:
        whole, small = Path(name) / "whole.onnx", Path(name) / "small.onnx"
        whole.write_bytes(exported(network, frames))
        quantize_dynamic(whole, small)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        session = onnxruntime.InferenceSession(small.read_bytes(), options, providers=["CPUExecutionProvider"])

    def way(frames: Tensor) -> Tensor:
        maps = {"frames": frames.numpy(), "stem": network.stem(frames).numpy()}
        return torch.from_numpy(session.run(None, {each.name: maps[each.name] for each in session.get_inputs()})[0])

    return way


def ways_of(checkpoint: Checkpoint, frames: Tensor, compile_too: bool) -> dict[str, Way]:
    """Every way, by its name."""
    network, size = checkpoint.network, checkpoint.preprocess.config.size
    last = copy.deepcopy(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    fold = folded(network)
    fold_last = folded(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    forward = Forward(network, size)
    ways: dict[str, Way] = {
        "torch": network.embed,
        "channels_last": last.embed,
        "folded": fold.embed,
        "folded, channels_last": fold_last.embed,
        "torch.jit": optimised(fold, frames[:2]),
        "bf16": in_bf16(fold_last),
        "ONNX Runtime": lambda frames: forward.embed(network, frames),
        "ONNX Runtime, int8": in_int8(network, frames[:1]),
    }
    if compile_too:
        ways["torch.compile"] = torch.compile(fold.embed, dynamic=False)
    return ways


def measure(
    ways: dict[str, Way], frames: Tensor, batches: list[int], runs: int, clock: Callable[[], float]
) -> dict[str, dict[str, float]]:
    """Median milliseconds a frame of every way, by the size of the batch."""
    spent: dict[tuple[str, int], list[float]] = {}
    for run in range(runs + 2):
        for batch in batches:
            for name, way in ways.items():
                started = clock()
                way(frames[:batch])
                if run > 1:
                    spent.setdefault((name, batch), []).append(clock() - started)
    return {
        name: {str(batch): round(1000 * float(np.median(spent[name, batch])) / batch, 2) for batch in batches}
        for name in ways
    }


def deviations(ways: dict[str, Way], checkpoint: Checkpoint, frames: Tensor) -> dict[str, float]:
    """The largest difference of the distances between the frames, by every way, from those by torch as it is."""
    distance = checkpoint.network.distance
    embeddings = {name: way(frames).float() for name, way in ways.items()}
    wanted = distance.pairwise(embeddings["torch"], embeddings["torch"])
    return {name: float((distance.pairwise(each, each) - wanted).abs().max()) for name, each in embeddings.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--checkpoint", type=Path, default=DEFAULT_CHECKPOINT)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 2, 8, 16])
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    limit_threads(options.threads)
    checkpoint = load_checkpoint(options.checkpoint)
    bodies = make_sketch_bodies(read_pair_folders(options.data), max(options.batches))
    started = time.perf_counter()
    drawn = [checkpoint.preprocess.strokes(parse_strokes(body).in_pixels()) for body in bodies]
    frames = checkpoint.preprocess.tensor(drawn)
    preprocess = 1000 * (time.perf_counter() - started) / len(bodies)
    with torch.inference_mode():
        ways = ways_of(checkpoint, frames, options.compile)
        clock = time.thread_time if options.threads == 1 else time.perf_counter
        times = measure(ways, frames, options.batches, options.runs, clock)
        away = deviations(ways, checkpoint, frames)
    ratios = {
        name: {batch: round(spent / times["torch"][batch], 2) for batch, spent in each.items()}
        for name, each in times.items()
    }
    figures = {"ms a frame": times, "of torch": ratios, "largest difference": away, "preprocessing, ms": preprocess}
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
