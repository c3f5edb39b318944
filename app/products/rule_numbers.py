"""Numbers of a product that conditions of rules compare. The catalogue stores them, so that SQL compares them too."""

from __future__ import annotations

import re

from app.products.prices import discount, margin
from app.products.product import CUSTOM_LABELS, Product

RULE_NUMBERS = ("discount", "margin", *CUSTOM_LABELS)
"""Names of the numbers. Discount and margin are percentages."""

_NUMBER = re.compile(r"([+-]?\d{1,15}(?:[.,]\d{1,15})?)\s*%?")


def rule_numbers(product: Product) -> dict[str, float | None]:
    """Return the numbers of a product by name. A label that is not a number has None."""
    labels = {label: _read_number(getattr(product, label)) for label in CUSTOM_LABELS}
    return {"discount": discount(product), "margin": margin(product), **labels}


def _read_number(text: str | None) -> float | None:
    """Read a number such as "12", "-0.5", "3,5" or "40 %"."""
    match = _NUMBER.fullmatch(text or "")
    return float(match[1].replace(",", ".")) if match else None
