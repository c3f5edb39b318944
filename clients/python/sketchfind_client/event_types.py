"""Events, as typed dictionaries; `types` has them too."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict


class Event(TypedDict):
    """What happened to the results of a search: they were `shown`, or a product was `opened` or visited in the `shop`.

    `rank` is that of the product in the results, None if it was reached otherwise. Without a product, there is none.
    """

    kind: Literal["shown", "opened", "shop"]
    search_id: str
    product_id: NotRequired[str | None]
    rank: NotRequired[int | None]


class EventReceipt(TypedDict):
    """Number of events that count, and of those that are of no search since yesterday."""

    accepted: int
    ignored: int
