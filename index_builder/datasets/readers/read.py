"""Reading of --data: one folder of any layout to pairs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from index_builder.datasets.pairs import IMAGE_SUFFIXES, Pair, PairFolder, PairsError, category_of
from index_builder.datasets.pictures import FilePicture

if TYPE_CHECKING:
    from index_builder.datasets.readers.layouts import DatasetLayout


def read_data(folder: Path) -> list[PairFolder]:
    """Read a data set in any layout: one PairFolder, or one for each category of a category set.

    If one folder holds both halves, the training half is read. FOLDER/test selects the other half, FOLDER/CATEGORY one
    category of Sketchy.

    Raises PairsError when no layout matches, or a sketch has no photo.
    """
    layout, place, parts = _find_layout(folder)
    return [layout.read(place, part) for part in parts]


def read_pairs(folder: Path) -> PairFolder:
    """Read a data set of one category like read_data().

    Raises PairsError when there are several categories.
    """
    layout, place, parts = _find_layout(folder)
    if len(parts) > 1:
        raise PairsError(f"{folder} holds {len(parts)} categories, expected one, such as {folder / parts[0]}")
    return layout.read(place, parts[0])


def _find_layout(folder: Path) -> tuple[DatasetLayout, Path, Sequence[str]]:
    """Find the layout of a folder, its location, and the names of the parts to read."""
    from index_builder.datasets.readers.layouts import LAYOUTS  # here, since the layouts import this package's types

    place = folder if folder.is_dir() else folder.parent
    matching = ((layout, layout.splits(place)) for layout in LAYOUTS) if place.is_dir() else iter(())
    layout, parts = next(((layout, parts) for layout, parts in matching if parts), (None, ()))
    if place != folder and (layout is None or folder.name not in parts):
        raise PairsError(f"pair folder not found: {folder}")
    if layout is None:
        raise PairsError(
            f"{folder} has no images in photos/ or edge_maps/, expected a pair folder or a layout of docs/datasets.md"
        )
    if place != folder:
        return layout, place, [folder.name]
    return layout, place, parts if layout.is_category_set else parts[:1]


def read_photos(folder: Path) -> PairFolder:
    """Read a folder of photos at any depth as pairs without sketches. Raises PairsError."""
    from index_builder.datasets.readers.layouts import LAYOUTS

    if any(layout.splits(folder) for layout in LAYOUTS):
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
