"""A feed's fields, named and spelled as Google Merchant has them -> a product and the links of its photos."""

from __future__ import annotations

import html
from datetime import UTC, datetime
from decimal import Decimal

from app.catalogue.import_jobs import FeedProblem
from app.core.error_text import truncate
from app.feeds.field_values import join_values, read_availability
from app.feeds.prices import read_price
from app.feeds.records import FeedItem, FeedRecord, Fields
from app.products.product import MAX_PHOTOS, Product

MAX_ATTRIBUTE = 1000  # characters; a longer text is nothing to filter by, and is left out

_NO_ATTRIBUTES = (
    *("id", "title", "description", "link", "image_link", "additional_image_link", "availability", "category"),
    *("price", "sale_price", "sale_price_effective_date", "currency", "brand", "color", "gender", "size"),
    *("product_type", "product_id", "attributes", "photos", "revision"),
)


def read_record(record: FeedRecord) -> FeedItem | FeedProblem:
    """The product that a record describes, or what is wrong with it."""
    try:
        return FeedItem(read_fields(record.fields), _links(record.fields))
    except ValueError as error:
        return FeedProblem(record.where, str(error))


def read_fields(fields: Fields) -> Product:
    """The product that fields describe, without photos. Raises ValueError."""
    name = _first(fields, "id") or ""
    price, currency, attributes = _price(fields)
    return Product(
        product_id=name,
        title=_text(fields, "title") or name,
        category=_category(fields),
        price=price,
        currency=currency or (_first(fields, "currency") if price is not None else None),
        link=_first(fields, "link"),
        color=_joined(fields, "color"),
        gender=_text(fields, "gender"),
        brand=_text(fields, "brand"),
        size=_joined(fields, "size"),
        availability=read_availability(_first(fields, "availability")),
        description=_text(fields, "description"),
        attributes=(*attributes, *_others(fields)),
    )


def _first(fields: Fields, name: str) -> str | None:
    return fields.get(name, [None])[0]


def _text(fields: Fields, name: str) -> str | None:
    """A field for people: many shops escape what needs no escaping."""
    return html.unescape(fields[name][0]) if name in fields else None


def _joined(fields: Fields, name: str) -> str | None:
    """A field that may be repeated, its values in one."""
    return join_values(name, map(html.unescape, fields.get(name, [])))


def _category(fields: Fields) -> str | None:
    """The shop's own category, else Google's unless that is a mere number."""
    google = _text(fields, "google_product_category")
    own = _text(fields, "product_type") or _text(fields, "category")
    return own or (google if google and not google.isdecimal() else None)


def _price(fields: Fields) -> tuple[Decimal | None, str | None, list[tuple[str, str]]]:
    """What it costs now, in which currency, and as an attribute what it costs when it is not on sale."""
    regular, sale = _first(fields, "price"), _first(fields, "sale_price")
    price = read_price("price", regular) if regular else (None, None)
    if not sale:
        return *price, []
    reduced = read_price("sale_price", sale)
    if not _is_now(_first(fields, "sale_price_effective_date")):
        return *price, []
    return reduced[0], reduced[1] or price[1], [("regular_price", regular)] if regular else []


def _is_now(period: str | None) -> bool:
    """Whether this is a time in "2026-11-27T00:00+0100/2026-11-30T23:59+0100"; None is always."""
    if period is None:
        return True
    try:
        start, end = (datetime.fromisoformat(part.strip()) for part in period.split("/"))
    except ValueError:
        expected = "expected a form such as '2026-11-27T00:00+0100/2026-11-30T23:59+0100'"
        raise ValueError(f"sale_price_effective_date {truncate(period)} cannot be read: {expected}") from None
    return _zoned(start) <= datetime.now(UTC) <= _zoned(end)


def _zoned(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _others(fields: Fields) -> list[tuple[str, str]]:
    """All other fields, as attributes."""
    names = fields.keys() - _NO_ATTRIBUTES
    named = ((name.replace(":", "_"), html.unescape(value)) for name in names for value in fields[name])
    return [(name, value) for name, value in named if name and value.strip() and len(value) <= MAX_ATTRIBUTE]


def _links(fields: Fields) -> tuple[str, ...]:
    """Links of the main photo and of the others, which are separated by commas or repeated."""
    main = _first(fields, "image_link")
    if main is None:
        raise ValueError("image_link is empty: expected where the product's photo is")
    others = (link.strip() for value in fields.get("additional_image_link", []) for link in value.split(","))
    return tuple(dict.fromkeys(link for link in (main, *others) if link))[:MAX_PHOTOS]
