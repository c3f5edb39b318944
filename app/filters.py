"""The query parameters that narrow a search down."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Depends, Query

from app.catalogue import Catalogue
from app.criteria import Filters
from app.errors import ApiError
from app.messages import short
from app.service import ServiceOf

_MOST_SHOWN = 20  # values that a message lists; its detail has up to ten times as many
_Price = Annotated[Decimal | None, Query(ge=0, le=10**12, allow_inf_nan=False)]
_UNKNOWN = {
    "category": (422, "unknown_category"),
    "color": (422, "unknown_color"),
    "currency": (422, "unknown_currency"),
}


def read_filters(
    service: ServiceOf,
    category: Annotated[
        str | None, Query(max_length=1000, description="path such as 'Shoes > Boots', or any ancestor")
    ] = None,
    color: Annotated[
        list[Annotated[str, Query(max_length=200)]],
        Query(max_length=50, description="such as 'red'; given several times, products of any of them pass"),
    ] = [],  # noqa: B006 - never changed
    min_price: _Price = None,
    max_price: _Price = None,
    currency: Annotated[
        str | None, Query(max_length=20, description="ISO 4217 code; required with a price where products have several")
    ] = None,
) -> Filters:
    """Filters of a request. Raises ApiError for a value that no product has, and prices that compare with nothing."""
    catalogue = service.gallery.catalogue
    if category is not None:
        _check_known(catalogue, "category", category, category=category)
    for one in color:
        _check_known(catalogue, "color", one, colors=(one,))
    if currency is not None:
        _check_known(catalogue, "currency", currency, currency=currency)
    filters = Filters(category, min_price, max_price, tuple(color), currency)
    _check_prices(catalogue, filters)
    return filters


def _check_known(catalogue: Catalogue, kind: str, value: str, **wanted: Any) -> None:
    """Raises ApiError unless a product passes Filters(**wanted), which want this value alone."""
    with suppress(ValueError):  # of what no product can have
        if "\0" not in value and catalogue.has(Filters(**wanted)):
            return
    facets = catalogue.facets()
    currencies = [prices.currency for prices in facets.prices if prices.currency]
    known = {"category": list(facets.categories), "color": list(facets.colors), "currency": currencies}[kind]
    shown = ", ".join(known[:_MOST_SHOWN]) + (", …" if len(known) > _MOST_SHOWN else "")
    message = f"{kind} {short(value)} is unknown: expected one of {shown or 'none, as no product has any'}"
    raise ApiError(*_UNKNOWN[kind], message, {kind: value[:80], "known": known[: 10 * _MOST_SHOWN]})


def _check_prices(catalogue: Catalogue, filters: Filters) -> None:
    """Raises ApiError for a range that nothing is in, and for a price in no currency where there are several."""
    low, high = filters.min_price, filters.max_price
    if low is not None and high is not None and low > high:
        message = f"min_price is {low}: expected at most max_price, which is {high}"
        raise ApiError(422, "invalid_parameter", message, {"parameter": "min_price"})
    if (low is None and high is None) or filters.currency is not None:
        return
    currencies = catalogue.currencies()
    if len(currencies) > 1:  # 100 yen are not 100 euros
        message = f"currency is missing: expected one of {', '.join(currencies)}, in which prices are to be compared"
        raise ApiError(422, "invalid_parameter", message, {"parameter": "currency", "known": currencies})


FiltersOf = Annotated[Filters, Depends(read_filters)]
