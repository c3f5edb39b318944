"""Checkpoints: a trained network in one safetensors file with its weights, config and preprocessing."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from model.inference.choice import find_engine
from model.inference.engine import Engine, EngineName, configured_engine
from model.network.attention import strengths
from model.network.dssa import DSSA, NetworkConfig, embed_in_chunks
from model.preprocessing.edge_styles import check_styles
from model.preprocessing.images import Pixels
from model.preprocessing.preprocess import Preprocess, PreprocessConfig

DEFAULT_CHECKPOINT = Path(__file__).parent / "pretrained" / "dssa.safetensors"
MAX_CONTRAST = 0.8  # of answers that a server is confident of, by a network whose file has no limit of its own
_FORMAT = "sketchfind-1"


class CheckpointError(ValueError):
    """File that is missing, is not a Sketchfind checkpoint, or does not match its network."""


@dataclass(frozen=True)
class Checkpoint:
    """A network in eval mode, the preprocessing of its training, and its file's SHA-256."""

    network: DSSA
    preprocess: Preprocess
    sha256: str
    saw_held_out: bool = False  # trained on the held-out fifth too, so that figures on it are not a validation
    max_contrast: float = MAX_CONTRAST  # of answers that a server is confident of (app/search/confidence.py)
    engine_name: EngineName = "auto"
    _engine_lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    def embed_frames(self, frames: Sequence[Pixels], batch_size: int = 32) -> NDArray[np.float32]:
        """Embed frames (256,256): (N,D) float32; used for building, evaluating and serving."""
        if not frames:
            return np.zeros((0, self.network.dim), np.float32)
        with self._engine_lock:  # made once, by the first thread
            engine = self.engine
        return embed_in_chunks(self.network, frames, self.preprocess.tensor, batch_size, engine.embed).cpu().numpy()

    def embed_photos(self, photos: Sequence[Pixels], *, mirrored: bool = False) -> NDArray[np.float32]:
        """Compute the mean embedding (N,D) of each photo's frames (K,256,256), as photo_frames() returns them.

        With `mirrored`, each is followed by that of the frames' mirror images: (N,2D).
        """
        if mirrored:
            both = [side for frames in photos for side in (frames, frames[..., ::-1])]
            return self.embed_photos(both).reshape(len(photos), 2 * self.network.dim)
        counts = [len(frames) for frames in photos]
        embeddings = self.embed_frames([frame for frames in photos for frame in frames])
        if max(counts, default=1) == 1:
            return embeddings
        starts = np.cumsum([0, *counts[:-1]])
        return np.asarray(np.add.reduceat(embeddings, starts) / np.array(counts)[:, None], np.float32)  # (N,D)

    @cached_property
    def engine(self) -> Engine:
        """What computes embed_frames(). Raises EngineError if the named engine cannot."""
        return find_engine(self.network, self.preprocess.config.size, self.engine_name, self.sha256)

    def attend_frames(self, frames: Sequence[Pixels]) -> NDArray[np.float32] | None:
        """Return the attention's strength over frames (256,256): (N,h,w) float32, 0..1; see strengths().

        None for a network without attention.
        """
        with torch.inference_mode():
            inputs = self.preprocess.tensor(frames).to(next(self.network.parameters()).device)  # (N,1,S,S)
            attention = strengths(self.network.attention_map(inputs))
        return None if attention is None else attention.cpu().numpy()


def save_checkpoint(
    path: Path,
    network: DSSA,
    preprocess: PreprocessConfig,
    notes: Mapping[str, str] | None = None,
    *,
    half: bool = False,
) -> Path:
    """Write the checkpoint atomically and return its path; `notes` (recipe, data, seed, limits) go into its header.

    With `half`, matrices and kernels are float16 in the file, which is half as large. They are read as float32.
    """
    metadata = {
        "format": _FORMAT,
        "network": json.dumps(_omit_defaults(asdict(network.config), NetworkConfig(), "expert", "expert_size")),
        "preprocess": json.dumps(_omit_defaults(asdict(preprocess), PreprocessConfig(), "styles")),
        **(notes or {}),
    }
    weights = {
        name: value.detach().to(torch.float16 if half and value.ndim > 1 else torch.float32).cpu().contiguous()
        for name, value in network.state_dict().items()
        if value.is_floating_point()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:  # save_file() would leave it readable to its owner alone
        file.write(_sort_header(save(weights, metadata)))
        file.flush()
        os.fsync(file.fileno())  # else a power cut may leave an empty file of this name
    os.replace(partial, path)
    return path


def _omit_defaults(settings: dict[str, Any], defaults: object, *names: str) -> dict[str, Any]:
    """Leave out the named settings that have their default, so that older versions read the file, of the same bytes."""
    return {name: value for name, value in settings.items() if name not in names or value != getattr(defaults, name)}


def load_checkpoint(path: Path, device: str = "cpu", engine: EngineName | None = None) -> Checkpoint:
    """Read a checkpoint; its network is in eval mode on `device`.

    `engine` computes embeddings on a CPU; None is the one that SKETCHFIND_ENGINE names, else auto.

    Raises CheckpointError with the path.
    """
    path = Path(path)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - safe_open is not a mapping
    except FileNotFoundError:
        raise CheckpointError(f"checkpoint not found: {path}, expected a file written by `sketchfind train`") from None
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"checkpoint {path} cannot be read ({error}): expected a safetensors file") from None
    if metadata.get("format") != _FORMAT:
        raise CheckpointError(f"checkpoint {path} has format {metadata.get('format')!r}, expected {_FORMAT!r}")
    try:
        network_config = json.loads(metadata["network"])
        network = DSSA(NetworkConfig(**{**network_config, "heads": tuple(network_config["heads"])}))
        preprocess = Preprocess(PreprocessConfig(**json.loads(metadata["preprocess"])))
        check_styles(preprocess.config.styles)
        max_contrast = float(metadata.get("max_contrast", MAX_CONTRAST))
        missing, unexpected = network.load_state_dict(weights, strict=False)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"checkpoint {path} does not describe a network of this version: {error}") from None
    absent = [name for name in missing if not name.endswith("num_batches_tracked")]
    if absent or unexpected:
        raise CheckpointError(f"checkpoint {path} does not fit its network: missing {absent}, unexpected {unexpected}")
    saw_held_out = not json.loads(metadata.get("training", "{}")).get("holdout", True)
    return Checkpoint(
        network.eval().to(device),
        preprocess,
        _hash_file(path),
        saw_held_out,
        max_contrast,
        engine or configured_engine(),
    )


def _sort_header(file: bytes) -> bytes:
    """Sort the header of a safetensors file.

    The library's order varies, so that equal networks would have different hashes.
    """
    length = int.from_bytes(file[:8], "little")
    header = json.dumps(json.loads(file[8 : 8 + length]), sort_keys=True).encode()
    header += b" " * (-len(header) % 8)  # tensors start at a multiple of 8 bytes
    return len(header).to_bytes(8, "little") + header + file[8 + length :]


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
