"""Helpers of all layouts: images by their stems, and the assignment of sketches to photos."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from index_builder.datasets.pairs import IMAGE_SUFFIXES, Pair, PairFolder, PairsError
from index_builder.datasets.pictures import FilePicture, Picture, Sketch


def images(folder: Path) -> dict[str, FilePicture]:
    """Return the images of a folder by stem; empty when the folder does not exist."""
    if not folder.is_dir():
        return {}
    return {path.stem: FilePicture(path) for path in sorted(folder.iterdir()) if path.suffix.lower() in IMAGE_SUFFIXES}


def photo_of(sketch: Sketch, ids: Collection[str], separator: str = "_") -> str:
    """Return the id of a sketch's photo: the sketch's exact name, else the part before its last separator.

    Raises PairsError when neither is a photo.
    """
    owner = sketch.name if sketch.name in ids else sketch.name.rpartition(separator)[0]
    if owner not in ids:
        raise PairsError(
            f"sketch {sketch.picture} belongs to no photo: found neither {sketch.name!r} nor {owner!r} among the photos"
        )
    return owner


def pair_up(
    name: str,
    photos: Mapping[str, Picture],
    edge_maps: Mapping[str, Picture],
    sketches: Iterable[Sketch],
    more_sketches: Iterable[Sketch] = (),
    separator: str = "_",
) -> PairFolder:
    """Build pairs of photos and edge maps by id, with their sketches.

    Raises PairsError for a sketch without a photo.
    """
    ids = photos.keys() | edge_maps.keys()
    drawn = _group_by_photo(sketches, ids, separator)
    more = _group_by_photo(more_sketches, ids, separator)
    pairs = (Pair(i, photos.get(i), edge_maps.get(i), tuple(drawn[i]), tuple(more[i])) for i in sorted(ids))
    return PairFolder(name, tuple(pairs))


def _group_by_photo(sketches: Iterable[Sketch], ids: Collection[str], separator: str) -> dict[str, list[Sketch]]:
    sketches_of: dict[str, list[Sketch]] = {photo_id: [] for photo_id in ids}
    for sketch in sketches:
        sketches_of[photo_of(sketch, ids, separator)].append(sketch)
    return sketches_of
