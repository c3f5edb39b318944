"""The state of a catalogue, with its identity: its lineage, and the last break in its history. Indexes record it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


def new_identity() -> str:
    """Return the identity of a new catalogue."""
    return uuid.uuid4().hex


def next_identity(identity: str) -> str:
    """Return the identity of the same catalogue after a break in its history, such as a restored backup."""
    return f"{lineage(identity)}-{uuid.uuid4().hex[:12]}"


def lineage(identity: str) -> str:
    """Return the part of an identity that a catalogue shares with all catalogues restored from its backups."""
    return identity.partition("-")[0]


@dataclass(frozen=True)
class CatalogueState:
    """The catalogue as a whole, at one moment."""

    identity: str  # random; see new_identity() and next_identity()
    revision: int  # of the last change; 0 before the first
    checkpoint: str | None  # SHA-256; None until bound
    dim: int | None  # D of its embeddings
    factory: str  # faiss.index_factory string
    is_mirrored: bool = False  # whether photos are embedded both ways round

    @property
    def origin(self) -> EmbeddingsOrigin | None:
        """What makes the embeddings, None until bound."""
        return None if self.checkpoint is None else EmbeddingsOrigin(self.checkpoint, self.is_mirrored)

    @property
    def width(self) -> int | None:
        """Numbers of a photo's embedding, None until bound."""
        return None if self.dim is None else self.dim * (1 + self.is_mirrored)


class EmbeddingsOrigin(NamedTuple):
    """What makes the embeddings of a catalogue: a checkpoint (SHA-256), and whether both ways round."""

    checkpoint: str
    is_mirrored: bool


@dataclass(frozen=True)
class Change:
    """A change of a product: its photos' embeddings (P,W) float32, None if the product was deleted."""

    product_id: str
    revision: int
    embeddings: NDArray[np.float32] | None
    group_id: str | None
    source: str | None  # SHA-256 of the first photo
