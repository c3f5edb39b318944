"""Cost of one embedding against Sketch-a-Net's: the paper's full network at 225 px, in the same run.

    python -m benchmarks.serving.embedding_cost [--checkpoint F] [--runs 40] [--threads 1] [--json]

Both embed one frame at a time, alternately, like a server for one user. Prints the median times and their ratio.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.support.report import add_checkpoint_option, create_parser, parse_options, print_figures
from index_builder.training.config.presets import PRESETS
from model.checkpoint import load_checkpoint
from model.network.dssa import DSSA


def measure_seconds(network: DSSA, frames: Tensor) -> float:
    """Measure the seconds of embedding frames."""
    started = time.perf_counter()
    with torch.inference_mode():
        network.embed(frames)
    return time.perf_counter() - started


def compare(checkpoint: Path, runs: int) -> dict[str, float]:
    """Measure the median milliseconds of each, and the median ratio of adjacent runs."""
    ours = load_checkpoint(checkpoint)
    torch.manual_seed(0)
    sizes = {"ours": ours.preprocess.config.size, "sketch-a-net": PRESETS["dssa"].size}
    networks = {"ours": ours.network, "sketch-a-net": DSSA(PRESETS["dssa"].network).eval()}
    frames = {name: (torch.rand(1, 1, size, size) > 0.9).float() for name, size in sizes.items()}
    times = np.array([[measure_seconds(networks[name], frames[name]) for name in networks] for _ in range(runs + 5)])[
        5:
    ]
    ratio = float(np.median(times[:, 0] / times[:, 1]))
    figures = {f"{name}_ms": round(1000 * float(np.median(times[:, i])), 2) for i, name in enumerate(networks)}
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
