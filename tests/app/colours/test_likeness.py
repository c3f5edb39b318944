"""Products that have the drawn colours all over are the nearest."""

from __future__ import annotations

import itertools

import pytest

from app.colours.likeness import UNKNOWN, color_distance
from app.colours.shares import ColorShare

RED, DARK_RED, ORANGE, BLUE, BLACK = "#c0252d", "#8b1a20", "#de7426", "#2f65a7", "#202020"


def shares(**parts: float) -> tuple[ColorShare, ...]:
    return tuple(ColorShare(globals()[name], share) for name, share in parts.items())


def test_products_are_ordered_by_how_much_of_the_colour_they_have() -> None:
    drawn = shares(RED=1)
    products = [shares(RED=1), shares(DARK_RED=1), shares(RED=0.5, BLACK=0.5), shares(ORANGE=0.3, BLUE=0.7)]
    distances = [color_distance(drawn, product) for product in [*products, shares(BLUE=1)]]
    assert distances[0] == pytest.approx(0) and distances[-1] == 1
    assert all(nearer < farther for nearer, farther in itertools.pairwise(distances))


def test_two_drawn_colours_prefer_products_of_both() -> None:
    drawn = shares(RED=0.5, BLUE=0.5)
    both, one = (color_distance(drawn, product) for product in (shares(RED=0.5, BLUE=0.5), shares(RED=1)))
    assert both == pytest.approx(0) and one == pytest.approx(0.5)


def test_unknown_colours_are_in_the_middle() -> None:
    assert color_distance(shares(RED=1), None) == color_distance(shares(RED=1), ()) == UNKNOWN
