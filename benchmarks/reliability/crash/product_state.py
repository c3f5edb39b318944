"""State of a product, as far as the crash test follows it."""

from __future__ import annotations

from typing import NamedTuple


class ProductState(NamedTuple):
    """State of a product: its last title and the number of its photo."""

    title: str
    photo: int
