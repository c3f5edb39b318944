"""Pair folders: photos with the sketches that people drew of them.

photos/ID.jpg   edge_maps/ID.png   (either may be absent, not both)
sketches/ID.png or sketches/ID_N.png for several sketches of one photo
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from model.images import Pixels, UnreadableImage, decode_image
from model.preprocess import BlankSketch

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
SPLITS = ("all", "held-out")
_HOLDOUT = 5  # one photo in five is held out for validation


class PairsError(ValueError):
    """The folder is not a pair folder; the message says what is wrong with it."""


@dataclass(frozen=True)
class Pair:
    """One photo, its published edge map, or both, and all sketches of it."""

    photo_id: str
    photo: Path | None
    edge_map: Path | None
    sketches: tuple[Path, ...]


@dataclass(frozen=True)
class PairFolder:
    """The pairs of one category, ordered by photo id."""

    name: str
    pairs: tuple[Pair, ...]

    def held_out(self) -> PairFolder:
        """The fixed fifth of the photos on which validation numbers are measured, with their sketches."""
        return replace(self, pairs=tuple(pair for pair in self.pairs if _is_held_out(pair.photo_id)))

    def part(self, split: str) -> PairFolder:
        """What one of SPLITS names: all pairs, or the held-out fifth."""
        return self.held_out() if split == "held-out" else self

    def training(self) -> PairFolder:
        """All that is not held out."""
        return replace(self, pairs=tuple(pair for pair in self.pairs if not _is_held_out(pair.photo_id)))


def read_pairs(folder: Path) -> PairFolder:
    """Read a pair folder. Photos that nobody sketched are kept: they are part of the gallery.

    Raises PairsError when there is nothing to pair, or when a sketch belongs to no photo.
    """
    if not folder.is_dir():
        raise PairsError(f"pair folder not found: {folder}")
    photos, edge_maps = _images(folder / "photos"), _images(folder / "edge_maps")
    ids = photos.keys() | edge_maps.keys()
    if not ids:
        raise PairsError(f"{folder} has no images in photos/ or edge_maps/, expected a pair folder")
    sketches: dict[str, list[Path]] = {photo_id: [] for photo_id in ids}
    for stem, path in _images(folder / "sketches").items():
        sketches[_photo_of(stem, ids, path)].append(path)
    pairs = (Pair(i, photos.get(i), edge_maps.get(i), tuple(sketches[i])) for i in sorted(ids))
    return PairFolder(_name(folder), tuple(pairs))


def read_photos(folder: Path) -> PairFolder:
    """Read a folder of photos without sketches, any depth, as pairs that have none."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    if not paths:
        raise PairsError(f"no photos found in {folder}, expected files ending in {', '.join(sorted(IMAGE_SUFFIXES))}")
    ids = (path.relative_to(folder).with_suffix("").as_posix() for path in paths)
    return PairFolder(_name(folder), tuple(Pair(i, path, None, ()) for i, path in zip(ids, paths, strict=True)))


def open_image(path: Path) -> Image.Image:
    """Decode an image file. Raises UnreadableImage, naming the file."""
    try:
        return decode_image(path.read_bytes())
    except UnreadableImage as error:
        raise UnreadableImage(f"{path}: {error}") from None


def frame_of(path: Path, prepare: Callable[[Image.Image], Pixels]) -> Pixels:
    """The frame of an image file by one of Preprocess's methods. Raises ValueErrors of that, naming the file."""
    try:
        return prepare(open_image(path))
    except BlankSketch as error:
        raise BlankSketch(f"{path}: {error}") from None


def _photo_of(stem: str, ids: Iterable[str], path: Path) -> str:
    """The photo that a sketch's file name belongs to: the exact stem, else what precedes its last underscore."""
    owner = stem if stem in ids else stem.rpartition("_")[0]
    if owner not in ids:
        raise PairsError(f"sketch {path} belongs to no photo: found neither {stem!r} nor {owner!r} among the photos")
    return owner


def _images(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        return {}
    return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in IMAGE_SUFFIXES}


def _name(folder: Path) -> str:
    """`shoes` for .../shoes/train, else the folder's own name."""
    resolved = folder.resolve()
    return resolved.parent.name if resolved.name in {"train", "test"} else resolved.name


def _is_held_out(photo_id: str) -> bool:
    return zlib.crc32(photo_id.encode()) % _HOLDOUT == 0
