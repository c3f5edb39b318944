"""Public data sets of `sketchfind fetch`: their addresses, licences and the commands that read them.

The authors publish no SHA-256 and no exact size of these files, so the entries have none. `fetch.py` records the
checksum of a first download beside it instead. Sizes in words are reported by others. An entry without files has no
address that a program can fetch, but a page with a form or a login.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

_QMUL = "http://www.eecs.qmul.ac.uk/~qian"
_QUICKDRAW = "https://github.com/googlecreativelab/quickdraw-dataset"
_QUICKDRAW_FILES = "https://storage.googleapis.com/quickdraw_dataset/full/simplified"
_NO_LICENCE = "none stated: research only"

_TRAIN = "sketchfind train --data {data} --out {name}.safetensors"
_EDGE_MAPS = (_TRAIN, "sketchfind evaluate --data {data}/test --gallery-from edge_maps")
_PHOTOS = (_TRAIN, "sketchfind evaluate --data {data}/test")
_CATEGORIES = (_TRAIN, "sketchfind evaluate --data {data}/shoe")
_CLASSES = ("sketchfind train --classes {data} --out {name}.safetensors",)


@dataclass(frozen=True)
class PublicFile:
    """One file of a data set. `size` (bytes) and `sha256` are as published, else None."""

    name: str
    url: str
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class PublicSet:
    """A data set.

    `files` is empty if it can only be fetched by hand. `by_hand` is the instruction for that, as an imperative.
    """

    name: str
    title: str
    size: str
    licence: str
    home: str
    by_hand: str
    files: tuple[PublicFile, ...]
    data: tuple[str, ...]  # glob patterns of the folders to read, or of a file in them; empty: the set's own folder
    commands: tuple[str, ...]  # that read such a folder, in order; {data} is the folder, {name} the output's name

    def as_json(self) -> dict[str, str | bool]:
        """Return the set's entry in a JSON list. `by_program` is true if a program can fetch it."""
        return {
            "name": self.name,
            "title": self.title,
            "size": self.size,
            "licence": self.licence,
            "home": self.home,
            "by_program": bool(self.files),
        }


def listing() -> str:
    """Format the known data sets as a table."""
    rows = [("NAME", "SIZE", "LICENCE", "HOME PAGE")]
    rows += [
        (entry.name, entry.size + ("" if entry.files else ", by hand"), entry.licence, entry.home)
        for entry in PUBLIC_SETS.values()
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, "", *(f"{entry.name}: {entry.title}" for entry in PUBLIC_SETS.values())])


def find_set(name: str) -> PublicSet:
    """Return the data set of that name; `quickdraw/CLASS` is one class of QuickDraw.

    Raises ValueError, listing the known names.
    """
    if name in PUBLIC_SETS:
        return PUBLIC_SETS[name]
    quickdraw = PUBLIC_SETS["quickdraw"]
    files = tuple(file for file in quickdraw.files if name == f"quickdraw/{Path(file.name).stem}")
    if files:
        return replace(quickdraw, files=files, commands=(_second_class_command(name), *quickdraw.commands))
    if name.startswith("quickdraw/"):
        listed = f"{_QUICKDRAW}/blob/master/categories.txt"
        raise ValueError(f"unknown QuickDraw class {name.partition('/')[2]!r}: expected one of {listed}, such as shoe")
    raise ValueError(f"unknown data set {name!r}: expected one of {', '.join(PUBLIC_SETS)}, quickdraw/CLASS")


def _second_class_command(name: str) -> str:
    """Return the command that fetches a second class beside quickdraw/CLASS.

    A classifier needs at least two classes.
    """
    return f"sketchfind fetch {'quickdraw/shoe' if name == 'quickdraw/chair' else 'quickdraw/chair'} --to {{data}}"


def _list_quickdraw_files() -> tuple[PublicFile, ...]:
    classes = Path(__file__).with_name("quickdraw_classes.txt").read_text().splitlines()
    return tuple(PublicFile(f"{name}.ndjson", f"{_QUICKDRAW_FILES}/{quote(name)}.ndjson") for name in classes)


_SETS = (
    PublicSet(
        name="qmul-v1",
        title="QMUL-Shoe and QMUL-Chair, V1 (CVPR 2016): 716 pairs and people's triplets",
        size="not published",
        licence=_NO_LICENCE,
        home=f"{_QMUL}/Project_cvpr16.html",
        by_hand=f"fetch sbir_cvpr2016.tar by hand from {_QMUL}/Project_cvpr16.html, or ask its authors for it",
        files=(PublicFile("sbir_cvpr2016.tar", f"{_QMUL}/Qian's%20Materials/sbir_cvpr2016.tar"),),
        data=("**/shoes_sketch_db_*.mat", "**/chairs_sketch_db_*.mat"),
        commands=_EDGE_MAPS,
    ),
    PublicSet(
        name="handbags",
        title="Handbag (ICCV 2017): 568 pairs",
        size="not published",
        licence=_NO_LICENCE,
        home="http://www.eecs.qmul.ac.uk/~js327/Project_pages/Project_iccv2017.html",
        by_hand="fetch it in a browser from https://drive.google.com/open?id=0BwXZSv_g6pw3ejZCTHI4NTZxUFU, or its .mat "
        "files from https://github.com/yuchuochuo1023/Deep_SBIR_tf",
        files=(),
        data=("**/handbags_sketch_db_*.mat",),
        commands=_EDGE_MAPS,
    ),
    PublicSet(
        name="qmul-v2",
        title="QMUL-ShoeV2 and QMUL-ChairV2: 2,400 photos, several sketches of each, as strokes",
        size="not published",
        licence=_NO_LICENCE,
        home="https://sketchx.eecs.qmul.ac.uk/downloads/",
        by_hand="fetch it in a browser from https://drive.google.com/file/d/1frltfiEd9ymnODZFHYrbg741kfys1rq1/view "
        "(linked by its authors in https://github.com/AyanKumarBhunia/NoiseTolerant-SBIR)",
        files=(),
        data=("**/ShoeV2_Coordinate*", "**/ChairV2_Coordinate*"),
        commands=_PHOTOS,
    ),
    PublicSet(
        name="sketchy",
        title="The Sketchy Database (SIGGRAPH 2016): 75,471 sketches of 12,500 photos, 125 classes",
        size="not published",
        licence=_NO_LICENCE,
        home="https://sketchy.eye.gatech.edu/",
        by_hand="fetch rendered_256x256.7z in a browser from "
        "https://drive.google.com/file/d/1z4--ToTXYb0-2cLuUWPYM5m7ST7Ob3Ck/view (linked by its author in "
        "https://github.com/janesjanes/sketchy/issues/9), unpack it with 7-Zip",
        files=(),
        data=("**/256x256",),
        commands=_CATEGORIES,
    ),
    PublicSet(
        name="tu-berlin",
        title="TU-Berlin sketches (SIGGRAPH 2012): 20,000 sketches, 250 classes",
        size="about 525 MB",
        licence="CC BY 4.0",
        home="https://cybertron.cg.tu-berlin.de/eitz/projects/classifysketch/",
        by_hand="fetch sketches_png.zip by hand from https://cybertron.cg.tu-berlin.de/eitz/projects/classifysketch/",
        files=(
            PublicFile(
                "sketches_png.zip", "https://cybertron.cg.tu-berlin.de/eitz/projects/classifysketch/sketches_png.zip"
            ),
        ),
        data=("sketches_png/png",),
        commands=_CLASSES,
    ),
    PublicSet(
        name="quickdraw",
        title="Quick, Draw! simplified drawings: 50 million drawings, 345 classes; quickdraw/CLASS is one class",
        size="about 23 GB in 345 files",
        licence="CC BY 4.0",
        home=_QUICKDRAW,
        by_hand=f"fetch the simplified .ndjson files by hand, as {_QUICKDRAW} says",
        files=_list_quickdraw_files(),
        data=(),
        commands=_CLASSES,
    ),
)

PUBLIC_SETS = {public_set.name: public_set for public_set in _SETS}
