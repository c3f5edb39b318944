from __future__ import annotations

import pytest

from app.feeds.field_values import join_values
from app.products.sizes import size_labels, size_names, size_order


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


@pytest.mark.parametrize(
    ("size", "system", "kind", "labels"),
    [
        ("41/42", "EU", None, ["EU 41", "EU 42"]),
        ("8", "US", "tall", ["US 8 tall"]),
        ("8", None, "regular", ["8"]),
        ("M", None, "petite", ["M petite"]),
        ("EU 41/uk7", "EU", None, ["EU 41", "uk7"]),
        (None, "EU", "tall", []),
    ],
)
def test_sizes_of_other_systems_and_types_have_other_names(
    size: str | None, system: str | None, kind: str | None, labels: list[str]
) -> None:
    assert size_labels(size, system, kind) == labels


@pytest.mark.parametrize(
    "ordered",
    [
        ["9", "10", "38 2/3", "38,75", "39", "39½", "40"],
        ["XXS", "XS", "S", "M", "L", "XL", "2XL", "XXXL", "4XL", "30", "One Size"],
        ["EU 9", "EU 10", "EU 10 tall", "EU 11", "UK 8", "UK 8.5"],
        ["1/2", "1", "1 1/2", "2-4", "2-6", "10W"],
    ],
)
def test_sizes_are_in_the_order_of_sizes(ordered: list[str]) -> None:
    assert sorted(sorted(ordered), key=size_order) == ordered
