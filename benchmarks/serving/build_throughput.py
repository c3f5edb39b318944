"""Throughput of building a gallery, in photos per second, against each stage alone on all available threads.

    python -m benchmarks.serving.build_throughput --photos DIR [--limit N] [--turn 220] [--checkpoint F] [--json]

Parts: a photo's bytes -> its frame and its WebP files; frames -> embeddings; files and products -> disk. In each turn,
a batch of photos is built and then goes through each part alone. So other load on the machine affects all of them.
Figures are medians over the turns. They give two bounds. If every part had its own processors, a build could reach the
rate of the slowest part. If the parts share processors, a build does the work of all parts. The second bound is then
the rate of the parts one after the other, each on all processors. Processor time is printed beside both. The start
before the first photo (the checkpoint, its graph for ONNX Runtime) is a figure of its own.
"""

from __future__ import annotations

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
from app.gallery.layout import CATALOGUE_FILE, GalleryLocation
from app.gallery.photo_store import PhotoStore
from app.ingest.batches import BATCH
from app.ingest.pipeline import Ingest
from app.photo_fetch.linked_photos import LinkedPhotos
from app.products.product import Photo
from benchmarks.support.report import add_checkpoint_option, create_parser, parse_options, print_figures
from model.checkpoint import Checkpoint, load_checkpoint
from model.device import resolve_device

PARTS = ("decode", "embed", "write")
Costs = dict[str, tuple[float, float]]  # by part: seconds and processor seconds per photo


def create_gallery(directory: Path, checkpoint: Checkpoint) -> tuple[Catalogue, PhotoStore]:
    """Create the catalogue and the photo store of an empty gallery."""
    directory.mkdir()
    catalogue = Catalogue(sqlite_url(directory / CATALOGUE_FILE))
    catalogue.bind(checkpoint.sha256, checkpoint.network.dim)
    return catalogue, GalleryLocation(directory).open_photos()


class Parts:
    """Parts of a build as separate steps. Each stores its results for the next one."""

    def __init__(self, folder: Path, directory: Path, checkpoint: Checkpoint, pool: ThreadPoolExecutor) -> None:
        self._folder, self._checkpoint, self._pool = folder, checkpoint, pool
        self._catalogue, self._store = create_gallery(directory, checkpoint)
        self._items: Sequence[FeedItem] = ()
        self._photos: Sequence[ProductPhoto] = ()
        self._embeddings: Embeddings = np.zeros((0, checkpoint.network.dim), np.float32)
        self.close = self._catalogue.close

    def decode(self, items: Sequence[FeedItem]) -> None:
        """Decode photos on all threads."""
        self._items, self._photos = items, list(self._pool.map(self._decode, items))

    def embed(self) -> None:
        """Embed the frames of the decoded photos."""
        frames = [photo.frames for photo in self._photos]
        batches = [frames[start : start + BATCH] for start in range(0, len(frames), BATCH)]
        self._embeddings = np.concatenate([self._checkpoint.embed_photos(batch) for batch in batches])

    def write(self) -> None:
        """Write files on all threads, and products like in a build."""
        names = self._pool.map(lambda photo: self._store.keep(photo.photo, photo.thumbnail), self._photos)
        pairs = zip(self._items, names, strict=True)
        products = [replace(item.product, photos=(Photo(name, name),)) for item, name in pairs]
        for start in range(0, len(products), BATCH):
            self._catalogue.put(products[start : start + BATCH], self._embeddings[start : start + BATCH])

    def _decode(self, item: FeedItem) -> ProductPhoto:
        return decode_photo((self._folder / item.links[0]).read_bytes(), self._checkpoint.preprocess)


def measure(folder: Path, items: Sequence[FeedItem], checkpoint: Checkpoint, turn: int) -> list[Costs]:
    """Measure the cost per photo of a build ("build") and of each part, for every turn."""
    with (
        TemporaryDirectory(prefix="sketchfind-building-") as name,
        ThreadPoolExecutor(available_cpus(), "part") as pool,
    ):
        directory = Path(name)
        catalogue, store = create_gallery(directory / "built", checkpoint)
        ingest = Ingest(catalogue, store, checkpoint)
        with (
            closing(catalogue),
            closing(LinkedPhotos(folder, directory)) as photos,
            closing(Parts(folder, directory / "parts", checkpoint, pool)) as parts,
        ):
            turns = []
            for start in range(0, len(items), turn):
                batch = items[start : start + turn]
                sides: dict[str, Callable[[], object]] = {
                    "build": lambda batch=batch: ingest.run(batch, photos, print),  # type: ignore[misc]
                    "decode": lambda batch=batch: parts.decode(batch),  # type: ignore[misc]
                    "embed": parts.embed,
                    "write": parts.write,
                }
                turns.append({name: _measure_cost(work, len(batch)) for name, work in sides.items()})
            return turns


def _measure_cost(work: Callable[[], object], photos: int) -> tuple[float, float]:
    started, computed = time.perf_counter(), time.process_time()
    work()
    return (time.perf_counter() - started) / photos, (time.process_time() - computed) / photos


def make_figures(turns: Sequence[Costs]) -> dict[str, float]:
    """Compute medians over turns, and of the ratios within a turn."""

    def median(of: Callable[[Costs], float]) -> float:
        return round(float(np.median([of(costs) for costs in turns])), 3)

    figures: dict[str, float] = {}
    for name in ("build", *PARTS):
        figures[f"{name} photos/s"] = median(lambda costs, name=name: 1 / costs[name][0])  # type: ignore[misc]
        figures[f"{name} processor ms"] = median(lambda costs, name=name: 1000 * costs[name][1])  # type: ignore[misc]
    return {
        **figures,
        "of the slowest part alone": median(lambda costs: max(costs[name][0] for name in PARTS) / costs["build"][0]),
        "of the parts in turn": median(lambda costs: sum(costs[name][0] for name in PARTS) / costs["build"][0]),
        "processor time in the parts": median(lambda costs: sum(costs[name][1] for name in PARTS) / costs["build"][1]),
        "processors used": median(lambda costs: costs["build"][1] / costs["build"][0]),
        "processors used by the parts": median(
            lambda costs: sum(costs[name][1] for name in PARTS) / sum(costs[name][0] for name in PARTS)
        ),
    }


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder of photos")
    parser.add_argument("--limit", type=int, help="largest number of photos (default: all)")
    parser.add_argument("--turn", type=int, default=220, help="photos per turn (default: 220)")
    add_checkpoint_option(parser)
    options = parse_options(parser)
    items = [item for item in islice(read_source(options.photos), options.limit) if isinstance(item, FeedItem)]
    started = time.perf_counter()
    checkpoint = load_checkpoint(options.checkpoint, str(resolve_device("auto")))
    checkpoint.embed_frames([np.full((256, 256), 255, np.uint8)])
    start = time.perf_counter() - started
    turns = measure(options.photos, items, checkpoint, options.turn)
    figures = {"photos": len(items), "threads": available_cpus(), "start s": round(start, 1), **make_figures(turns)}
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
