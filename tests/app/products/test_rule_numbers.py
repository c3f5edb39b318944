"""Numbers of a product that rules compare: margin, discount, and labels that are numbers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.products.product import Product
from app.products.rule_numbers import RULE_NUMBERS, rule_number


def numbers(price: str | None = "60", currency: str | None = "EUR", **fields: str) -> dict[str, float | None]:
    attributes = (("regular_price", fields.pop("regular")),) if "regular" in fields else ()
    amount = None if price is None else Decimal(price)
    product = Product("a", "A", price=amount, currency=currency, attributes=attributes, **fields)  # type: ignore[arg-type]
    return {name: rule_number(product, name) for name in RULE_NUMBERS}


@pytest.mark.parametrize(
    ("price", "cost", "expected"),
    [
        ("60", "30.00 EUR", 50),
        ("60", "30", 50),
        ("60", "€ 45,00", 25),
        ("60", "75 EUR", -25),
        ("60", "30 USD", None),
        ("0", "30 EUR", None),
        (None, "30 EUR", None),
        ("60", "unknown", None),
    ],
)
def test_the_margin_is_a_percentage_of_the_price(price: str | None, cost: str, expected: float | None) -> None:
    assert numbers(price, cost_of_goods_sold=cost)["margin"] == expected


def test_the_discount_is_a_percentage_of_the_regular_price() -> None:
    assert numbers(regular="80 EUR")["discount"] == 25
    assert numbers(regular="60 EUR")["discount"] is numbers()["discount"] is None


@pytest.mark.parametrize(
    ("label", "expected"),
    [("7", 7), (" -0.5 ", -0.5), ("3,5", 3.5), ("40 %", 40), ("7 days", None), ("1,299.00", None), ("NaN", None)],
)
def test_a_label_may_be_a_number(label: str, expected: float | None) -> None:
    assert numbers(custom_label_3=label)["custom_label_3"] == expected


def test_labels_are_compared_without_case_and_spaces() -> None:
    product = Product("a", "A", custom_label_0="  End of  SEASON ", custom_label_4=" ")
    assert (product.custom_label_0, product.custom_label_4) == ("end of season", None)
    assert Product("a", "A", custom_label_0=product.custom_label_0) == Product("a", "A", custom_label_0="End of season")
