"""Cost of one embedding against Sketch-a-Net's: the paper's full network at 225 px, in the same run.

    python -m benchmarks.serving.embedding_cost [--checkpoint F] [--runs 40] [--threads 1] [--json]

Both embed one frame at a time, alternately, by the engine that serves. Prints the median times and their ratio.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.support.report import add_checkpoint_option, create_parser, parse_options, print_figures
from index_builder.training.config.presets import PRESETS
from model.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from model.network.dssa import DSSA
from model.preprocessing.images import Pixels
from model.preprocessing.preprocess import PreprocessConfig

_WARM_UP = 5  # runs


def measure_seconds(checkpoint: Checkpoint, frame: Pixels) -> float:
    """Measure the seconds of embedding a frame by the engine that serves."""
    started = time.perf_counter()
    checkpoint.embed_frames([frame])
    return time.perf_counter() - started


def compare(checkpoint: Path, runs: int) -> dict[str, float]:
    """Measure the median milliseconds of each, and the median ratio of adjacent runs."""
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        paper = PRESETS["dssa"]
        path = Path(folder) / "sketch-a-net.safetensors"
        save_checkpoint(path, DSSA(paper.network), PreprocessConfig(size=paper.size))
        checkpoints = {"ours": load_checkpoint(checkpoint), "sketch-a-net": load_checkpoint(path)}
    frame = np.where(np.random.default_rng(0).random((256, 256)) > 0.9, 0, 255).astype(np.uint8)
    times = np.array(
        [[measure_seconds(network, frame) for network in checkpoints.values()] for _ in range(runs + _WARM_UP)]
    )[_WARM_UP:]
    ratio = float(np.median(times[:, 0] / times[:, 1]))
    figures = {f"{name}_ms": round(1000 * float(np.median(times[:, i])), 2) for i, name in enumerate(checkpoints)}
    return {**figures, "ratio": round(ratio, 2)}


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    add_checkpoint_option(parser)
    parser.add_argument("--runs", type=int, default=40, help="forward passes of each network (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="threads to compute with (default: %(default)s)")
    options = parse_options(parser)
    torch.set_num_threads(options.threads)
    figures = compare(options.checkpoint, options.runs)
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
