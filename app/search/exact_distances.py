"""Exact distances of sketches to photos, computed in float64 on a device."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from app.core.arrays import Rows
from app.index.first_stage.index_snapshot import IndexSnapshot
from app.search.ranking import Ranking
from model.network.distances import Distance

_BATCH = 16_384  # photos whose distances are computed at a time: bounds memory


class ExactDistances:
    """Distance of a network in full precision. Safe to use from many threads."""

    def __init__(self, distance: Distance, device: torch.device) -> None:
        self._device = device
        self._exact = copy.deepcopy(distance).to(device).double()  # saves the conversion of its weights in every search

    def pairwise(self, sketches: torch.Tensor, photos: torch.Tensor) -> NDArray[np.float64]:
        """Compute the distances (B,P) of sketches (B,D) to photos (P,D)."""
        return np.asarray(self._exact.pairwise(sketches, photos).cpu().numpy())

    def rank(self, snapshot: IndexSnapshot, sketches: torch.Tensor, rows: Sequence[Rows]) -> list[Ranking]:
        """Rank the candidates of each of sketches (B,D), given by rows, by all photos of these products."""
        photos = [snapshot.photos_of(candidates[candidates >= 0]) for candidates in rows]
        listed, counts = np.concatenate(photos), [len(of_sketch) for of_sketch in photos]
        owners = np.repeat(np.arange(len(photos)), counts)
        distances = np.empty(len(listed), np.float32)
        for start in range(0, len(listed), _BATCH):
            part = slice(start, start + _BATCH)
            embeddings = torch.from_numpy(snapshot.embeddings(listed[part])).to(self._device)  # (n,D)
            owner = torch.from_numpy(owners[part]).to(self._device)
            distances[part] = self._exact.listed(sketches, embeddings, owner).cpu().numpy()
        ends = np.cumsum(counts)[:-1]
        columns = (snapshot.revisions(listed), distances, snapshot.positions(listed))
        rankings = [Ranking(*parts) for parts in zip(*(np.split(column, ends) for column in columns), strict=True)]
        return rankings if snapshot.photos == snapshot.size else [ranking.nearest_photos() for ranking in rankings]

    def means(self, snapshot: IndexSnapshot, sketches: torch.Tensor) -> NDArray[np.float64] | list[None]:
        """Compute (B,), the mean distance of each sketch (B,D) to a sample of all products, None for a small sample.

        A distance is linear in the photo's key, so the mean of the keys suffices.
        """
        mean = snapshot.mean.key
        if mean is None:
            return [None] * len(sketches)
        s, key = sketches.double(), torch.from_numpy(mean).to(self._device)  # (D+1,)
        return np.asarray((self._exact.offset(s) - self._exact.query(s) @ key).cpu().numpy())
