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

from index_builder.datasets.pictures import FilePicture, Picture, Sketch
from index_builder.datasets.triplets import HumanTriplet

if TYPE_CHECKING:
    from index_builder.datasets.readers.layouts import Layout

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


def read_data(folder: Path) -> list[PairFolder]:
    """Read a data set in any layout: one PairFolder, or one for each category of a folder of categories.

    Where a layout keeps its halves in one folder the training half is read; FOLDER/test names the other, as
    FOLDER/CATEGORY names one category of Sketchy. Raises PairsError when nothing fits, or a sketch belongs to no photo.
    """
    layout, place, parts = _found(folder)
    return [layout.read(place, part) for part in parts]


def read_pairs(folder: Path) -> PairFolder:
    """Read a data set of one category, as read_data does. Raises PairsError when there are several."""
    layout, place, parts = _found(folder)
    if len(parts) > 1:
        raise PairsError(f"{folder} holds {len(parts)} categories, expected one, such as {folder / parts[0]}")
    return layout.read(place, parts[0])


def _found(folder: Path) -> tuple[Layout, Path, Sequence[str]]:
    """How to read a folder, where it lies, and the names of the parts to read."""
    from index_builder.datasets.readers.layouts import LAYOUTS  # they are made of the types above

    place = folder if folder.is_dir() else folder.parent
    fitting = ((layout, layout.parts(place)) for layout in LAYOUTS) if place.is_dir() else iter(())
    layout, parts = next(((layout, parts) for layout, parts in fitting if parts), (None, ()))
    if place != folder and (layout is None or folder.name not in parts):
        raise PairsError(f"pair folder not found: {folder}")
    if layout is None:
        raise PairsError(
            f"{folder} has no images in photos/ or edge_maps/, expected a pair folder or a layout of docs/datasets.md"
        )
    if place != folder:
        return layout, place, [folder.name]
    return layout, place, parts if layout.together else parts[:1]


def read_photos(folder: Path) -> PairFolder:
    """Read a folder of photos without sketches, any depth, as pairs that have none."""
    from index_builder.datasets.readers.layouts import LAYOUTS

    if any(layout.parts(folder) for layout in LAYOUTS):
        raise PairsError(
            f"{folder} holds photos together with sketches or edge maps, expected photos alone: "
            "give it as --data, or name the folder of its photos"
        )
    photos = [FilePicture(path) for path in sorted(folder.rglob("*")) if path.suffix.lower() in IMAGE_SUFFIXES]
    if not photos:
        raise PairsError(f"no photos found in {folder}, expected files ending in {', '.join(sorted(IMAGE_SUFFIXES))}")
    ids = (photo.path.relative_to(folder).with_suffix("").as_posix() for photo in photos)
    return PairFolder(
        category_of(folder), tuple(Pair(i, photo, None, ()) for i, photo in zip(ids, photos, strict=True))
    )


def category_of(folder: Path) -> str:
    """What the pairs of a folder are called: `shoes` for .../shoes/train, else the folder's own name."""
    resolved = folder.resolve()
    return resolved.parent.name if resolved.name in HALVES else resolved.name


def is_held_out(name: str) -> bool:
    """Whether what has this name is in the fixed fifth."""
    return zlib.crc32(name.encode()) % _HOLDOUT == 0
