"""Ranking of the candidates of a query by all of its views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from app.core.arrays import Rows
from app.gallery.selection import Selection
from app.index.first_stage.groups import Groups
from app.search.confidence import contrast_of
from app.search.ranking import Ranking
from model.inference.exact_distances import ExactDistances
from model.network.distances import SketchTerms


class RankedViews(NamedTuple):
    """Candidates of a query's views, the least contrast of a view, and the first view's distance to the mean photo."""

    ranking: Ranking
    contrast: float | None
    mean: float | None

    @staticmethod
    def merge(sides: Sequence[RankedViews]) -> RankedViews:
        """Merge what the views of one query find on both sides of photos. The first side's mean counts."""
        ranking = Ranking.merge([side.ranking for side in sides])
        return RankedViews(ranking, least_contrast([side.contrast for side in sides]), sides[0].mean)


def rank_views(
    exact: ExactDistances, selection: Selection, views: SketchTerms, candidates: Sequence[Rows], groups: Groups
) -> RankedViews:
    """Rank the candidates of the views of one query by all photos of these products, each by its nearest view.

    The candidates of each view are given by rows, padded with -1. Views of a sketch have most of them in common, so all
    views are compared with the candidates of each: every embedding is read once.
    """
    snapshot = selection.snapshot
    joined = candidates[0] if len(candidates) == 1 else np.unique(np.concatenate(candidates))
    rows = snapshot.photos_of(joined[joined >= 0])
    distances = exact.to_photos(views, torch.from_numpy(snapshot.embeddings(rows))).numpy()  # (V,n)
    ranking = Ranking(snapshot.revisions(rows), distances.min(0), snapshot.positions(rows))
    is_reduced = len(groups) > 0 or snapshot.photos > snapshot.size
    nearest = _nearest_by(groups.numbers_of(ranking.revisions), distances) if is_reduced else distances
    mean_key = selection.indexed.mean.key  # (D+1,)
    means = [None] * len(distances) if mean_key is None else exact.to_key(views, torch.from_numpy(mean_key))
    contrast = least_contrast([contrast_of(*pair) for pair in zip(nearest, means, strict=True)])
    return RankedViews(ranking.nearest_photos() if snapshot.photos > snapshot.size else ranking, contrast, means[0])


def least_contrast(contrasts: Sequence[float | None]) -> float | None:
    """Return the least of those that are known."""
    return min((contrast for contrast in contrasts if contrast is not None), default=None)


def _nearest_by(keys: Rows, distances: NDArray[np.float32]) -> NDArray[np.float32]:
    """Reduce distances (V,n) to the least ones (V,m) of each of the distinct `keys` (n,)."""
    if not len(keys):
        return distances
    order = np.argsort(keys)
    ordered = keys[order]
    firsts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    return np.minimum.reduceat(distances[:, order], firsts, axis=1)
