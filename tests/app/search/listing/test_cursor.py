"""Cursors are read only by the gallery that gave them, and for the search that they continue."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.decoding.image_sketch import ImageSketch
from app.decoding.stroke_sketch import StrokesSketch
from app.products.filters import Filters
from app.products.product import Product
from app.products.variants import Variants
from app.search.listing.cursor import Cursor, InvalidCursorError, ListRequest, OutdatedCursorError, Pager, fingerprint
from app.search.results import MOST_LISTED, Page, Result, SearchResult
from app.search.search_request import SearchRequest, SimilarRequest

PAGER = Pager(fingerprint("a search"), "secret", "a" * 64)


def answer(start: int, count: int, *, is_last: bool = False, before: bytes = b"b" * 8) -> SearchResult:
    product = Product("a", "A")
    results = [Result(product, 1.0, 0, Variants.of([product]), in_stock=True)] * count
    return SearchResult(results, 99, 7, {}, None, 0.8, Page(start, before, b"t" * 8, is_last))


def test_a_cursor_leads_to_the_next_page() -> None:
    text = PAGER.close(None, answer(0, 24)).next
    assert text is not None and len(text) < 60
    cursor = PAGER.open(text)
    assert cursor == Cursor(24, b"t" * 8, PAGER.search, fingerprint(PAGER.checkpoint))
    following = PAGER.close(cursor, answer(24, 24, before=b"t" * 8)).next
    assert following not in (None, text)
    assert PAGER.open(None) is None


def test_a_list_ends() -> None:
    assert PAGER.close(None, answer(0, 24, is_last=True)).next is None
    assert PAGER.close(None, answer(0, 0, is_last=True)).next is None
    assert PAGER.close(None, answer(MOST_LISTED - 24, 24)).next is None


def test_forged_cursors_are_refused() -> None:
    text = PAGER.close(None, answer(0, 24)).next or ""
    forged = [text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :] for place in range(len(text))]
    odd = ["", "A", "%", "é", text[:-4], f"{text}AAAA", text * 2, "A" * len(text), f"{text}=", f" {text}"]
    for bad in (*forged, *odd):
        with pytest.raises(InvalidCursorError, match="was not made by this gallery: expected the `next`"):
            PAGER.open(bad)
    with pytest.raises(InvalidCursorError, match="was not made by this gallery"):
        replace(PAGER, secret="other").open(text)


def test_a_cursor_is_for_one_search_and_one_checkpoint() -> None:
    text = PAGER.close(None, answer(0, 24)).next
    with pytest.raises(InvalidCursorError, match="belongs to another search"):
        replace(PAGER, search=fingerprint("another")).open(text)
    with pytest.raises(OutdatedCursorError, match="another checkpoint"):
        replace(PAGER, checkpoint="b" * 64).open(text)


def test_changed_results_before_a_cursor_are_noticed() -> None:
    cursor = PAGER.open(PAGER.close(None, answer(0, 24)).next)
    with pytest.raises(OutdatedCursorError, match="the first 24 results"):
        PAGER.close(cursor, answer(24, 24, before=b"x" * 8))


def test_searches_are_told_apart_by_all_but_k_and_cursor() -> None:
    strokes = StrokesSketch(b'{"strokes": []}')
    request = SearchRequest(strokes, 24, Filters(), mirror=True)
    others = [
        replace(request, sketch=StrokesSketch(b'{"strokes":[]}')),
        replace(request, sketch=ImageSketch(strokes.data, 9)),
        replace(request, sketch=ImageSketch(strokes.data, 9, "photo")),
        replace(request, filters=Filters(in_stock=True)),
        replace(request, mirror=False),
        replace(request, variants=True),
        replace(request, listing=ListRequest("price_asc")),
        replace(request, listing=ListRequest(out_of_stock_last=True)),
    ]
    similar = SimilarRequest("a", 24, Filters())
    products = [similar, replace(similar, product_id="b"), replace(similar, variants=True)]
    prints = [search.fingerprint() for search in (request, *others, *products)]  # type: ignore[attr-defined]
    assert len(set(prints)) == len(prints)
    assert replace(request, k=3, listing=ListRequest(cursor="x")).fingerprint() == request.fingerprint()
