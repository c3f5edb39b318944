"""Spellings of prices in feeds, and what follows from several prices of a product: its discount and its margin."""

from __future__ import annotations

import re
from decimal import Decimal

from app.core.error_text import truncate
from app.products.product import PRICE_PLACES, Product

REGULAR_PRICE = "regular_price"
"""Name of the attribute that has the price outside of a sale, as feeds spell it."""

_SYMBOLS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "₹": "INR"}
_CURRENCY = rf"[A-Za-z]{{3}}|[{''.join(_SYMBOLS)}]"
_PLAIN, _POINT, _COMMA = r"\d+(?:[.,]\d{1,2})?", r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", r"\d{1,3}(?:\.\d{3})+(?:,\d+)?"
_PRICE = re.compile(rf"({_CURRENCY})?\s*({_PLAIN}|{_POINT}|{_COMMA}|\d+\.\d+)\s*({_CURRENCY})?")


def decimal_of(value: int) -> Decimal:
    """Convert ten-thousandths to a Decimal of two decimals, or of four if two are not enough."""
    return Decimal(value).scaleb(-PRICE_PLACES) if value % 100 else Decimal(value // 100).scaleb(-2)


def read_price(name: str, text: str) -> tuple[Decimal, str | None]:
    """Read an amount and its currency code, which may be absent, from a text.

    Accepts "59.90 EUR", "59,90 €", "$1,299.00", "EUR 1.299,00" and "12". Raises ValueError, which names the field.
    """
    match = _PRICE.fullmatch(text)
    if match is None or (match[1] and match[3]):
        raise ValueError(f"{name} {truncate(text)} cannot be read: expected a form such as '59.90 EUR'")
    currency = match[1] or match[3]
    return _read_number(match[2]), _SYMBOLS.get(currency, currency.upper()) if currency else None


def regular_price(product: Product) -> Decimal | None:
    """Return the price that a product has outside of its sale, None unless it is on sale.

    A regular price that is not higher, cannot be read or is in another currency does not count.
    """
    text = next((value for name, value in product.attributes if name == REGULAR_PRICE), None)
    if text is None or product.price is None:
        return None
    try:
        price, currency = read_price(REGULAR_PRICE, text)
    except ValueError:  # clients may write any text
        return None
    return price if price > product.price and currency in (None, product.currency) else None


def discount(product: Product) -> float | None:
    """Return by how much the price is below the regular price, in percent of the latter; None unless on sale."""
    regular = regular_price(product)
    return None if regular is None or product.price is None else float(100 * (regular - product.price) / regular)


def margin(product: Product) -> float | None:
    """Return the gross margin, in percent of the price: 100 * (price - cost of goods sold) / price.

    None without a cost, or if that is in another currency or cannot be read.
    """
    if not product.price or product.cost_of_goods_sold is None:
        return None
    try:
        cost, currency = read_price("cost_of_goods_sold", product.cost_of_goods_sold)
    except ValueError:  # of a gallery from before the field was checked
        return None
    return float(100 * (product.price - cost) / product.price) if currency in (None, product.currency) else None


def _read_number(text: str) -> Decimal:
    """Read a number. Its last separator is the decimal one, unless it groups thousands."""
    if re.fullmatch(_POINT, text):
        return Decimal(text.replace(",", ""))
    if re.fullmatch(_COMMA, text) and ("," in text or text.count(".") > 1):
        return Decimal(text.replace(".", "").replace(",", "."))
    return Decimal(text.replace(",", "."))
