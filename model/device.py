"""Device of the computation: a GPU if there is one."""

from __future__ import annotations

import torch


def resolve_device(name: str) -> torch.device:
    """Return the device of that name; "auto" is CUDA if available, else CPU.

    Raises ValueError for an unusable device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ValueError(f"device is {name!r}: expected auto, cpu or cuda") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"device is {name!r}, but there is no usable GPU: expected auto or cpu")
    return device
