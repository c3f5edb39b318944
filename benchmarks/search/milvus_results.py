"""Results of a gallery in Milvus beside those of the same gallery in FAISS: the same ids in the same order.

    python -m benchmarks.search.milvus_results --data FOLDER [--photos FOLDER] [--size 2000] [--index ADDRESS] [--json]

The gallery has embeddings of real photos, with random categories, colours, prices, sizes and stock. Every real sketch
is searched with each of several filters. Without --index, Milvus Lite runs in this process. `processor_time` is the
time of all searches in Milvus, in units of that in FAISS; with Milvus Lite, it includes Milvus's own.
"""

from __future__ import annotations

import random
import tempfile
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import numpy as np

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.gallery.gallery import Gallery
from app.gallery.layout import CATALOGUE_FILE
from app.gallery.milvus_index.milvus_address import MilvusAddress
from app.products.filters import Filters
from app.products.product import Product
from app.search.results import Query, Result
from app.search.retriever import Retriever
from benchmarks.support.report import create_parser, parse_options, print_figures
from benchmarks.support.synthetic_galleries import Real, add_real_options, load_real

_K = 20
_CATEGORIES = ("Shoes > Boots", "Shoes > Sneakers", "Bags")
_COLORS = ("Red", "Black", "Red/Black", "Blue")
_BATCH = 8  # sketches searched together
FILTERS = {
    "none": Filters(),
    "category": Filters(category="shoes"),
    "colour and price": Filters(colors=("red",), max_price=Decimal(60)),
    "size in stock": Filters(sizes=("41", "42"), in_stock=True),
    "rare": Filters(category="shoes > boots", colors=("red/black",), sizes=("44",), min_price=Decimal(90)),
}


def compare(real: Real, size: int, directory: Path, address: MilvusAddress) -> dict[str, object]:
    """Search both galleries for all sketches by all filters. Returns the shares of equal results by filter."""
    photos = real.photos[:size]
    url, checkpoint = sqlite_url(directory / CATALOGUE_FILE), real.checkpoint
    catalogues = [Catalogue(url), Catalogue(url)]
    for catalogue in catalogues:
        catalogue.bind(checkpoint.sha256, checkpoint.network.dim)
    catalogues[0].put(_draw_products(len(photos)), photos)
    started = time.perf_counter()
    milvus = Gallery.open(directory, checkpoint, catalogues[0], milvus=address)
    filled = time.perf_counter() - started
    faiss = Gallery.open(directory, checkpoint, catalogues[1])
    times, figures = [0.0, 0.0], dict[str, object]({"photos": len(photos), "sketches": len(real.sketches)})
    with closing(milvus), closing(faiss):
        searchers = [Retriever(checkpoint, gallery, device="cpu") for gallery in (milvus, faiss)]
        for name, filters in FILTERS.items():
            answers: list[list[list[Result]]] = [[], []]
            for start in range(0, len(real.sketches), _BATCH):
                queries = [Query(sketch[None], _K, filters) for sketch in real.sketches[start : start + _BATCH]]
                for number, searcher in enumerate(searchers):
                    before = time.process_time()
                    answers[number] += [list(result.results) for result in searcher.search_all(queries)]
                    times[number] += time.process_time() - before
            figures[name] = round(float(np.mean([_ids(a) == _ids(b) for a, b in zip(*answers, strict=True)])), 5)
    return figures | {
        "processor_time": round(times[0] / times[1], 2),
        "photos_filled_per_s": round(len(photos) / filled),
    }


def _ids(results: list[Result]) -> list[str]:
    return [result.product.product_id for result in results]


def _draw_products(count: int) -> list[Product]:
    rng = random.Random(0)
    return [
        Product(
            f"p{number}",
            f"Product {number}",
            category=rng.choice(_CATEGORIES),
            color=rng.choice(_COLORS),
            price=None if rng.random() < 0.1 else Decimal(rng.randrange(2000, 12000)) / 100,
            size=str(rng.randrange(38, 46)),
            availability=rng.choice(("in_stock", "out_of_stock", None)),
        )
        for number in range(count)
    ]


class MilvusLite:
    """Milvus Lite in threads of this process, as long as something refers to this."""

    def __init__(self, directory: Path) -> None:
        from milvus_lite.adapter.grpc.server import start_server_in_thread

        self._running = start_server_in_thread(data_dir=str(directory), host="127.0.0.1", port=0)

    def collection(self, name: str) -> MilvusAddress:
        """Return the address of a collection. FLAT finds exactly the nearest."""
        return MilvusAddress.parse(f"milvus://127.0.0.1:{self._running[2]}/{name}?index=FLAT")


def main() -> None:
    """Run the benchmark from the command line."""
    parser = create_parser(__doc__)
    add_real_options(parser)
    parser.add_argument("--size", type=int, default=2000, help="photos (default: 2000)")
    parser.add_argument("--index", type=MilvusAddress.parse, help="Milvus collection (default: Milvus Lite)")
    options = parse_options(parser)
    real = load_real(options)
    with tempfile.TemporaryDirectory() as directory:
        lite = None if options.index else MilvusLite(Path(directory) / "milvus")
        address = lite.collection("results") if lite else options.index
        figures = compare(real, options.size, Path(directory), address)
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
