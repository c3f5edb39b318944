"""Sketches drawn in a colour: how many of the first results have it, and how many still are of the drawn kind.

    python -m benchmarks.accuracy.colours.drawn_colours --gallery demo/gallery [--color red] [--weights W...]
        [--each N] [--json]

The sketches are the lines of N products of each kind of the demo gallery, as unsteady as those of a hand. The drawn
product itself is left out. Of the eight first results, "colour" are those that the feed names so (TRUE_NAMES), and
"kind" those of the drawn kind, such as pumps. Weight 0 is the search without colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from app.colours.likeness import WEIGHT
from app.colours.palette import SHADES
from app.colours.shares import ColorShare
from app.gallery.gallery import Gallery
from app.gallery.layout import CHECKPOINT_FILE
from app.products.product import Product
from app.search.results import Query
from app.search.retriever import Retriever
from benchmarks.accuracy.colours.measured_colours import TRUE_NAMES
from benchmarks.support.report import create_parser, parse_options, print_figures
from model.checkpoint import load_checkpoint
from model.preprocessing.images import Pixels

_FIRST = 8
_BATCH = 16  # queries
_WOBBLE, _WAVE = 3.0, 24.0  # px: how far and over which length a line leaves its place


def kind_of(product: Product) -> str:
    """Return the kind of a demo product: 'pump' of 'pump-002'."""
    return product.product_id.rpartition("-")[0]


def wobble(frame: Pixels, seed: int) -> Pixels:
    """Return a frame (256,256) with lines as unsteady as those of a hand."""
    noise = np.random.default_rng(seed).standard_normal((2, *frame.shape)).astype(np.float32)
    shift = np.stack([cv2.GaussianBlur(layer, (0, 0), _WAVE) for layer in noise])
    shift *= _WOBBLE / shift.std()
    rows, columns = np.mgrid[: frame.shape[0], : frame.shape[1]].astype(np.float32)
    return np.asarray(
        cv2.remap(frame, columns + shift[0], rows + shift[1], cv2.INTER_LINEAR, borderValue=255), np.uint8
    )


def choose_products(gallery: Gallery, each: int) -> list[Product]:
    """Return `each` products of every kind, spread over it."""
    by_kind: dict[str, list[Product]] = {}
    for product in gallery.catalogue.page(limit=10_000):
        by_kind.setdefault(kind_of(product), []).append(product)
    return [
        products[place]
        for products in by_kind.values()
        for place in np.unique(np.linspace(0, len(products) - 1, each).astype(int))
    ]


def measure(retriever: Retriever, queries: Sequence[Query], drawn: Sequence[Product], color: str) -> dict[str, float]:
    """Return the shares, in percent, of the first results that have the colour, and that are of the drawn kind."""
    has_color, is_kind = list[bool](), list[bool]()
    for start in range(0, len(queries), _BATCH):
        results = retriever.search_all(queries[start : start + _BATCH])
        for result, own in zip(results, drawn[start : start + _BATCH], strict=True):
            first = [item.product for item in result.results][:_FIRST]
            has_color += [TRUE_NAMES[product.color or ""] == color for product in first]
            is_kind += [kind_of(product) == kind_of(own) for product in first]
    return {"colour": round(100 * float(np.mean(has_color)), 1), "kind": round(100 * float(np.mean(is_kind)), 1)}


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    parser.add_argument("--gallery", type=Path, required=True, help="the demo's gallery")
    parser.add_argument("--color", choices=sorted(SHADES), default="red", help="colour to draw in (default: red)")
    parser.add_argument("--weights", type=float, nargs="+", default=[0, WEIGHT], help="weights of colours")
    parser.add_argument("--each", type=int, default=3, help="sketches of each kind (default: %(default)s)")
    options = parse_options(parser)
    checkpoint = load_checkpoint(options.gallery / CHECKPOINT_FILE)
    gallery = Gallery.open(options.gallery, checkpoint)
    drawn = choose_products(gallery, options.each)
    paint = (ColorShare(SHADES[options.color][0], 1.0),)
    queries: list[Query] = []
    for number, product in enumerate(drawn):
        picture = checkpoint.preprocess.place_photo(gallery.photos.open(product.photo)).frame
        query = Query.of(wobble(picture, number), _FIRST, mirror=True)
        queries.append(replace(query, own=product.product_id, drawn=paint))
    embedded = [
        replace(query, views=checkpoint.embed_frames(query.frames(is_mirrored=gallery.is_mirrored)))
        for query in queries
    ]
    figures: dict[str, object] = {"sketches": len(queries), "color": options.color}
    for weight in options.weights:
        retriever = Retriever(checkpoint, gallery, color_weight=weight)
        figures[f"weight {weight:g}"] = measure(retriever, embedded, drawn, options.color)
    gallery.close()
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
