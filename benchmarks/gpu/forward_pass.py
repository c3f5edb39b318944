"""Forward pass against matrix products of the same number format, and its embeddings against the CPU's.

By torch's default, convolutions round their inputs to TF32 on a GPU that has it, and matrix products do not. The server
leaves it so. Both are measured: as served, and in float32 throughout.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from benchmarks.gpu.part import Part, Sizes, run_on
from benchmarks.support.timing import median_seconds
from model.network.dssa import DSSA

_SERVED = "TF32 in convolutions, as served"
# largest difference of a coordinate of an embedding; with inputs rounded to TF32 on a CPU it was 2e-4
_CLOSE = {_SERVED: 2e-3, "float32": 1e-4}


@contextmanager
def allow_tf32(*, convolutions: bool, matrices: bool) -> Iterator[None]:
    """Allow or forbid TF32 within a block."""
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    before = cudnn.allow_tf32, matmul.allow_tf32
    cudnn.allow_tf32, matmul.allow_tf32 = convolutions, matrices
    try:
        yield
    finally:
        cudnn.allow_tf32, matmul.allow_tf32 = before


def count_operations(network: DSSA, frames: Tensor) -> int:
    """Count the additions and multiplications of all convolutions and linear layers for frames (B,1,S,S)."""
    total = 0

    def add(layer: nn.Module, _: object, output: Tensor) -> None:
        nonlocal total
        weight = layer.get_parameter("weight")
        total += 2 * output.numel() * weight[0].numel()

    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    hooks = [layer.register_forward_hook(add) for layer in layers]
    network.embed(frames)
    for hook in hooks:
        hook.remove()
    return total


class _ForwardPass:
    """Forward pass of frames (B,1,S,S) on a device in one number format, and a product of matrices (M,M) in it."""

    def __init__(self, network: DSSA, frames: Tensor, matrix: Tensor, *, tf32: bool) -> None:
        self._network, self._frames, self._matrix, self._tf32 = network, frames, matrix, tf32

    def embed(self) -> Tensor:
        """Embed the frames (B,D)."""
        with allow_tf32(convolutions=self._tf32, matrices=False):
            return self._network.embed(self._frames)

    def multiply(self) -> Tensor:
        """Multiply the matrix by itself."""
        with allow_tf32(convolutions=self._tf32, matrices=self._tf32):
            return self._matrix @ self._matrix


def measure_forward(network: DSSA, frames: Tensor, expected: Tensor, device: torch.device, sizes: Sizes) -> Part:
    """Measure the forward pass of frames (B,1,S,S), whose embeddings by the CPU are `expected` (B,D)."""
    there = copy.deepcopy(network).to(device), frames.to(device), torch.randn(sizes.matrix, sizes.matrix, device=device)
    passes = {name: _ForwardPass(*there, tf32=name == _SERVED) for name in _CLOSE}
    sides = {f"forward, {name}": run_on(device, forward.embed) for name, forward in passes.items()}
    sides |= {f"matrices, {name}": run_on(device, forward.multiply) for name, forward in passes.items()}
    seconds = median_seconds(sides, sizes.runs)
    operations, product = count_operations(network, frames[:1]) * len(frames), 2 * sizes.matrix**3
    figures: dict[str, object] = {"frames at once": len(frames)}
    is_same = True
    for name, forward in passes.items():
        matrix_rate = product / seconds[f"matrices, {name}"]
        embeddings = forward.embed().cpu()
        away = float((embeddings - expected).abs().max())
        first = _share_first_results(network, embeddings, expected)
        is_same &= away <= _CLOSE[name] and first == 1
        figures[name] = {
            "matrix rate, TFLOP/s": float(f"{matrix_rate / 1e12:.3g}"),
            "forward pass, of the matrix rate": round(operations / seconds[f"forward, {name}"] / matrix_rate, 3),
            "largest difference of a coordinate from the CPU's": away,
            "first results that are the CPU's": first,
        }
    return Part(figures, is_same)


def _share_first_results(network: DSSA, embeddings: Tensor, expected: Tensor) -> float:
    """Compute for how many sketches, the first half of (B,D), the nearest of the other half is the expected one."""
    nearest, known = (network.distance.pairwise(*rows.chunk(2)).argmin(1) for rows in (embeddings, expected))
    return float((nearest == known).float().mean())
