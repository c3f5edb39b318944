from __future__ import annotations

import pytest

from app.feeds.field_values import join_values
from app.products.text_keys import size_names


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        (None, []),
        (" / ", []),
        ("One  Size", ["One Size"]),
        ("41/42", ["41", "42"]),
        ("S, M, L", ["S", "M", "L"]),
        ("S,M", ["S", "M"]),
        ("W32/L34", ["W32", "L34"]),
        ("EU 41/UK 7", ["EU 41", "UK 7"]),
        ("5/6", ["5", "6"]),
        ("1/2/3", ["1", "2", "3"]),
        ("38 2/3", ["38 2/3"]),
        ("7 1/8", ["7 1/8"]),
        ("1/2", ["1/2"]),
        ("41,5", ["41,5"]),
        ("38 2/3 / 41,5 / 42", ["38 2/3", "41,5", "42"]),
    ],
)
def test_sizes_are_told_apart_but_fractions_and_decimals_are_whole(text: str | None, sizes: list[str]) -> None:
    assert size_names(text) == sizes


@pytest.mark.parametrize("sizes", [["41"], ["41", "42"], ["1", "2"], ["38 2/3", "1/2"], ["7 1/8", "8"], ["41,5", "S"]])
def test_sizes_that_are_joined_are_told_apart_again(sizes: list[str]) -> None:
    assert size_names(join_values("size", sizes)) == sizes
