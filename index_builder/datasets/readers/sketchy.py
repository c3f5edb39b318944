"""The Sketchy database as published.

photo/tx_000000000000/CLASS/ID.jpg   sketch/tx_000000000000/CLASS/ID-N.png
"""

from __future__ import annotations

from pathlib import Path

from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.pictures import Sketch
from index_builder.datasets.readers.pairing import images, pair_up

_PLAIN = "tx_000000000000"  # the other folders hold the same images, moved and scaled


def parts(folder: Path) -> list[str]:
    """List the classes."""
    photos = folder / "photo" / _PLAIN
    return sorted(path.name for path in photos.iterdir() if images(path)) if photos.is_dir() else []


def read(folder: Path, part: str) -> PairFolder:
    """Read one class."""
    photos, sketches = (images(folder / kind / _PLAIN / part) for kind in ("photo", "sketch"))
    return pair_up(part, photos, {}, map(Sketch, sketches.values()), separator="-")
