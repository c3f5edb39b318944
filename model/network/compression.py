"""Compression of embeddings to their principal components, at nearly the same distances."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def fit_compression(compression: nn.Module, embeddings: Tensor) -> None:
    """Set a linear layer D -> d to the projection of embeddings (N,D) on their d principal components.

    The projection is around their mean. Of all linear maps to d dimensions it changes the squared Euclidean distances
    between these embeddings least. Raises TypeError for a network without compression.
    """
    if not isinstance(compression, nn.Linear):
        raise TypeError(f"the network has no compression to fit: it is {type(compression).__name__}, expected Linear")
    values = embeddings.double()
    mean = values.mean(0)
    centred = values - mean
    axes = torch.linalg.eigh(centred.T @ centred).eigenvectors.flip(1)[:, : compression.out_features].T  # (d,D)
    axes = torch.where(axes.sum(1, keepdim=True) < 0, -axes, axes)  # the sign of an axis is arbitrary: fix it
    with torch.no_grad():
        compression.weight.copy_(axes)
        compression.bias.copy_(-axes @ mean)
