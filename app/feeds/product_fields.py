"""Translation of a feed's fields, in the spelling of Google Merchant, to a product and the links of its photos."""

from __future__ import annotations

import html
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from app.catalogue.import_jobs import FeedProblem
from app.core.error_text import truncate
from app.feeds.field_values import join_values, read_availability
from app.feeds.records import FeedItem, FeedRecord, FeedTexts, Fields
from app.products.languages.translations import Place, Translation, split_name
from app.products.prices import REGULAR_PRICE, read_price
from app.products.product import CUSTOM_LABELS, MAX_PHOTOS, Product
from app.products.product_patch import ProductPatch

MAX_ATTRIBUTE = 1000  # characters; longer texts are left out, as they are useless as filters

_NO_ATTRIBUTES = (
    *("id", "title", "description", "link", "image_link", "additional_image_link", "availability", "category"),
    *("price", "sale_price", "sale_price_effective_date", "currency", "brand", "color", "gender", "size"),
    *("size_system", "size_type", "item_group_id", "group_id", "cost_of_goods_sold", *CUSTOM_LABELS),
    *("product_type", "product_id", "attributes", "photos", "revision"),
)


def read_record(record: FeedRecord) -> FeedItem | FeedProblem:
    """Read the product and photo links of a record, or return its problem."""
    try:
        return FeedItem(read_fields(record.fields), _photo_links(record.fields))
    except ValueError as error:
        return FeedProblem(record.where, str(error))


def read_texts(record: FeedRecord, language: str) -> FeedTexts | FeedProblem:
    """Read the texts of a record in a language, or return its problem. Its other fields are ignored."""
    name = _first(record.fields, "id")
    if name is None:
        return FeedProblem(record.where, "id is empty: expected that of a product")
    texts: dict[Place, str | None] = {
        (language, "title"): _text(record.fields, "title"),
        (language, "category"): _category(record.fields),
        (language, "description"): _text(record.fields, "description"),
        (language, "color"): _joined_text(record.fields, "color"),
        (language, "link"): _first(record.fields, "link"),
    }
    given = {place: text for place, text in texts.items() if text is not None}
    return FeedTexts(record.where, ProductPatch(name, {}, translations=given))


def read_fields(fields: Fields) -> Product:
    """Read a product, without photos, from its fields. Raises ValueError."""
    name = _first(fields, "id") or ""
    price, currency, attributes = _current_price(fields)
    return Product(
        product_id=name,
        title=_text(fields, "title") or name,
        category=_category(fields),
        price=price,
        currency=currency or (_first(fields, "currency") if price is not None else None),
        link=_first(fields, "link"),
        color=_joined_text(fields, "color"),
        gender=_text(fields, "gender"),
        brand=_text(fields, "brand"),
        size=_joined_text(fields, "size"),
        size_system=_text(fields, "size_system"),
        size_type=_joined_text(fields, "size_type"),
        group_id=_text(fields, "item_group_id") or _text(fields, "group_id"),
        availability=read_availability(_first(fields, "availability")),
        description=_text(fields, "description"),
        custom_label_0=_text(fields, "custom_label_0"),
        custom_label_1=_text(fields, "custom_label_1"),
        custom_label_2=_text(fields, "custom_label_2"),
        custom_label_3=_text(fields, "custom_label_3"),
        custom_label_4=_text(fields, "custom_label_4"),
        cost_of_goods_sold=_price_text(fields, "cost_of_goods_sold"),
        attributes=(*attributes, *_other_fields(fields)),
        translations=tuple(_translations(fields)),
    )


def _first(fields: Fields, name: str) -> str | None:
    """Return the first value of a field, or None."""
    return fields.get(name, [None])[0]


def _text(fields: Fields, name: str) -> str | None:
    """Return the first value of a text field, or None. Many shops escape characters as in HTML without need."""
    return html.unescape(fields[name][0]) if name in fields else None


def _price_text(fields: Fields, name: str) -> str | None:
    """Return the text of a price, or None. Raises ValueError if it cannot be read as one."""
    text = _first(fields, name)
    if text is not None:
        read_price(name, text)
    return text


def _joined_text(fields: Fields, name: str) -> str | None:
    """Return all values of a field in one text, or None."""
    return join_values(name, map(html.unescape, fields.get(name, [])))


def _category(fields: Fields) -> str | None:
    """Return the shop's own category, else Google's, unless that is a number."""
    google = _text(fields, "google_product_category")
    own = _text(fields, "product_type") or _text(fields, "category")
    return own or (google if google and not google.isdecimal() else None)


def _current_price(fields: Fields) -> tuple[Decimal | None, str | None, list[tuple[str, str]]]:
    """Return the current price, its currency, and during a sale the attribute of the regular price.

    Raises ValueError.
    """
    regular, sale = _first(fields, "price"), _first(fields, "sale_price")
    price = read_price("price", regular) if regular else (None, None)
    if not sale:
        return *price, []
    sale_price = read_price("sale_price", sale)
    if not _is_now(_first(fields, "sale_price_effective_date")):
        return *price, []
    return sale_price[0], sale_price[1] or price[1], [(REGULAR_PRICE, regular)] if regular else []


def _is_now(period: str | None) -> bool:
    """Return whether a period such as "2026-11-27T00:00+0100/2026-11-30T23:59+0100" includes now.

    None includes any time. Raises ValueError.
    """
    if period is None:
        return True
    try:
        start, end = (datetime.fromisoformat(part.strip()) for part in period.split("/"))
    except ValueError:
        expected = "expected a form such as '2026-11-27T00:00+0100/2026-11-30T23:59+0100'"
        raise ValueError(f"sale_price_effective_date {truncate(period)} cannot be read: {expected}") from None
    return _with_zone(start) <= datetime.now(UTC) <= _with_zone(end)


def _with_zone(moment: datetime) -> datetime:
    """Return a time with its zone, by default UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _translations(fields: Fields) -> Iterator[Translation]:
    """Yield the texts of fields such as title_de; of two names of a place, product_type wins over category."""
    for name in sorted(fields):
        if place := _place_of(name):
            texts = map(html.unescape, fields[name])
            text = join_values("color", texts) if place[1] == "color" else next(texts)
            yield Translation(*place, text or "")


def _place_of(name: str) -> Place | None:
    """Return the language and field of a field such as title_de. Fields such as category_id are not Indonesian."""
    return None if name.endswith("_id") else split_name(name)


def _other_fields(fields: Fields) -> list[tuple[str, str]]:
    """Return all other fields as attributes."""
    names = [name for name in fields.keys() - _NO_ATTRIBUTES if not _place_of(name)]
    named = ((name.replace(":", "_"), html.unescape(value)) for name in names for value in fields[name])
    return [(name, value) for name, value in named if name and value.strip() and len(value) <= MAX_ATTRIBUTE]


def _photo_links(fields: Fields) -> tuple[str, ...]:
    """Return the links of the main photo and of the others, which are separated by commas or repeated.

    Raises ValueError.
    """
    main = _first(fields, "image_link")
    if main is None:
        raise ValueError("image_link is empty: expected the URL or path of the product's photo")
    others = (link.strip() for value in fields.get("additional_image_link", []) for link in value.split(","))
    return tuple(dict.fromkeys(link for link in (main, *others) if link))[:MAX_PHOTOS]
