"""Re-rank of candidates as the server does it, against copies of the same bytes, and its results against the CPU's."""

from __future__ import annotations

import torch
from torch import Tensor

from benchmarks.gpu.part import Part, Sizes, run_on
from benchmarks.support.timing import median_seconds
from model.inference.exact_distances import ExactDistances
from model.network.distances import Distance

_SPREAD = 0.1  # of candidates around embeddings, in their standard deviations
_CLOSE = 1e-6  # largest difference of a distance, relative to the largest


def draw_candidates(embeddings: Tensor, n: int) -> Tensor:
    """Draw n photos around embeddings (B,D) of others: (n,D)."""
    random = torch.Generator().manual_seed(1)
    owners = torch.randint(len(embeddings), (n,), generator=random)
    noise = torch.randn(n, embeddings.shape[1], generator=random)
    return noise.mul_(_SPREAD * embeddings.std()).add_(embeddings[owners])


class ReRank:
    """Distances of sketches (B,D), each to n candidates of its own, on a device in full precision."""

    def __init__(self, distance: Distance, sketches: Tensor, n: int, device: torch.device) -> None:
        self._exact = ExactDistances(distance, device)
        self._sketches, self._n, self._device = sketches, n, device

    def compute(self, photos: Tensor) -> Tensor:
        """Compute distances (B,n) on the CPU to photos (B*n,D), those of a sketch in sequence, wherever they are."""
        terms = self._exact.terms_of(self._sketches)
        parts = enumerate(torch.split(photos, self._n))
        return torch.cat([self._exact.to_photos(terms.take([number]), of_sketch) for number, of_sketch in parts])

    def copy_parts(self, photos: Tensor) -> None:
        """Copy photos (N,D) from the host, as compute() does."""
        for part in torch.split(photos, self._n):
            part.to(self._device, copy=True)


def measure_re_rank(distance: Distance, embeddings: Tensor, device: torch.device, sizes: Sizes) -> Part:
    """Measure the re-rank for sketches of embeddings (B,D), and candidates around all of them."""
    sketches = embeddings[: sizes.sketches]
    on_host = draw_candidates(embeddings, sizes.sketches * sizes.candidates)
    on_device = on_host.to(device)
    target = torch.empty_like(on_device)
    re_rank = ReRank(distance, sketches, sizes.candidates, device)
    sides = {
        "copy": run_on(device, lambda: target.copy_(on_device)),
        "copy from host": run_on(device, lambda: re_rank.copy_parts(on_host)),
        "re-rank": run_on(device, lambda: re_rank.compute(on_device)),
        "re-rank from host": run_on(device, lambda: re_rank.compute(on_host)),
    }
    seconds = median_seconds(sides, sizes.runs)
    size = on_host.numel() * on_host.element_size()
    distances = re_rank.compute(on_host)
    expected = ReRank(distance, sketches, sizes.candidates, torch.device("cpu")).compute(on_host)
    away, swapped = compare_rankings(distances, expected)
    figures = {
        "sketches at once": sizes.sketches,
        "candidates of each": sizes.candidates,
        "copy on the device, GB/s read and written": round(2 * size / seconds["copy"] / 1e9, 1),
        "copy from the host, GB/s": round(size / seconds["copy from host"] / 1e9, 1),
        # a copy on the device moves each byte twice, and a re-rank has to read it once
        "re-rank of photos on the device, of the time of its bytes at the copy's rate": round(
            seconds["re-rank"] / (seconds["copy"] / 2), 2
        ),
        "re-rank of photos from the host, of the time of their copy": round(
            seconds["re-rank from host"] / seconds["copy from host"], 2
        ),
        "largest difference of a distance from the CPU's, of the largest": away,
        "the same of photos at equal ranks": swapped,
    }
    return Part(figures, max(away, swapped) <= _CLOSE)


def compare_rankings(distances: Tensor, expected: Tensor) -> tuple[float, float]:
    """Compare distances (B,n), and the rankings by them: the largest differences, relative to the largest distance.

    For rankings it is the difference of the expected distances of two photos at the same rank, which is 0 for ties.
    """
    largest = expected.abs().max()
    by_rank = expected.gather(1, distances.argsort(1)) - expected.sort(1).values
    return float((distances - expected).abs().max() / largest), float(by_rank.abs().max() / largest)
