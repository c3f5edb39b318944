"""Colours that a sketch is drawn in re-rank the candidates, exactly as a plain loop does, and hide none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.colours.likeness import UNKNOWN, color_distance
from app.colours.shares import ColorShare
from app.gallery.gallery import Gallery
from app.products.filters import Filters
from app.products.product import Product
from app.search.listing.shifts import measure_spread, shift
from app.search.ranking import Ranking
from app.search.results import Listing, Query
from app.search.retriever import Retriever
from tests.support.grouped_shop import FILTERS, GroupedShop, by_id, passes, random_products, singly
from tests.support.small_galleries import open_catalogue, small_checkpoint

COLORS = ["#c0252d", "#2f65a7", "#202020", "#edc73d", "#2e8b57"]
WEIGHT = 0.7


def colored(product: Product, random: np.random.Generator) -> Product:
    """Give each photo of a product one or two colours, or none, or unknown ones."""
    photos = []
    for photo in product.photos:
        first, second = (str(color) for color in random.choice(COLORS, 2, replace=False))
        share = round(float(random.uniform(0.3, 0.9)), 3)
        kinds = [None, (), (ColorShare(first, 1.0),), (ColorShare(first, share), ColorShare(second, 1 - share))]
        photos.append(replace(photo, colors=kinds[int(random.integers(4))]))
    return replace(product, photos=tuple(photos))


def plain_ranking(
    shop: GroupedShop, sketch: NDArray[np.float32], drawn: tuple[ColorShare, ...], filters: Filters
) -> list[str]:
    """Rank the passing products by a plain loop."""
    weight = small_checkpoint().network.distance.weight.double().numpy()  # type: ignore[operator]
    s = sketch.astype(np.float64)
    by_photo = {
        name: [float((weight * (s[:, None] - p[None, :]) ** 2).sum()) for p in photos.astype(np.float64)]
        for name, photos in shop.embeddings.items()
    }
    mean = float(np.mean([distance for distances in by_photo.values() for distance in distances]))
    passing = [name for name, product in shop.products.items() if passes(product, filters)]
    if not passing:
        return []
    scale = max(0.0, mean - min(min(by_photo[name]) for name in passing))
    blended = {}
    for name in passing:
        product, position = shop.products[name], int(np.argmin(by_photo[name]))
        colors = (product.photos[position].colors or product.photos[0].colors) if product.photos else None
        blended[name] = min(by_photo[name]) + WEIGHT * scale * (color_distance(drawn, colors) if colors else UNKNOWN)
    return sorted(passing, key=lambda name: (blended[name], name))


@pytest.mark.parametrize("seed", range(3))
def test_results_are_those_of_a_plain_loop(directory: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    shop, catalogue = GroupedShop({}, {}), open_catalogue(directory)
    products = [colored(product, random) for product in random_products(random, 150, has_ties=False)]
    catalogue.put(products, shop.put(products, random))
    checkpoint = small_checkpoint()
    gallery = Gallery.open(directory, checkpoint, open_catalogue(directory))
    retriever = Retriever(checkpoint, gallery, device="cpu", color_weight=WEIGHT)
    for filters in FILTERS:
        for variants in (False, True):
            sketch = random.standard_normal(8).astype(np.float32)
            drawn = (ColorShare(COLORS[0], 0.75), ColorShare(COLORS[1], 0.25))[: 1 + int(random.integers(2))]
            query = Query(sketch[None], 150, filters, variants, drawn=drawn)
            result = retriever.search_all([query])[0]
            ranked = plain_ranking(shop, sketch, drawn, filters)
            groups: dict[object, str] = {}
            for name in ranked:
                groups.setdefault((singly if variants else by_id)(shop.products[name]), name)
            assert [item.product.product_id for item in result.results] == list(groups.values())
            plain = retriever.search_all([replace(query, drawn=())])[0]
            assert result.contrast == plain.contrast
            assert {by_id(item.product) for item in plain.results} == {by_id(item.product) for item in result.results}


def test_pages_of_a_coloured_sketch_are_those_of_one_list(directory: Path) -> None:
    random = np.random.default_rng(9)
    shop, catalogue = GroupedShop({}, {}), open_catalogue(directory)
    products = [colored(product, random) for product in random_products(random, 150)]
    catalogue.put(products, shop.put(products, random))
    gallery = Gallery.open(directory, small_checkpoint(), open_catalogue(directory))
    retriever = Retriever(small_checkpoint(), gallery, 5, device="cpu")
    query = Query(random.standard_normal((1, 8)).astype(np.float32), 60, drawn=(ColorShare(COLORS[0], 1.0),))
    whole = [item.product.product_id for item in retriever.search_all([query])[0].results]
    pages = [
        [item.product.product_id for item in retriever.search_all([replace(query, k=20, listing=listing)])[0].results]
        for listing in (Listing(start=0), Listing(start=20), Listing(start=40))
    ]
    assert [name for page in pages for name in page] == whole


def test_without_candidates_there_is_nothing_to_order() -> None:
    empty = Ranking(np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros(0, np.int64))
    query = Query(np.zeros((1, 8), np.float32), 1, drawn=(ColorShare(COLORS[0], 1.0),))
    assert measure_spread(empty, None) == 0 and not len(shift(empty, {}, query, 0.0, WEIGHT).distances)
