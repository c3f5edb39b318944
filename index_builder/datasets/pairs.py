"""Pairs: photos with the sketches that people drew of them, and where they are read from.

Every layout that --data takes gives the same PairFolder; docs/datasets.md shows them, index_builder/layouts reads them.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from index_builder.datasets.pictures import Picture, Sketch
from index_builder.datasets.triplets import HumanTriplet

if TYPE_CHECKING:
    pass

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
SPLITS = ("all", "held-out")
HALVES = ("train", "test", "val")  # folders by which data sets are divided
_HOLDOUT = 5  # one photo in five is held out for validation


class PairsError(ValueError):
    """The folder is not a pair folder; the message says what is wrong with it."""


@dataclass(frozen=True)
class Pair:
    """One photo, its published edge map, or both, and all sketches of it.

    `sketches` are the queries when the pair is evaluated; `more_sketches`, by other people, are for training alone.
    """

    photo_id: str
    photo: Picture | None
    edge_map: Picture | None
    sketches: tuple[Sketch, ...]
    more_sketches: tuple[Sketch, ...] = ()


@dataclass(frozen=True)
class PairFolder:
    """The pairs of one category, ordered by photo id, and what people said of their likeness."""

    name: str
    pairs: tuple[Pair, ...]
    triplets: tuple[HumanTriplet, ...] = ()

    def held_out(self) -> PairFolder:
        """The fixed fifth of the photos on which validation numbers are measured, with their sketches."""
        return self._only([pair for pair in self.pairs if is_held_out(self._deciding(pair))])

    def part(self, split: str) -> PairFolder:
        """What one of SPLITS names: all pairs, or the held-out fifth."""
        return self.held_out() if split == "held-out" else self

    def training(self) -> PairFolder:
        """All that is not held out."""
        return self._only([pair for pair in self.pairs if not is_held_out(self._deciding(pair))])

    def _deciding(self, pair: Pair) -> str:
        """What decides whether a pair is held out: the file's name, wherever it lies, unless others have the same."""
        name = PurePosixPath(pair.photo_id).name
        return name if self._names[name] == 1 else pair.photo_id

    @cached_property
    def _names(self) -> Counter[str]:
        return Counter(PurePosixPath(pair.photo_id).name for pair in self.pairs)

    def _only(self, pairs: Sequence[Pair]) -> PairFolder:
        """Some of the pairs, and the triplets that are of these alone: no other would keep the halves apart."""
        photos = {pair.photo_id for pair in pairs}
        names = {sketch.name for pair in pairs for sketch in pair.sketches}
        triplets = (t for t in self.triplets if t.sketch in names and {t.nearer, t.farther} <= photos)
        return replace(self, pairs=tuple(pairs), triplets=tuple(triplets))


def category_of(folder: Path) -> str:
    """What the pairs of a folder are called: `shoes` for .../shoes/train, else the folder's own name."""
    resolved = folder.resolve()
    return resolved.parent.name if resolved.name in HALVES else resolved.name


def is_held_out(name: str) -> bool:
    """Whether what has this name is in the fixed fifth."""
    return zlib.crc32(name.encode()) % _HOLDOUT == 0
