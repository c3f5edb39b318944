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
    """List the halves in the folder; one unnamed part when halves cannot be told apart."""
    if halves := [half for half in HALVES if images(folder / f"{half}A") and images(folder / f"{half}B")]:
        return halves
    file = _find_coordinate_file(folder)
    if not _find_images(folder, "photo") or not (file or _find_sketch_images(folder)):
        return []
    names_by_half = _names_by_half(folder, _read_strokes(file))
    return [half for half in HALVES if half in names_by_half] or [""]


def read(folder: Path, part: str) -> PairFolder:
    """Read one half.

    Where photo/ holds both halves, the listed photos are read, or else those of the half's sketches.
    """
    file = _find_coordinate_file(folder)
    coordinates = _read_strokes(file)
    strokes = {PurePosixPath(k).name: v for k, v in coordinates.items() if not part or _half_of(k) in {"", part}}
    if part and (rasters := images(folder / f"{part}A")):
        sketches = [Sketch(picture, strokes.get(name)) for name, picture in rasters.items()]
        return pair_up(category_of(folder), images(folder / f"{part}B"), {}, sketches)
    photos, rasters = _find_images(folder, "photo"), _find_sketch_images(folder)
    names = _names_by_half(folder, coordinates).get(part, strokes.keys() | rasters.keys())
    sketches = []
    for name in sorted(names):
        if name not in rasters and (file is None or name not in strokes):
            raise PairsError(f"{folder}: sketch {name!r} of the {part} half has neither an image (no SVG) nor points")
        picture = rasters[name] if name in rasters or file is None else StrokesPicture(file, name, strokes[name])
        sketches.append(Sketch(picture, strokes.get(name)))
    if part:
        gallery = _read_stems(folder / f"photo_{part}.txt") or {photo_of(sketch, photos) for sketch in sketches}
        photos = {photo_id: photo for photo_id, photo in photos.items() if photo_id in gallery}
    return pair_up(category_of(folder), photos, {}, sketches)


def _names_by_half(folder: Path, coordinates: Iterable[str]) -> Mapping[str, set[str]]:
    """Return the names of each half's sketches: from the lists, else from the folders in the coordinate file."""
    listed = {half: names for half in HALVES if (names := _read_stems(folder / f"sketch_{half}.txt"))}
    if listed:
        return listed
    names_by_half: dict[str, set[str]] = {}
    for key in coordinates:
        names_by_half.setdefault(_half_of(key), set()).add(PurePosixPath(key).name)
    return {half: names for half, names in names_by_half.items() if half in HALVES}


def _half_of(key: str) -> str:
    """Return "train" for "train/1031000079_1", "" for a name without a folder."""
    return PurePosixPath(key).parent.name


def _read_stems(path: Path) -> set[str]:
    """Return the stems of the file names in a list; empty when the file does not exist."""
    lines = path.read_text().splitlines() if path.is_file() else []
    return {PurePosixPath(line.strip()).stem for line in lines if line.strip()}


def _find_images(folder: Path, kind: str) -> dict[str, FilePicture]:
    """Return the images of the folder that is called `kind` or ends in _`kind`."""
    for place in (folder / kind, *sorted(folder.glob(f"*_{kind}"))):
        if pictures := images(place):
            return pictures
    return {}


def _find_sketch_images(folder: Path) -> dict[str, FilePicture]:
    return _find_images(folder, "sketch") or _find_images(folder, "sketch_png")


def _read_strokes(file: Path | None) -> Mapping[str, Strokes]:
    return read_coordinates(file) if file else {}


def _find_coordinate_file(folder: Path) -> Path | None:
    files = sorted(path for path in folder.glob("*_Coordinate*") if path.is_file())
    if len(files) > 1:
        raise PairsError(f"{folder} has {files[0].name} and {files[1].name}, expected one coordinate file")
    return files[0] if files else None
