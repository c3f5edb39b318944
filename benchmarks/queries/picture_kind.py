"""Classification of pictures in POST /search: how often sketches, also on paper, and product photos are mistaken.

python -m benchmarks.queries.picture_kind --photos FOLDER... --sketches FOLDER... [--each N]
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
from model.preprocessing.picture_kind import Kind, find_sketch

_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
_SEED = 1
_ON_PAPER = 2  # sketches of each folder that are photographed on paper, in each way


def main(
    photos: Annotated[list[Path], typer.Option(help="Folders of product photos.")],
    sketches: Annotated[list[Path], typer.Option(help="Folders of sketches.")],
    per_folder: Annotated[int, typer.Option("--each", help="Number of random pictures per folder.")] = 50,
) -> None:
    """Print, for each folder, how many of its pictures were taken for the other kind."""
    _print_mistakes("photo", ((folder, _read_sample(folder, per_folder)) for folder in photos))
    _print_mistakes("sketch", ((folder, _read_sample(folder, per_folder)) for folder in sketches))
    for folder in sketches:
        papers = [
            photographed(Image.open(path), way, seed)
            for way in WAYS.values()
            for seed, path in enumerate(_sample_paths(folder, _ON_PAPER))
        ]
        _print_mistakes("sketch", [(folder / "(on paper)", papers)])


def _print_mistakes(kind: Kind, folders: Iterable[tuple[Path, list[bytes]]]) -> None:
    for folder, pictures in folders:
        wrong = sum(_classify(data) != kind for data in pictures)
        print(f"{kind:6}  {folder}: {wrong} of {len(pictures)} mistaken", flush=True)


def _classify(data: bytes) -> Kind | None:
    """Classify a picture; return None if it seems to be blank."""
    try:
        return "sketch" if find_sketch(upright(decode_image(data))) is not None else "photo"
    except BlankSketchError:
        return None


def _read_sample(folder: Path, count: int) -> list[bytes]:
    return [path.read_bytes() for path in _sample_paths(folder, count)]


def _sample_paths(folder: Path, count: int) -> list[Path]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    return random.Random(_SEED).sample(paths, min(count, len(paths)))


if __name__ == "__main__":
    typer.run(main)
