"""Principal components: fewer dimensions for an index to hold, at nearly the same distances."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def fit_compression(compression: nn.Module, embeddings: Tensor) -> None:
    """Make a linear layer D -> d the projection of embeddings (N,D) to their d principal components, around their mean.

    Of all linear maps to d dimensions it changes the squared Euclidean distances between these embeddings least.
    Raises TypeError for a network without compression.
    """
    if not isinstance(compression, nn.Linear):
        raise TypeError(f"the network has no compression to fit: it is {type(compression).__name__}, expected Linear")
    values = embeddings.double()
    mean = values.mean(0)
    centred = values - mean
    axes = torch.linalg.eigh(centred.T @ centred).eigenvectors.flip(1)[:, : compression.out_features].T  # (d,D)
    axes = torch.where(axes.sum(1, keepdim=True) < 0, -axes, axes)  # an axis points either way: always the same one
    with torch.no_grad():
        compression.weight.copy_(axes)
        compression.bias.copy_(-axes @ mean)
