"""Gallery of many products for benchmarks, written through the catalogue, and sketches to search it with.

Its products have embeddings around real ones (benchmarks/support/synthetic_galleries.py), a category, a price and the
name of a missing photo.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rich.progress import track

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.catalogue.mirroring import is_worth_mirroring
from app.core.arrays import Embeddings
from app.gallery.gallery import Gallery
from app.gallery.layout import CATALOGUE_FILE, CHECKPOINT_FILE
from app.products.product import Photo, Product
from benchmarks.support.report import add_checkpoint_option
from benchmarks.support.synthetic_galleries import embed_pictures, generate_embeddings
from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.readers.read import read_pairs
from model.checkpoint import Checkpoint, load_checkpoint
from model.preprocessing.tracing import trace_strokes

_BATCH = 4096  # products in a transaction
_CATEGORIES = ("Shoes > Boots", "Shoes > Sneakers", "Shoes > Sandals", "Chairs", "Bags > Backpacks")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that open_large_gallery() and make_sketch_bodies() read."""
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="pair folders of sketches and photos")
    parser.add_argument(
        "--products", type=int, default=100_000, help="number of products in the gallery (default: %(default)s)"
    )
    add_checkpoint_option(parser)
    parser.add_argument("--json", action="store_true", help="print the figures as one line of JSON")


@contextmanager
def open_large_gallery(
    folders: list[PairFolder], checkpoint_file: Path, count: int, variants: int = 1
) -> Iterator[tuple[Path, Embeddings]]:
    """Write a temporary gallery of `count` products; yield its directory and the embeddings (N,D).

    With `variants`, that many products in sequence are the sizes of one, in a group.
    """
    checkpoint = load_checkpoint(checkpoint_file)
    photos = [pair.photo for folder in folders for pair in folder.pairs if pair.photo is not None]
    embeddings = generate_embeddings(embed_pictures(photos, checkpoint, "photo"), count, seed=0)
    with TemporaryDirectory(prefix="sketchfind-large-") as name:
        directory = Path(name)
        shutil.copyfile(checkpoint_file, directory / CHECKPOINT_FILE)
        _write_products(directory, checkpoint, embeddings, variants)
        yield directory, embeddings


def _write_products(directory: Path, checkpoint: Checkpoint, embeddings: Embeddings, variants: int) -> None:
    with closing(Catalogue(sqlite_url(directory / CATALOGUE_FILE))) as catalogue:
        is_mirrored = is_worth_mirroring(len(embeddings))
        catalogue.bind(checkpoint.sha256, checkpoint.network.dim, mirrored=is_mirrored)
        if is_mirrored:  # by the embeddings of other products, since a search takes as long by any
            embeddings = np.concatenate([embeddings, np.roll(embeddings, 1, axis=0)], axis=1)
        for start in track(range(0, len(embeddings), _BATCH), "Writing products"):
            part = embeddings[start : start + _BATCH]
            catalogue.put([_make_product(number, variants) for number in range(start, start + len(part))], part)
    gallery = Gallery.open(directory, checkpoint)
    if not gallery.is_saved:
        gallery.save()
    gallery.close()


def product_id(number: int) -> str:
    """Return the id of a product by its number."""
    return f"product-{number:07d}"


def _make_product(number: int, variants: int) -> Product:
    name = hashlib.sha256(str(number).encode()).hexdigest()
    return Product(
        product_id(number),
        f"Product {number}",
        _CATEGORIES[number % len(_CATEGORIES)],
        Decimal(number % 20_000) / 100,
        "EUR",
        f"https://shop.example/{number}",
        color=("black", "red", "white/blue")[number % 3],
        size=str(36 + number % variants) if variants > 1 else None,
        group_id=f"group-{number // variants}" if variants > 1 else None,
        photos=(Photo(name, name),),
    )


def read_pair_folders(paths: list[Path]) -> list[PairFolder]:
    """Read the pair folders at these paths."""
    return [read_pairs(path) for path in paths]


def make_sketch_bodies(folders: list[PairFolder], count: int, seed: int = 0) -> list[bytes]:
    """Make `count` request bodies of real sketches like those of the page: JSON strokes on a canvas."""
    pictures = [sketch.picture for folder in folders for pair in folder.pairs for sketch in pair.sketches]
    chosen = np.random.default_rng(seed).choice(len(pictures), min(count, len(pictures)), replace=False)
    tracings = [trace_strokes(pictures[number].open()) for number in chosen]
    return [json.dumps({"width": t.width, "height": t.height, "strokes": t.strokes}).encode() for t in tracings]
