"""The query parameters that narrow a search down."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from fastapi import Depends, Query

from app.errors import ApiError
from app.messages import short
from app.products import Filters, category_path
from app.service import Service, ServiceOf

_MOST_SHOWN = 20  # categories that a message lists; its detail has up to ten times as many
_Price = Annotated[Decimal | None, Query(ge=0, le=10**12, allow_inf_nan=False)]


def read_filters(
    service: ServiceOf,
    category: Annotated[
        str | None, Query(max_length=1000, description="path such as 'Shoes > Boots', or any ancestor")
    ] = None,
    min_price: _Price = None,
    max_price: _Price = None,
) -> Filters:
    """Filters of a request. Raises ApiError for an unknown category, or a price range that nothing is in."""
    if min_price is not None and max_price is not None and min_price > max_price:
        message = f"min_price is {min_price}: expected at most max_price, which is {max_price}"
        raise ApiError(422, "invalid_parameter", message, {"parameter": "min_price"})
    if category is not None:
        _check_category(service, category)
    return Filters(category, min_price, max_price)


def _check_category(service: Service, category: str) -> None:
    path = category_path(category)
    if path and "\0" not in path and service.gallery.catalogue.has_category(path):
        return
    known = list(service.gallery.catalogue.categories())
    shown = ", ".join(known[:_MOST_SHOWN]) + (", …" if len(known) > _MOST_SHOWN else "")
    message = f"category {short(category)} is unknown: expected one of {shown or 'none, as no product has any'}"
    raise ApiError(422, "unknown_category", message, {"category": category[:80], "known": known[: 10 * _MOST_SHOWN]})


FiltersOf = Annotated[Filters, Depends(read_filters)]
