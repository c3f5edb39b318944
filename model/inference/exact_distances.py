"""Exact distances of sketches to photos as searches compute them: in float64, by a distance with fixed weights."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from model.network.distances import Distance, SketchTerms

_BATCHES = {"cpu": 256}  # photos whose distances are computed at a time: a processor's cache holds their float64 copy
_BATCH = 16_384  # the same on other devices: bounds memory


class ExactDistances:
    """Distance with fixed weights in full precision, on a device. Safe to use from many threads."""

    def __init__(self, distance: Distance, device: torch.device) -> None:
        self._device = device
        self._batch = _BATCHES.get(device.type, _BATCH)
        self._exact = copy.deepcopy(distance).requires_grad_(requires_grad=False).to(device).double()
        squares = self._exact.squares()
        self._squares = None if squares is None else squares.to(device).double()  # (D,)

    def terms_of(self, sketches: Tensor) -> SketchTerms:
        """Compute the terms of sketches (B,D), which the distances start from."""
        return self._exact.sketch_terms(sketches.to(self._device).double())

    def to_photos(self, sketches: SketchTerms, photos: Tensor) -> Tensor:
        """Compute the distances (B,P) of sketches to photos (P,D), in float32 on the CPU. Photos may be anywhere."""
        distances = torch.empty(len(sketches.offsets), len(photos))
        for start in range(0, len(photos), self._batch):
            part = photos[start : start + self._batch].to(self._device, torch.float64, copy=True)
            part_distances = sketches.offsets[:, None] - sketches.queries[:, :-1] @ part.T
            distances[:, start : start + self._batch] = part_distances.add_(self._photo_offset(part))
        return distances

    def _photo_offset(self, photos: Tensor) -> Tensor:
        """Compute the offsets (P,) of photos (P,D), which become their squares where that saves memory."""
        return self._exact.photo_offset(photos) if self._squares is None else photos.square_() @ self._squares

    def to_key(self, sketches: SketchTerms, key: Tensor) -> list[float]:
        """Compute the distances of sketches to the photo of a key (D+1,). A mean of keys gives mean distances."""
        distances: list[float] = (sketches.offsets - sketches.queries @ key.to(self._device)).tolist()
        return distances
