"""Pairs of photos with sketches of them, the common form of all data sets.

Every layout of --data gives the same PairFolder. docs/datasets.md shows the layouts, index_builder/datasets/readers
reads them.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath

from index_builder.datasets.pictures import Picture, Sketch
from index_builder.datasets.triplets import HumanTriplet

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
SPLITS = ("all", "held-out")
HALVES = ("train", "test", "val")  # folder names of a data set's halves
_HOLDOUT = 5  # one photo in five is held out for validation


class PairsError(ValueError):
    """Folder that is not a valid data set; the message has the reason."""


@dataclass(frozen=True)
class Pair:
    """One photo, its published edge map, or both, with all sketches of it.

    `sketches` are the queries of an evaluation. `more_sketches`, by other people, are for training alone.
    """

    photo_id: str
    photo: Picture | None
    edge_map: Picture | None
    sketches: tuple[Sketch, ...]
    more_sketches: tuple[Sketch, ...] = ()


@dataclass(frozen=True)
class PairFolder:
    """Pairs of one category, ordered by photo id, with the human triplets."""

    name: str
    pairs: tuple[Pair, ...]
    triplets: tuple[HumanTriplet, ...] = ()

    def held_out(self) -> PairFolder:
        """Return the fixed fifth of the photos that validation figures are measured on, with their sketches."""
        return self._select([pair for pair in self.pairs if is_held_out(self._holdout_name(pair))])

    def part(self, split: str) -> PairFolder:
        """Return the pairs of one of SPLITS: all pairs, or the held-out fifth."""
        return self.held_out() if split == "held-out" else self

    def training(self) -> PairFolder:
        """Return all pairs that are not held out."""
        return self._select([pair for pair in self.pairs if not is_held_out(self._holdout_name(pair))])

    def _holdout_name(self, pair: Pair) -> str:
        """Return the name by which a pair is held out: the file's name, or the photo id if others have that name."""
        name = PurePosixPath(pair.photo_id).name
        return name if self._names[name] == 1 else pair.photo_id

    @cached_property
    def _names(self) -> Counter[str]:
        return Counter(PurePosixPath(pair.photo_id).name for pair in self.pairs)

    def _select(self, pairs: Sequence[Pair]) -> PairFolder:
        """Return some of the pairs, and the triplets of these alone, so that the halves stay separate."""
        photos = {pair.photo_id for pair in pairs}
        names = {sketch.name for pair in pairs for sketch in pair.sketches}
        triplets = (t for t in self.triplets if t.sketch in names and {t.nearer, t.farther} <= photos)
        return replace(self, pairs=tuple(pairs), triplets=tuple(triplets))


def category_of(folder: Path) -> str:
    """Return the category name of a folder: `shoes` for .../shoes/train, else the folder's own name."""
    resolved = folder.resolve()
    return resolved.parent.name if resolved.name in HALVES else resolved.name


def is_held_out(name: str) -> bool:
    """Return whether this name belongs to the held-out fifth."""
    return zlib.crc32(name.encode()) % _HOLDOUT == 0
