"""Tests of feeds as JSON Lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.catalogue.import_jobs import FeedProblem
from app.feeds.reader import read_source
from app.feeds.records import FeedError, FeedItem

GOOD = '{"id": "1", "image_link": "a.jpg"}'


def read(path: Path, *lines: str) -> list[FeedItem | FeedProblem]:
    path.write_text("\n".join(lines))
    return list(read_source(path))


def test_texts_numbers_and_lists_are_taken(tmp_path: Path) -> None:
    line = (
        '{"id": 7, "title": "Boot", "Image Link": "a.jpg", "additional_image_link": ["b.jpg", "c.jpg"], "price": 59.90,'
        ' "currency": "eur", "material": ["leather", "wool"], "sale": true, "brand": null, "size": ""}'
    )
    (item,) = read(tmp_path / "feed.jsonl", line)
    assert isinstance(item, FeedItem)
    assert (item.product.product_id, str(item.product.price), item.product.currency) == ("7", "59.90", "EUR")
    assert item.links == ("a.jpg", "b.jpg", "c.jpg")
    assert item.product.attributes == (("material", "leather"), ("material", "wool"), ("sale", "true"))
    assert item.product.brand is None and item.product.size is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": ', "it is not valid JSON (Expecting value at column"),
        ('{"id": "2", "image_link": "a.jpg", "title": "\\ud800"}', "title"),
        ("7", "it is '7': expected an object"),
        ('{"id": "2", "image_link": {"url": "a.jpg"}}', "'image_link' is {'url': 'a.jpg'}: expected a text, a number"),
        ('{"id": "2", "image_link": [["a.jpg"]]}', "expected a text, a number, or a list of these"),
        ('{"a":' * 100_000, "it is nested too deeply"),
        ("[" * 100_000, "it is nested too deeply"),
        ('{"id": NaN, "image_link": "a.jpg"}', "expected a text, a number"),
        ('{"id": "2", "image_link": "a.jpg", "price": 1e400}', "price '1e400' cannot be read"),
        ('{"id": "2"}', "image_link is empty"),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_read(tmp_path: Path, line: str, reason: str) -> None:
    first, problem, last = read(tmp_path / "feed.jsonl", GOOD, line, "", GOOD.replace("1", "3"))
    assert isinstance(first, FeedItem) and isinstance(last, FeedItem)
    assert isinstance(problem, FeedProblem)
    assert problem.where == "line 2" and reason in problem.reason


def test_a_line_that_is_too_long_ends_it(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"line 2 is too long: expected at most 1,048,576 bytes"):
        read(tmp_path / "feed.jsonl", GOOD, '{"id": "' + "x" * 2**20)
