"""Query parameters of lists of results: their order, and the cursor of the next page."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from app.asgi.dependencies import ServiceOf
from app.search.listing.cursor import ListRequest
from app.search.results import MOST_SORTED, Sort

_CURSOR = "AAAYkV3Jx0cQ1mTqv2hXn4bZ8sLr6wEyU5oPdKfGtA"


async def read_listing(
    service: ServiceOf,
    *,
    sort: Annotated[
        Sort,
        Query(
            description=f"nearest first, or the {MOST_SORTED} nearest by their lowest price",
            examples=["price_asc"],
        ),
    ] = "likeness",
    cursor: Annotated[
        str | None,
        Query(
            max_length=200,
            description="`next` of an answer: returns the results after it; all else but k has to be the same",
            examples=[_CURSOR],
        ),
    ] = None,
) -> ListRequest:
    """Read the order of a list, and where it continues."""
    return ListRequest(sort, cursor, service.settings.out_of_stock == "last")


ListingOf = Annotated[ListRequest, Depends(read_listing)]
"""Dependency: the order of a list, and where it continues."""
