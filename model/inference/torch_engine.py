"""Forward pass by torch itself, on any device."""

from __future__ import annotations

import torch
from torch import Tensor

from model.network.dssa import DSSA


class TorchEngine:
    """embed() of the network itself."""

    label = "torch"
    tolerance = 0.0

    def __init__(self, network: DSSA) -> None:
        self._network = network

    @torch.inference_mode()
    def embed(self, frames: Tensor) -> Tensor:
        """Embed frames (B,1,S,S): (B,D) float32, on the network's device."""
        return self._network.embed(frames)
