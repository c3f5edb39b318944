"""Order of results by price."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from app.search.results import Listing, Result


def sort_by_price(results: Sequence[Result], listing: Listing) -> list[Result]:
    """Sort results, given nearest first, by their lowest price; nearer ones first where that is equal.

    Prices in different currencies are never compared. The results of one currency follow those of another, in the order
    of the nearest result of each. Results without a price come after all of them.
    """
    priced = [prices.currency for result in results if (prices := result.prices) is not None]
    places = {currency: place for place, currency in enumerate(dict.fromkeys(priced))}
    sign = -1 if listing.sort == "price_desc" else 1

    def key(result: Result) -> tuple[bool, int, Decimal]:
        is_last = listing.out_of_stock_last and not result.in_stock
        prices = result.prices
        if prices is None:
            return is_last, len(places), Decimal(0)
        return is_last, places[prices.currency], sign * prices.lowest

    return sorted(results, key=key)
