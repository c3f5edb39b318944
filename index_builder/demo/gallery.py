"""The embedded demo gallery: a shop whose products are drawn here, for a newcomer to search."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from rich.progress import Progress

from app.core.atomic_files import sha256_of, write_atomically
from index_builder.demo import art as demo_art
from index_builder.demo.art.assortment import KINDS, DemoProduct, Kind, assortment
from index_builder.gallery.build import build
from model.checkpoint import DEFAULT_CHECKPOINT

FEED = "feed.tsv"
COLUMNS = ("id", "title", "product_type", "color", "gender", "price", "link", "image_link")
STAMP = "demo.version"  # in the source: of the art it was drawn by; in the gallery: of the art and checkpoint
JPEG_QUALITY = 92


def write_demo_source(
    directory: Path, on_progress: Callable[[int, int], None] | None = None, kinds: tuple[Kind, ...] = KINDS
) -> Path:
    """Draw the demo shop into `directory` and return its feed; photos lie in photos/ beside it.

    Nothing is done when this version's products are there already. The version stamp is written last, so an
    interrupted run is done again. `on_progress(done, total)` is called after every photo.
    """
    feed, stamp, version = directory / FEED, directory / STAMP, _version(kinds)
    if _read(stamp) == version and _is_whole(feed):
        return feed
    products = list(assortment(kinds))
    stamp.unlink(missing_ok=True)
    shutil.rmtree(directory / "photos", ignore_errors=True)
    (directory / "photos").mkdir(parents=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, _ in enumerate(pool.map(partial(_paint, directory), products), start=1):
            if on_progress:
                on_progress(done, len(products))
    _write(feed, _feed(products))
    _write(stamp, version)
    return feed


def build_demo(
    directory: Path,
    checkpoint: Path = DEFAULT_CHECKPOINT,
    progress: Progress | None = None,
    kinds: tuple[Kind, ...] = KINDS,
) -> Path:
    """Bring the demo gallery below `directory` up to date and return it (`directory`/gallery).

    A demo gallery of other products or another checkpoint is thrown away and built anew; one that was left
    unfinished is finished. Raises ValueError when a gallery that is not the demo's lies there.
    """
    source, gallery = directory / "source", directory / "gallery"
    task = progress.add_task("Drawing the demo shop", total=None) if progress else None

    def advance(done: int, total: int) -> None:
        if progress and task is not None:
            progress.update(task, completed=done, total=total)

    feed = write_demo_source(source, advance, kinds)
    if progress and task is not None:
        progress.update(task, completed=1, total=1)
    version = f"{_read(source / STAMP)} {sha256_of(checkpoint)}"
    if _read(gallery / STAMP) != version:
        _clear(gallery)
        _write(gallery / STAMP, version)
    build(feed, gallery, checkpoint, progress=progress)
    return gallery


def _clear(gallery: Path) -> None:
    """Remove an outdated demo gallery, but nothing that the demo did not make."""
    if gallery.is_dir() and any(gallery.iterdir()) and not (gallery / STAMP).is_file():
        raise ValueError(f"{gallery} is no demo gallery (it has no {STAMP}): expected an empty one or none")
    shutil.rmtree(gallery, ignore_errors=True)
    gallery.mkdir(parents=True)


def _version(kinds: tuple[Kind, ...]) -> str:
    """Changes whenever anything that draws the products does, or what is to be drawn."""
    digest = hashlib.sha256(repr([(k.prefix, k.count) for k in kinds]).encode())
    for file in sorted([Path(__file__), *Path(demo_art.__file__).parent.rglob("*.py")]):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _is_whole(feed: Path) -> bool:
    """Whether the feed and every photo that it names are there."""
    rows = csv.DictReader(io.StringIO(_read(feed)), delimiter="\t")
    links = [row["image_link"] for row in rows]
    return bool(links) and all((feed.parent / link).is_file() for link in links)


def _photo(product: DemoProduct) -> str:
    return f"photos/{product.product_id}.jpg"


def _paint(directory: Path, product: DemoProduct) -> None:
    photo = product.picture.photo()
    photo.save(directory / _photo(product), quality=JPEG_QUALITY, subsampling="4:4:4")


def _feed(products: list[DemoProduct]) -> str:
    table = io.StringIO()
    writer = csv.writer(table, delimiter="\t", lineterminator="\n")
    writer.writerow(COLUMNS)
    for p in products:
        link = f"https://shop.example/p/{p.product_id}"
        writer.writerow((p.product_id, p.title, p.category, p.colour, p.gender, p.price, link, _photo(p)))
    return table.getvalue()


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _write(path: Path, text: str) -> None:
    """Write a text file atomically."""
    write_atomically(path, lambda partial: partial.write_text(text, encoding="utf-8"))
