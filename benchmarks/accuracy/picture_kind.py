"""How often POST /search takes a picture for what it is: a sketch, a photo of one on paper, or a product's photo.

python -m benchmarks.accuracy.picture_kind --photos FOLDER... --sketches FOLDER... [--each N]
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image

from benchmarks.support.synthetic_paper_photos import WAYS, photographed
from model.preprocessing.images import decode_image, upright
from model.preprocessing.line_drawing import BlankSketchError
from model.preprocessing.paper import sketch_mask
from model.preprocessing.picture_kind import Kind, kind_of

_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
_SEED = 1
_ON_PAPER = 2  # sketches of each folder that are photographed on paper, in each way


def main(
    photos: Annotated[list[Path], typer.Option(help="Folders of product photos.")],
    sketches: Annotated[list[Path], typer.Option(help="Folders of sketches.")],
    each: Annotated[int, typer.Option(help="Pictures taken of each folder, at random.")] = 50,
) -> None:
    """Print, for each folder, how many of its pictures were taken for the other kind."""
    _tell("photo", ((folder, _some(folder, each)) for folder in photos))
    _tell("sketch", ((folder, _some(folder, each)) for folder in sketches))
    for folder in sketches:
        papers = [
            photographed(Image.open(path), way, seed)
            for way in WAYS.values()
            for seed, path in enumerate(_paths(folder, _ON_PAPER))
        ]
        _tell("sketch", [(folder / "(on paper)", papers)])


def _tell(kind: Kind, folders: Iterable[tuple[Path, list[bytes]]]) -> None:
    for folder, pictures in folders:
        wrong = sum(_kind(data) != kind for data in pictures)
        print(f"{kind:6}  {folder}: {wrong} of {len(pictures)} mistaken", flush=True)


def _kind(data: bytes) -> Kind | None:
    """What a picture is taken for; None when nothing is seen in it."""
    try:
        return kind_of(sketch_mask(upright(decode_image(data))))
    except BlankSketchError:
        return None


def _some(folder: Path, count: int) -> list[bytes]:
    return [path.read_bytes() for path in _paths(folder, count)]


def _paths(folder: Path, count: int) -> list[Path]:
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    return random.Random(_SEED).sample(found, min(count, len(found)))


if __name__ == "__main__":
    typer.run(main)
