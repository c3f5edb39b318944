"""The shipped network, read by torch alone: a machine that has a GPU need not have what the server needs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import model
from model.network.dssa import DSSA, NetworkConfig

CHECKPOINT = Path(model.__file__).parent / "pretrained" / "dssa.safetensors"
_DTYPES = {"F16": torch.float16, "F32": torch.float32}


def load_network(path: Path = CHECKPOINT) -> tuple[DSSA, int]:
    """Read a checkpoint's network, in eval mode on the CPU, and the side of its frames in px."""
    metadata, weights = read_safetensors(path)
    config = json.loads(metadata["network"])
    network = DSSA(NetworkConfig(**{**config, "heads": tuple(config["heads"])})).eval()
    network.load_state_dict(weights, strict=False)  # without the counters of batch norms, which files do not have
    return network, int(json.loads(metadata["preprocess"])["size"])


def read_safetensors(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Read the metadata and the tensors of a safetensors file: 8 bytes of length, a header in JSON, values."""
    content = bytearray(path.read_bytes())
    start = 8 + int.from_bytes(content[:8], "little")
    header: dict[str, dict[str, Any]] = json.loads(content[8:start])
    metadata: dict[str, str] = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        offset, shape = start + entry["data_offsets"][0], entry["shape"]
        flat = torch.frombuffer(content, dtype=_DTYPES[entry["dtype"]], count=math.prod(shape), offset=offset)
        tensors[name] = flat.reshape(shape)
    return metadata, tensors
