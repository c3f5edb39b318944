"""A catalogue's identity: where it comes from, and since which break in its history. Indexes name it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


def new_identity() -> str:
    """The identity of a catalogue that is made now."""
    return uuid.uuid4().hex


def next_identity(identity: str) -> str:
    """The identity of the same catalogue from a break on: after this, it is not what it would have become."""
    return f"{lineage(identity)}-{uuid.uuid4().hex[:12]}"


def lineage(identity: str) -> str:
    """What stays the same of an identity: equal for a catalogue and all that was restored from its backups."""
    return identity.partition("-")[0]


@dataclass(frozen=True)
class CatalogueState:
    """The catalogue as a whole, at one moment."""

    identity: str  # random, made with the catalogue
    revision: int  # of the last change; 0 before the first
    checkpoint: str | None  # SHA-256; None until bound
    dim: int | None  # D of its embeddings
    factory: str  # faiss.index_factory string


@dataclass(frozen=True)
class Change:
    """A product's newest state for those who follow: its photos' embeddings (P,D) float32, None once it is deleted."""

    product_id: str
    revision: int
    embeddings: NDArray[np.float32] | None
