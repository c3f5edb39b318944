"""Labelled sketches, for recognition pretraining: TU-Berlin's class folders and QuickDraw's files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from index_builder.datasets.pairs import IMAGE_SUFFIXES, is_held_out
from index_builder.datasets.pictures import FilePicture, Sketch
from index_builder.datasets.readers.quickdraw import read_drawings


class ClassesError(ValueError):
    """Folder without labelled sketches, or with a damaged one; the message has the location."""


@dataclass(frozen=True)
class LabelledSketch:
    """A sketch and the index of its class."""

    sketch: Sketch
    label: int


@dataclass(frozen=True)
class LabelledSketches:
    """Sketches of several classes, ordered by class; a label is an index into `classes`."""

    name: str
    classes: tuple[str, ...]
    sketches: tuple[LabelledSketch, ...]

    def held_out(self) -> LabelledSketches:
        """Return the fixed fifth of the sketches that recognition is measured on."""
        return replace(self, sketches=tuple(labelled for labelled in self.sketches if self._is_held_out(labelled)))

    def training(self) -> LabelledSketches:
        """Return all sketches that are not held out."""
        return replace(self, sketches=tuple(labelled for labelled in self.sketches if not self._is_held_out(labelled)))

    def _is_held_out(self, labelled: LabelledSketch) -> bool:
        return is_held_out(f"{self.classes[labelled.label]}/{labelled.sketch.name}")


def read_classes(folder: Path, limit: int | None = None) -> LabelledSketches:
    """Read CLASS/*.png folders, or *.ndjson files of one class each: the first `limit` sketches per class.

    Drawings of QuickDraw stay in their files until they are opened, so their Sketch.strokes are None. Drawings that the
    game did not recognise are skipped.

    Raises ClassesError, and DrawingError with file and line.
    """
    if not folder.is_dir():
        raise ClassesError(f"folder of labelled sketches not found: {folder}")
    files = sorted(folder.glob("*.ndjson"))
    by_class = _read_drawing_files(files, limit) if files else _read_class_folders(folder, limit)
    if len(by_class) < 2:
        raise ClassesError(
            f"{folder} holds {len(by_class)} class(es), expected at least 2, each a folder of images or an .ndjson file"
        )
    classes = tuple(sorted(by_class))
    labelled = (LabelledSketch(sketch, label) for label, name in enumerate(classes) for sketch in by_class[name])
    return LabelledSketches(folder.resolve().name, classes, tuple(labelled))


def _read_drawing_files(files: list[Path], limit: int | None) -> dict[str, list[Sketch]]:
    """Read QuickDraw's files as drawings by class."""
    by_class: dict[str, list[Sketch]] = {}
    for file in files:
        word, pictures = read_drawings(file, limit)
        if word in by_class:
            raise ClassesError(f"{file} holds drawings of {word!r} like an earlier file: expected one file per class")
        by_class[word] = [Sketch(picture) for picture in pictures]
    return by_class


def _read_class_folders(folder: Path, limit: int | None) -> dict[str, list[Sketch]]:
    """Return the images of each subfolder that has any."""
    by_class: dict[str, list[Sketch]] = {}
    for inner in sorted(path for path in folder.iterdir() if path.is_dir()):
        images = (path for path in sorted(inner.iterdir()) if path.suffix.lower() in IMAGE_SUFFIXES)
        if sketches := [Sketch(FilePicture(path)) for path in islice(images, limit)]:
            by_class[inner.name] = sketches
    return by_class
