"""Order of candidates by likeness and by the colours that a sketch is drawn in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from app.colours.likeness import WEIGHT, color_distance
from app.colours.shares import ColorShare
from app.products.product import Product
from app.search.ranking import Ranking


def add_colors(
    ranking: Ranking,
    products: Mapping[int, Product],
    drawn: Sequence[ColorShare],
    mean: float | None,
    weight: float = WEIGHT,
) -> Ranking:
    """Add the distance of colours to all distances of a ranking. No candidate is left out.

    Distances of networks have no common unit. That of colours, 0 to 1, is therefore multiplied by how much nearer the
    nearest candidate is than `mean`, the mean distance of the gallery, by default that of the candidates. With a weight
    of 1, a product of other colours is as far as one that looks like any other. Colours are those of the nearest photo
    of each product.
    """
    if not len(ranking.distances):
        return ranking
    nearest = float(ranking.distances.min())
    scale = max(0.0, (float(ranking.distances.mean()) if mean is None else mean) - nearest)
    rows = zip(ranking.revisions.tolist(), ranking.positions.tolist(), strict=True)
    colors = [color_distance(drawn, _colors_of(products.get(revision), position)) for revision, position in rows]
    return replace(ranking, distances=(ranking.distances + weight * scale * np.array(colors)).astype(np.float32))


def _colors_of(product: Product | None, position: int) -> tuple[ColorShare, ...] | None:
    """Return the colours on a photo of a product, else on the photo that is shown."""
    if product is None:
        return None
    own = product.photos[position].colors if position < len(product.photos) else None
    return own or product.measured_colors
