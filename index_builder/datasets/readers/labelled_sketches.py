"""Labelled sketches, for recognition pretraining: TU-Berlin's class folders and QuickDraw's files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from index_builder.datasets.pairs import IMAGE_SUFFIXES, is_held_out
from index_builder.datasets.pictures import FilePicture, Sketch
from index_builder.datasets.readers.quickdraw import read_drawings


class ClassesError(ValueError):
    """The folder holds no labelled sketches, or one of them is damaged; the message says where."""


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
        """The fixed fifth of the sketches on which recognition is measured."""
        return replace(self, sketches=tuple(one for one in self.sketches if self._is_held_out(one)))

    def training(self) -> LabelledSketches:
        """All that is not held out."""
        return replace(self, sketches=tuple(one for one in self.sketches if not self._is_held_out(one)))

    def _is_held_out(self, one: LabelledSketch) -> bool:
        return is_held_out(f"{self.classes[one.label]}/{one.sketch.name}")


def read_classes(folder: Path, limit: int | None = None) -> LabelledSketches:
    """Read CLASS/*.png folders, or *.ndjson files of one class each: the first `limit` sketches of each class.

    QuickDraw's drawings stay in their files until they are opened, so their Sketch.strokes are None; those that the
    game did not recognise are left out. Raises ClassesError, and DrawingError naming file and line.
    """
    if not folder.is_dir():
        raise ClassesError(f"folder of labelled sketches not found: {folder}")
    files = sorted(folder.glob("*.ndjson"))
    found = _drawings(files, limit) if files else _class_folders(folder, limit)
    if len(found) < 2:
        raise ClassesError(
            f"{folder} holds {len(found)} class(es), expected at least 2, each a folder of images or an .ndjson file"
        )
    classes = tuple(sorted(found))
    labelled = (LabelledSketch(sketch, label) for label, name in enumerate(classes) for sketch in found[name])
    return LabelledSketches(folder.resolve().name, classes, tuple(labelled))


def _drawings(files: list[Path], limit: int | None) -> dict[str, list[Sketch]]:
    """The drawings of QuickDraw's files by their class."""
    found: dict[str, list[Sketch]] = {}
    for file in files:
        word, pictures = read_drawings(file, limit)
        if word in found:
            raise ClassesError(f"{file} holds drawings of {word!r}, as an earlier file does: expected one file a class")
        found[word] = [Sketch(picture) for picture in pictures]
    return found


def _class_folders(folder: Path, limit: int | None) -> dict[str, list[Sketch]]:
    """The images of each subfolder that has any."""
    found: dict[str, list[Sketch]] = {}
    for inner in sorted(path for path in folder.iterdir() if path.is_dir()):
        images = (path for path in sorted(inner.iterdir()) if path.suffix.lower() in IMAGE_SUFFIXES)
        if sketches := [Sketch(FilePicture(path)) for path in islice(images, limit)]:
            found[inner.name] = sketches
    return found
