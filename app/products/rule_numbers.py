"""Numbers of a product that conditions of rules compare. The catalogue stores them, so that SQL compares them too."""

from __future__ import annotations

import re

from app.products.prices import discount, margin
from app.products.product import CUSTOM_LABELS, Product

RULE_NUMBERS = ("discount", "margin", *CUSTOM_LABELS)
"""Names of the numbers. Discount and margin are percentages."""

_NUMBER = re.compile(r"([+-]?\d{1,15}(?:[.,]\d{1,15})?)\s*%?")


def rule_number(product: Product, name: str) -> float | None:
    """Return one of RULE_NUMBERS of a product: of a label "12", "-0.5", "3,5" or "40 %". Any other label has None."""
    if name == "discount":
        return discount(product)
    if name == "margin":
        return margin(product)
    match = _NUMBER.fullmatch(getattr(product, name) or "")
    return float(match[1].replace(",", ".")) if match else None
