"""Does HOLEF pay? Train W alone, in five folds, on embeddings of photos and sketches that the network has not seen.

    python -m benchmarks.accuracy.weight_folds --checkpoint F --data PAIRS [PAIRS ...] [--dims 256] [--json]

The network stays as it is; only W learns, by the contrastive loss, on the held-out photos of four folds. The sketches
of the fifth fold are then ranked among all held-out photos of their folder, with W and with I. Embeddings are projected
to their first principal components (--dims), so that W has fewer values than there are comparisons.

Prints for each form of W how far it moved from I, and acc@1 and the mean log rank of each folder. Last comes the paired
difference of the mean log rank to that of I, with its 95% interval over resamples of the photos. Below zero is better.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.support.ranks import rank_truth
from benchmarks.support.report import create_parser, parse_options, print_figures
from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.pictures import frame_of
from index_builder.datasets.readers.read import read_pairs
from index_builder.evaluation.bootstrap import interval, resample_clusters
from index_builder.evaluation.protocols import GalleryFrom, gallery_frame
from model.checkpoint import Checkpoint, load_checkpoint
from model.network.losses import contrastive_loss, holef_penalty

FOLDS = 5
_STEPS = 150
_RESAMPLES = 1000


def compute_distances(weight: Tensor, sketches: Tensor, photos: Tensor) -> Tensor:
    """Compute HOLEF's distances for a W (D,D) that may come from other parameters: (B,D), (N,D) -> (B,N)."""
    of_sketches, of_photos = sketches.square() @ weight.sum(1), photos.square() @ weight.sum(0)
    return of_sketches[:, None] + of_photos - 2 * sketches @ weight @ photos.T


@dataclass(frozen=True)
class EmbeddedPairs:
    """Embeddings of a folder: sketches (Q,D), photos (N,D).

    `truth` (Q,) is the photo of each sketch, `folds` (N,) the fold of each photo.
    """

    name: str
    sketches: Tensor
    photos: Tensor
    truth: Tensor
    folds: Tensor

    def ranks(self, weight: Tensor) -> Tensor:
        """Return the rank of each sketch's photo among all photos, from 1: (Q,) float32."""
        return rank_truth(compute_distances(weight, self.sketches, self.photos), self.truth).float()


class FullWeight(nn.Module):
    """W with all its values free; it starts at I."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.change = nn.Parameter(torch.zeros(dim, dim))

    def forward(self) -> Tensor:
        """Return W (D,D)."""
        return torch.eye(len(self.change)) + self.change


class DiagonalWeight(nn.Module):
    """W = I + diag(d): a weighted Euclidean distance."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.change = nn.Parameter(torch.zeros(dim))

    def forward(self) -> Tensor:
        """Return W (D,D)."""
        return torch.diag(1 + self.change)


class LowRankWeight(nn.Module):
    """W = I + U V^T of rank 4; V starts at zero."""

    def __init__(self, dim: int, rank: int = 4) -> None:
        super().__init__()
        self.left = nn.Parameter(torch.randn(dim, rank) / dim**0.5)
        self.right = nn.Parameter(torch.zeros(dim, rank))

    def forward(self) -> Tensor:
        """Return W (D,D)."""
        return torch.eye(len(self.left)) + self.left @ self.right.T


@dataclass(frozen=True)
class Form:
    """A way to learn W: its parameters, their learning rate and the strength of the paper's penalty."""

    name: str
    build: Callable[[int], nn.Module]
    rate: float
    penalty: float


FORMS = (
    Form("diagonal", DiagonalWeight, 1e-3, 0.0),
    Form("diagonal, faster", DiagonalWeight, 1e-2, 0.0),
    Form("full", FullWeight, 1e-4, 0.0),
    Form("full, penalty", FullWeight, 1e-4, 5e-4),
    Form("full, faster, penalty", FullWeight, 1e-3, 5e-4),
    Form("rank 4", LowRankWeight, 1e-3, 0.0),
)


def embed_held_out(checkpoint: Checkpoint, folder: PairFolder, random: np.random.Generator) -> EmbeddedPairs:
    """Embed the held-out photos, or their edge maps where there are no photos, and their sketches."""
    pairs = [pair for pair in folder.held_out().pairs if pair.sketches]
    preprocess = checkpoint.preprocess
    source = GalleryFrom.photos if all(pair.photo for pair in pairs) else GalleryFrom.edge_maps
    photos = checkpoint.embed_frames([gallery_frame(pair, preprocess, source) for pair in pairs])
    drawn = [(number, sketch) for number, pair in enumerate(pairs) for sketch in pair.sketches]
    sketches = checkpoint.embed_frames([frame_of(sketch.picture, preprocess.sketch) for _, sketch in drawn])
    truth = torch.tensor([number for number, _ in drawn])
    folds = torch.from_numpy(random.permutation(len(pairs)) % FOLDS)
    return EmbeddedPairs(folder.name, torch.from_numpy(sketches), torch.from_numpy(photos), truth, folds)


def project(sets: Sequence[EmbeddedPairs], dims: int) -> list[EmbeddedPairs]:
    """Project the embeddings to their first principal components."""
    joined = torch.cat([embeddings for pairs in sets for embeddings in (pairs.photos, pairs.sketches)])
    mean = joined.mean(0)
    axes = torch.linalg.svd(joined - mean, full_matrices=False)[2][:dims].T  # (D,dims)
    return [EmbeddedPairs(s.name, (s.sketches - mean) @ axes, (s.photos - mean) @ axes, s.truth, s.folds) for s in sets]


def fit_weight(sets: Sequence[EmbeddedPairs], form: Form, fold: int) -> Tensor:
    """Fit W (D,D) to the photos outside the fold and to their sketches."""
    torch.manual_seed(fold)
    weight = form.build(sets[0].photos.shape[1])
    temperature = nn.Parameter(torch.tensor(-1.5))
    optimiser = torch.optim.Adam(
        [{"params": weight.parameters(), "lr": form.rate}, {"params": [temperature], "lr": 0.02}]
    )
    for _ in range(_STEPS):
        loss = holef_penalty(weight(), form.penalty)
        for pairs in sets:
            chosen = _draw_one_sketch_each(pairs, fold)
            distances = compute_distances(weight(), pairs.sketches[chosen], pairs.photos[pairs.truth[chosen]])
            loss = loss + contrastive_loss(distances, temperature.exp()) / len(sets)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    fitted: Tensor = weight().detach()
    return fitted


def _draw_one_sketch_each(pairs: EmbeddedPairs, fold: int) -> Tensor:
    """Draw one sketch of each photo outside the fold: (n,) int64."""
    shuffled = torch.randperm(len(pairs.truth))
    _, first = np.unique(pairs.truth[shuffled].numpy(), return_index=True)
    chosen = shuffled[torch.from_numpy(first)]
    return chosen[pairs.folds[pairs.truth[chosen]] != fold]


def measure_form(sets: Sequence[EmbeddedPairs], form: Form) -> dict[str, object]:
    """Measure W of that form on the folds that it was not fitted to, against I."""
    identity = torch.eye(sets[0].photos.shape[1])
    ranks, distances_moved = [torch.empty(len(pairs.truth)) for pairs in sets], []
    for fold in range(FOLDS):
        weight = fit_weight(sets, form, fold)
        distances_moved.append(float((weight - identity).norm() / identity.norm()))
        for pairs, of_set in zip(sets, ranks, strict=True):
            in_fold = pairs.folds[pairs.truth] == fold
            of_set[in_fold] = pairs.ranks(weight)[in_fold]
    before = [pairs.ranks(identity) for pairs in sets]
    differences = [(own.log() - other.log()).numpy() for own, other in zip(ranks, before, strict=True)]
    resampled = _resample(sets, differences)
    low, high = interval(resampled)
    return {
        "moved": f"{100 * np.mean(distances_moved):.0f} %",
        **{pairs.name: _describe(of_set) for pairs, of_set in zip(sets, ranks, strict=True)},
        "log rank": f"{np.mean([d.mean() for d in differences]):+.3f} ({low:+.3f} to {high:+.3f})",
    }


def _resample(sets: Sequence[EmbeddedPairs], values: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    """Return the mean over folders of the mean value, for resamples of each folder's photos: (R,)."""
    random = np.random.default_rng(0)
    means = []
    for pairs, of_set in zip(sets, values, strict=True):
        drawn = resample_clusters(pairs.truth.numpy().astype(str), _RESAMPLES, random)  # (R,Q)
        means.append(drawn @ of_set / drawn.sum(1))
    return np.asarray(np.mean(means, axis=0))


def _describe(ranks: Tensor) -> str:
    return f"acc@1 {100 * float((ranks <= 1).float().mean()):.1f}, log rank {float(ranks.log().mean()):.3f}"


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True, help="a network trained without the held-out fifth")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="pair folders")
    parser.add_argument("--dims", type=int, default=256, help="principal components that W compares (default: 256)")
    options = parse_options(parser)
    checkpoint, random = load_checkpoint(options.checkpoint), np.random.default_rng(0)
    sets = project([embed_held_out(checkpoint, read_pairs(path), random) for path in options.data], options.dims)
    identity = torch.eye(sets[0].photos.shape[1])
    figures: dict[str, object] = {"I": {pairs.name: _describe(pairs.ranks(identity)) for pairs in sets}}
    figures |= {form.name: measure_form(sets, form) for form in FORMS}
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
