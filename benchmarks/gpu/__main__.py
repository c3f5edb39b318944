"""A GPU's share in a search: FAISS, re-rank and forward pass against the rates of the same GPU, and the CPU's results.

    python -m benchmarks.gpu [--device cuda] [--json]

Needs torch alone, and is made to take under eight minutes. Without FAISS for a GPU, the search of an index is skipped.
Frames are drawn curves, embedded by the shipped network; candidates lie around their embeddings. Times are medians of
runs that alternate with what they are compared with. With --device cpu, all is small. Exits with status 1 if results
differ from the CPU's by more than rounding.
"""

from __future__ import annotations

import sys

import torch
from torch import Tensor

from benchmarks.gpu.drawn_frames import draw_frames
from benchmarks.gpu.forward_pass import measure_forward
from benchmarks.gpu.part import CPU_SIZES, GPU_SIZES, Part, Sizes, name_device
from benchmarks.gpu.re_rank import measure_re_rank
from benchmarks.gpu.shipped_network import load_network
from benchmarks.support.report import create_parser, parse_options, print_figures
from model.device import resolve_device
from model.network.distances import Distance

_CHUNK = 32  # frames that the CPU embeds at a time


def measure_all(device: torch.device, sizes: Sizes) -> dict[str, Part]:
    """Measure all parts on a device, by name."""
    network, size = load_network()
    frames = draw_frames(sizes.frames // 2, size)
    with torch.inference_mode():
        embeddings = torch.cat([network.embed(chunk) for chunk in torch.split(frames, _CHUNK)])
        return {
            "index": _measure_index(network.distance, embeddings, device, sizes),
            "re-rank": measure_re_rank(network.distance, embeddings, device, sizes),
            "forward pass": measure_forward(network, frames, embeddings, device, sizes),
        }


def _measure_index(distance: Distance, embeddings: Tensor, device: torch.device, sizes: Sizes) -> Part:
    try:
        from benchmarks.gpu.index_search import measure_index  # late, since it needs more than torch
    except ImportError as error:
        return Part.skipped(f"{error.name} is not installed")
    return measure_index(distance, embeddings, device, sizes)


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    parser.add_argument("--device", default="cuda", help="cuda, or cpu to try the command (default: %(default)s)")
    options = parse_options(parser)
    try:
        device = resolve_device(options.device)
    except ValueError as error:
        parser.error(str(error))
    parts = measure_all(device, CPU_SIZES if device.type == "cpu" else GPU_SIZES)
    figures = {"device": name_device(device), "torch": torch.__version__}
    print_figures(figures | {name: part.figures for name, part in parts.items()}, as_json=options.json)
    different = [name for name, part in parts.items() if not part.is_same]
    if different:
        sys.exit(f"results differ from the CPU's: {', '.join(different)}")


if __name__ == "__main__":
    main()
