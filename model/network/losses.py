"""Training losses over any Distance, and HOLEF's regularisers."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def triplet_loss(distances: Tensor, target: Tensor, farther: Tensor, margin: float) -> Tensor:
    """Compute the paper's ranking loss: the mean of max(0, margin + d(s,p+) - d(s,p-)).

    The mean is over each sketch's p-, then over sketches. Distances (B,M); target (B,) int64 is the column of p+,
    farther (B,M) bool marks all p-.
    """
    nearer = distances.gather(1, target.unsqueeze(1))  # (B,1)
    violations = (margin + nearer - distances).clamp(min=0) * farther
    return (violations.sum(1) / farther.sum(1).clamp(min=1)).mean()


def contrastive_loss(distances: Tensor, temperature: Tensor, smoothing: float = 0.0) -> Tensor:
    """Compute symmetric InfoNCE over distances (B,B) whose diagonal has the true pairs.

    Sketches are classified among the batch's photos, and photos among its sketches, by softmax of -distance /
    temperature.
    """
    logits = -distances / temperature
    target = torch.arange(len(logits), device=logits.device)
    rows = F.cross_entropy(logits, target, label_smoothing=smoothing)
    columns = F.cross_entropy(logits.T, target, label_smoothing=smoothing)
    return (rows + columns) / 2


def holef_penalty(weight: Tensor, strength: float = 0.0005) -> Tensor:
    """Compute strength * (||W - I||_1 + ||W - I||_F), the paper's regularisers of HOLEF: (D,D) -> ()."""
    difference = weight - torch.eye(len(weight), device=weight.device, dtype=weight.dtype)
    penalty: Tensor = strength * (difference.abs().sum() + torch.linalg.vector_norm(difference))
    return penalty
