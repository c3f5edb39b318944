"""Shifts of candidates by what is no likeness of lines: the colours that a sketch is drawn in, and a shop's rules.

Distances of networks have no common unit. Shifts are therefore shares of the spread: how much nearer the nearest
candidate is than the mean of a gallery. A product that is shifted by 1 falls behind by as much as lies between the best
match and any product.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.colours.likeness import color_distance
from app.colours.shares import ColorShare
from app.products.product import Product
from app.search.ranking import Ranking
from app.search.results import Query

WORDS_SPREAD = 1.0
"""Spread of distances of words alone, which are steps of 0.5 and 1."""


def measure_spread(ranking: Ranking, mean: float | None) -> float:
    """Return how much nearer the nearest candidate is than `mean`, by default that of the candidates; at least 0."""
    if not len(ranking.distances):
        return 0.0
    distances = ranking.distances
    return max(0.0, (float(distances.mean()) if mean is None else mean) - float(distances.min()))


def shift(
    ranking: Ranking, products: Mapping[int, Product], query: Query, spread: float, color_weight: float
) -> Ranking:
    """Shift the candidates by the colours and the rules of a query. No candidate is left out.

    Colours are those of the nearest photo of each product, and count by `color_weight`.
    """
    shares = np.zeros(len(ranking.distances))
    if query.drawn:
        shares += color_weight * _color_distances(ranking, products, query)
    if query.rules.has_moves:
        shares += [query.rules.shift(products[r]) if r in products else 0.0 for r in ranking.revisions.tolist()]
    return replace(ranking, distances=(ranking.distances + spread * shares).astype(np.float32))


def _color_distances(ranking: Ranking, products: Mapping[int, Product], query: Query) -> NDArray[np.float64]:
    rows = zip(ranking.revisions.tolist(), ranking.positions.tolist(), strict=True)
    return np.array([color_distance(query.drawn, _colors_of(products.get(r), position)) for r, position in rows])


def _colors_of(product: Product | None, position: int) -> tuple[ColorShare, ...] | None:
    """Return the colours on a photo of a product, else on the photo that is shown."""
    if product is None:
        return None
    own = product.photos[position].colors if position < len(product.photos) else None
    return own or product.measured_colors
