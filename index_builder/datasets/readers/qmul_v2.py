"""QMUL-ShoeV2 and QMUL-ChairV2 as published, and as other people's code keeps them.

photo/ID.png   sketch/ID_N.png   NAME_Coordinate (a pickle of points): images of the sketches, their points, or both
NAME_photo   NAME_sketch or NAME_sketch_png   sketch_HALF.txt   photo_HALF.txt (file names, one a line)
trainA/ID_N.png (sketches)   trainB/ID.png (photos)   testA   testB
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from index_builder.datasets.pairs import HALVES, PairFolder, PairsError, category_of
from index_builder.datasets.pictures import FilePicture, Sketch, StrokesPicture
from index_builder.datasets.readers.pairing import images, pair_up, photo_of
from index_builder.datasets.readers.shoev2_coordinates import read_coordinates
from model.preprocessing.frames import Strokes


def parts(folder: Path) -> list[str]:
    """The halves that lie in the folder; one unnamed part when nothing tells halves apart."""
    if halves := [half for half in HALVES if images(folder / f"{half}A") and images(folder / f"{half}B")]:
        return halves
    file = _coordinate_file(folder)
    if not _images_like(folder, "photo") or not (file or _sketch_images(folder)):
        return []
    found = _halves(folder, _coordinates(file))
    return [half for half in HALVES if half in found] or [""]


def read(folder: Path, part: str) -> PairFolder:
    """Read one half; of photo/, which holds both, what is listed or else what the half's sketches belong to."""
    file = _coordinate_file(folder)
    coordinates = _coordinates(file)
    strokes = {PurePosixPath(k).name: v for k, v in coordinates.items() if not part or _half_of(k) in {"", part}}
    if part and (rasters := images(folder / f"{part}A")):
        sketches = [Sketch(picture, strokes.get(name)) for name, picture in rasters.items()]
        return pair_up(category_of(folder), images(folder / f"{part}B"), {}, sketches)
    photos, rasters = _images_like(folder, "photo"), _sketch_images(folder)
    names = _halves(folder, coordinates).get(part, strokes.keys() | rasters.keys())
    sketches = []
    for name in sorted(names):
        if name not in rasters and (file is None or name not in strokes):
            raise PairsError(f"{folder}: sketch {name!r} of the {part} half has neither an image (no SVG) nor points")
        picture = rasters[name] if name in rasters or file is None else StrokesPicture(file, name, strokes[name])
        sketches.append(Sketch(picture, strokes.get(name)))
    if part:
        gallery = _listed(folder / f"photo_{part}.txt") or {photo_of(sketch, photos) for sketch in sketches}
        photos = {photo_id: photo for photo_id, photo in photos.items() if photo_id in gallery}
    return pair_up(category_of(folder), photos, {}, sketches)


def _halves(folder: Path, coordinates: Iterable[str]) -> Mapping[str, set[str]]:
    """The names of each half's sketches: as listed, else by the folders in the coordinate file's names."""
    listed = {half: names for half in HALVES if (names := _listed(folder / f"sketch_{half}.txt"))}
    if listed:
        return listed
    found: dict[str, set[str]] = {}
    for key in coordinates:
        found.setdefault(_half_of(key), set()).add(PurePosixPath(key).name)
    return {half: names for half, names in found.items() if half in HALVES}


def _half_of(key: str) -> str:
    """`train` of "train/1031000079_1", nothing of a name that has no folder."""
    return PurePosixPath(key).parent.name


def _listed(path: Path) -> set[str]:
    """The stems of the file names in a list; none when there is no such file."""
    lines = path.read_text().splitlines() if path.is_file() else []
    return {PurePosixPath(line.strip()).stem for line in lines if line.strip()}


def _images_like(folder: Path, kind: str) -> dict[str, FilePicture]:
    """The images of the folder that has a name or ends in _name."""
    for place in (folder / kind, *sorted(folder.glob(f"*_{kind}"))):
        if found := images(place):
            return found
    return {}


def _sketch_images(folder: Path) -> dict[str, FilePicture]:
    return _images_like(folder, "sketch") or _images_like(folder, "sketch_png")


def _coordinates(file: Path | None) -> Mapping[str, Strokes]:
    return read_coordinates(file) if file else {}


def _coordinate_file(folder: Path) -> Path | None:
    found = sorted(path for path in folder.glob("*_Coordinate*") if path.is_file())
    if len(found) > 1:
        raise PairsError(f"{folder} has {found[0].name} and {found[1].name}, expected one coordinate file")
    return found[0] if found else None
