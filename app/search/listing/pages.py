"""Pages of lists of results."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from app.search.listing.price_order import sort_by_price
from app.search.listing.result_reader import ResultReader
from app.search.ranking import Row
from app.search.results import Page, Query, Result

FINGERPRINT = 8  # bytes


def read_pages(
    reader: ResultReader, nearest: Sequence[Sequence[Row]], queries: Sequence[Query]
) -> list[tuple[list[Result], Page]]:
    """Return the results that each query asks for, from its nearest products, and their place in the list."""
    is_sorted = [query.listing.sort != "likeness" for query in queries]
    read = [
        rows if by_price else rows[query.listing.start : query.listing.start + query.k]
        for rows, query, by_price in zip(nearest, queries, is_sorted, strict=True)
    ]
    pages: list[tuple[list[Result], Page]] = []
    for rows, results, query, by_price in zip(nearest, reader.results(read), queries, is_sorted, strict=True):
        start, end = query.listing.start, query.listing.start + query.k
        names = [product.product_id for product, *_ in rows]
        if by_price:
            ordered = sort_by_price(results, query.listing)
            names, results = [result.product.product_id for result in ordered], ordered[start:end]
        page = Page(start, _fingerprint(names[:start]), _fingerprint(names[:end]), is_last=len(names) <= end)
        pages.append((results, page))
    return pages


def _fingerprint(product_ids: Iterable[str]) -> bytes:
    """Hash a set of products.

    Their order does not count: two products at almost equal distances may change places by an error of rounding.
    """
    return hashlib.blake2b("\n".join(sorted(product_ids)).encode(), digest_size=FINGERPRINT).digest()
