"""Building a gallery, in photos a second, against each part of it alone on all the threads that there are.

    python -m benchmarks.serving.build_throughput --photos DIR [--limit N] [--turn 220] [--checkpoint F] [--json]

Parts: a photo's bytes -> its frame and the WebP files that are kept; frames -> embeddings; files and products -> disk.
A turn's photos are built and go through each part alone, one after the other, so that whatever else the machine does
meets all of them; figures are medians over the turns. Two bounds follow. The slowest part's rate is what a build could
reach where every part had processors of its own. Where they share them, a build's work is all of its parts' work: the
other bound is the rate at which they go one after the other, each on all processors. Processor time stands beside
both. What a build does once, before its first photo (the checkpoint, its graph for ONNX Runtime), is told by itself.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.core.arrays import Embeddings
from app.core.cpu_limits import available_cpus
from app.decoding.product_photo import ProductPhoto, decode_photo
from app.feeds.reader import read_source
from app.feeds.records import FeedItem
from app.gallery.layout import CATALOGUE_FILE, PHOTOS
from app.gallery.photo_store import PhotoStore
from app.ingest.ordered_writer import BATCH
from app.ingest.pipeline import Ingest
from app.photo_fetch.linked_photos import LinkedPhotos
from app.products.product import Photo
from benchmarks.support.report import print_figures
from model.checkpoint import DEFAULT_CHECKPOINT, Checkpoint, load_checkpoint
from model.device import resolve_device

PARTS = ("decode", "embed", "write")
Spent = dict[str, tuple[float, float]]  # seconds, and seconds of processors, a photo


def opened(directory: Path, checkpoint: Checkpoint) -> tuple[Catalogue, PhotoStore]:
    """An empty gallery's catalogue and photo store."""
    directory.mkdir()
    catalogue = Catalogue(sqlite_url(directory / CATALOGUE_FILE))
    catalogue.bind(checkpoint.sha256, checkpoint.network.dim)
    return catalogue, PhotoStore(directory / PHOTOS)


class Parts:
    """A build's parts, each by itself; each keeps what it makes for the next one."""

    def __init__(self, folder: Path, directory: Path, checkpoint: Checkpoint, pool: ThreadPoolExecutor) -> None:
        self._folder, self._checkpoint, self._pool = folder, checkpoint, pool
        self._catalogue, self._store = opened(directory, checkpoint)
        self._items: Sequence[FeedItem] = ()
        self._prints: Sequence[ProductPhoto] = ()
        self._embeddings: Embeddings = np.zeros((0, checkpoint.network.dim), np.float32)
        self.close = self._catalogue.close

    def decode(self, items: Sequence[FeedItem]) -> None:
        """Make the prints of photos, on all threads."""
        self._items, self._prints = items, list(self._pool.map(self._print, items))

    def embed(self) -> None:
        """Embed the prints' frames."""
        frames = [each.frame for each in self._prints]
        batches = [frames[start : start + BATCH] for start in range(0, len(frames), BATCH)]
        self._embeddings = np.concatenate([self._checkpoint.embed_frames(batch) for batch in batches])

    def write(self) -> None:
        """Have all of it on disk: files on all threads, products as a build writes them."""
        names = self._pool.map(lambda each: self._store.keep(each.photo, each.thumbnail), self._prints)
        pairs = zip(self._items, names, strict=True)
        products = [replace(item.product, photos=(Photo(name, name),)) for item, name in pairs]
        for start in range(0, len(products), BATCH):
            self._catalogue.put(products[start : start + BATCH], self._embeddings[start : start + BATCH])

    def _print(self, item: FeedItem) -> ProductPhoto:
        return decode_photo((self._folder / item.links[0]).read_bytes(), self._checkpoint.preprocess)


def measure(folder: Path, items: Sequence[FeedItem], checkpoint: Checkpoint, turn: int) -> list[Spent]:
    """What every turn spent on a photo: a build, under "build", and each of the parts."""
    with (
        TemporaryDirectory(prefix="sketchfind-building-") as name,
        ThreadPoolExecutor(available_cpus(), "part") as pool,
    ):
        directory = Path(name)
        catalogue, store = opened(directory / "built", checkpoint)
        ingest = Ingest(catalogue, store, checkpoint)
        with (
            closing(catalogue),
            closing(LinkedPhotos(folder, directory)) as photos,
            closing(Parts(folder, directory / "parts", checkpoint, pool)) as parts,
        ):
            turns = []
            for start in range(0, len(items), turn):
                some = items[start : start + turn]
                sides: dict[str, Callable[[], object]] = {
                    "build": lambda some=some: ingest.run(some, photos, print),  # type: ignore[misc]
                    "decode": lambda some=some: parts.decode(some),  # type: ignore[misc]
                    "embed": parts.embed,
                    "write": parts.write,
                }
                turns.append({name: _spent(work, len(some)) for name, work in sides.items()})
            return turns


def _spent(work: Callable[[], object], photos: int) -> tuple[float, float]:
    started, computed = time.perf_counter(), time.process_time()
    work()
    return (time.perf_counter() - started) / photos, (time.process_time() - computed) / photos


def figures_of(turns: Sequence[Spent]) -> dict[str, float]:
    """Medians over turns, and the ratios of what was measured in the same turn."""

    def median(of: Callable[[Spent], float]) -> float:
        return round(float(np.median([of(one) for one in turns])), 3)

    figures: dict[str, float] = {}
    for name in ("build", *PARTS):
        figures[f"{name} photos/s"] = median(lambda one, name=name: 1 / one[name][0])  # type: ignore[misc]
        figures[f"{name} processor ms"] = median(lambda one, name=name: 1000 * one[name][1])  # type: ignore[misc]
    return {
        **figures,
        "of the slowest part alone": median(lambda one: max(one[name][0] for name in PARTS) / one["build"][0]),
        "of the parts in turn": median(lambda one: sum(one[name][0] for name in PARTS) / one["build"][0]),
        "processor time in the parts": median(lambda one: sum(one[name][1] for name in PARTS) / one["build"][1]),
        "processors used": median(lambda one: one["build"][1] / one["build"][0]),
        "processors used by the parts": median(
            lambda one: sum(one[name][1] for name in PARTS) / sum(one[name][0] for name in PARTS)
        ),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="a folder of photos")
    parser.add_argument("--limit", type=int, help="use so many of them")
    parser.add_argument("--turn", type=int, default=220, help="photos a turn")
    parser.add_argument("--checkpoint", type=Path, default=DEFAULT_CHECKPOINT)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    items = [item for item in islice(read_source(options.photos), options.limit) if isinstance(item, FeedItem)]
    started = time.perf_counter()
    checkpoint = load_checkpoint(options.checkpoint, str(resolve_device("auto")))
    checkpoint.embed_frames([np.full((256, 256), 255, np.uint8)])
    start = time.perf_counter() - started
    turns = measure(options.photos, items, checkpoint, options.turn)
    figures = {"photos": len(items), "threads": available_cpus(), "start s": round(start, 1), **figures_of(turns)}
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
