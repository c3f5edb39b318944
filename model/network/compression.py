"""Compression of embeddings to their principal components, at nearly the same distances."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def fit_compression(compression: nn.Module, embeddings: Tensor, weights: Tensor) -> None:
    """Set a linear layer D -> d to the projection of weighted embeddings (N,D) on their d principal components.

    The squared differences of the D coordinates count `weights` (D,) times. The projection is around the mean. Of all
    linear maps to d dimensions it changes these weighted squared distances between the embeddings least. Raises
    TypeError for a network without compression.
    """
    if not isinstance(compression, nn.Linear):
        raise TypeError(f"the network has no compression to fit: it is {type(compression).__name__}, expected Linear")
    scale = weights.double().sqrt()
    values = embeddings.double() * scale
    mean = values.mean(0)
    centred = values - mean
    axes = torch.linalg.eigh(centred.T @ centred).eigenvectors.flip(1)[:, : compression.out_features].T  # (d,D)
    axes = torch.where(axes.sum(1, keepdim=True) < 0, -axes, axes)  # the sign of an axis is arbitrary: fix it
    with torch.no_grad():
        compression.weight.copy_(axes * scale)
        compression.bias.copy_(-axes @ mean)
