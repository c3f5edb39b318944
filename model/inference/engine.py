"""Engine: what computes a network's forward pass."""

from __future__ import annotations

import os
from typing import Literal, Protocol, cast, get_args

from torch import Tensor

EngineName = Literal["auto", "openvino", "onnxruntime", "torch"]
_VARIABLE = "SKETCHFIND_ENGINE"  # also a setting of the server; commands that have no settings read it here


class EngineError(ValueError):
    """Engine that is unknown or not installed, cannot run a network, or gives other embeddings than the network."""


class Engine(Protocol):
    """The forward pass of one network in a fixed state.

    Thread-safe. It uses as many threads as torch in the calling thread.
    """

    @property
    def label(self) -> str:
        """Name with the precision, for the log."""

    @property
    def tolerance(self) -> float:
        """Largest deviation of an embedding from the network's own, as a share of its length."""

    def embed(self, frames: Tensor) -> Tensor:
        """Embed frames (B,1,S,S): (B,D) float32. An embedding does not depend on the frames beside it."""


def configured_engine() -> EngineName:
    """Return the engine that SKETCHFIND_ENGINE names, "auto" if it is not set.

    Raises EngineError for an unknown one.
    """
    name = os.environ.get(_VARIABLE) or "auto"
    if name not in get_args(EngineName):
        raise EngineError(f"{_VARIABLE} is {name!r}: expected one of {', '.join(get_args(EngineName))}")
    return cast(EngineName, name)
