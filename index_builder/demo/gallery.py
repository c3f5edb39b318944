"""Embedded demo gallery: a shop whose products are drawn by the code."""

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
from app.gallery.layout import GalleryLocation
from index_builder.demo import art as demo_art
from index_builder.demo.art.assortment import KINDS, DemoProduct, Kind, assortment
from index_builder.gallery.build import build
from model.checkpoint import DEFAULT_CHECKPOINT

FEED = "feed.tsv"
COLUMNS = ("id", "title", "product_type", "color", "gender", "price", "link", "image_link")
STAMP = "demo.version"  # version of the art in the source folder, of art and checkpoint in the gallery
JPEG_QUALITY = 92


def write_demo_source(
    directory: Path, on_progress: Callable[[int, int], None] | None = None, kinds: tuple[Kind, ...] = KINDS
) -> Path:
    """Draw the demo shop into `directory`, with the photos in photos/, and return its feed.

    Nothing is done if the folder has the products of this version already. The version stamp is written last, so an
    interrupted run is repeated. `on_progress(done, total)` is called after every photo.
    """
    feed, stamp, version = directory / FEED, directory / STAMP, _compute_version(kinds)
    if _read_text(stamp) == version and _is_whole(feed):
        return feed
    products = list(assortment(kinds))
    stamp.unlink(missing_ok=True)
    shutil.rmtree(directory / "photos", ignore_errors=True)
    (directory / "photos").mkdir(parents=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, _ in enumerate(pool.map(partial(_paint, directory), products), start=1):
            if on_progress:
                on_progress(done, len(products))
    _write_text(feed, _format_feed(products))
    _write_text(stamp, version)
    return feed


def build_demo(
    directory: Path,
    checkpoint: Path = DEFAULT_CHECKPOINT,
    progress: Progress | None = None,
    kinds: tuple[Kind, ...] = KINDS,
) -> Path:
    """Bring the demo gallery `directory`/gallery up to date and return its path.

    A demo gallery of other products or another checkpoint is deleted and built again. An interrupted build is
    resumed. Raises ValueError if the folder has a gallery other than the demo's.
    """
    source, gallery = directory / "source", directory / "gallery"
    task = progress.add_task("Drawing the demo shop", total=None) if progress else None

    def advance(done: int, total: int) -> None:
        if progress and task is not None:
            progress.update(task, completed=done, total=total)

    feed = write_demo_source(source, advance, kinds)
    if progress and task is not None:
        progress.update(task, completed=1, total=1)
    version = f"{_read_text(source / STAMP)} {sha256_of(checkpoint)}"
    if _read_text(gallery / STAMP) != version:
        _clear_outdated(gallery)
        _write_text(gallery / STAMP, version)
    build(feed, GalleryLocation(gallery), checkpoint, progress=progress)
    return gallery


def _clear_outdated(gallery: Path) -> None:
    """Remove an outdated demo gallery. Raises ValueError for a folder that is not a demo gallery."""
    if gallery.is_dir() and any(gallery.iterdir()) and not (gallery / STAMP).is_file():
        raise ValueError(f"{gallery} is not a demo gallery (it has no {STAMP}): expected an empty or missing folder")
    shutil.rmtree(gallery, ignore_errors=True)
    gallery.mkdir(parents=True)


def _compute_version(kinds: tuple[Kind, ...]) -> str:
    """Hash the kinds of products and the code that draws them."""
    digest = hashlib.sha256(repr([(k.prefix, k.count) for k in kinds]).encode())
    for file in sorted([Path(__file__), *Path(demo_art.__file__).parent.rglob("*.py")]):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _is_whole(feed: Path) -> bool:
    """Return whether the feed and every photo that it names exist."""
    rows = csv.DictReader(io.StringIO(_read_text(feed)), delimiter="\t")
    links = [row["image_link"] for row in rows]
    return bool(links) and all((feed.parent / link).is_file() for link in links)


def _photo_link(product: DemoProduct) -> str:
    return f"photos/{product.product_id}.jpg"


def _paint(directory: Path, product: DemoProduct) -> None:
    photo = product.picture.photo()
    photo.save(directory / _photo_link(product), quality=JPEG_QUALITY, subsampling="4:4:4")


def _format_feed(products: list[DemoProduct]) -> str:
    table = io.StringIO()
    writer = csv.writer(table, delimiter="\t", lineterminator="\n")
    writer.writerow(COLUMNS)
    for p in products:
        link = f"https://shop.example/p/{p.product_id}"
        writer.writerow((p.product_id, p.title, p.category, p.colour, p.gender, p.price, link, _photo_link(p)))
    return table.getvalue()


def _read_text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _write_text(path: Path, text: str) -> None:
    """Write a text file completely or not at all."""
    write_atomically(path, lambda partial: partial.write_text(text, encoding="utf-8"))
