"""The regular price of products on sale, and of their groups."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.products.prices import regular_price
from app.products.product import Product
from app.products.variants import VariantPrices, Variants


def shoe(name: str, price: str | None, regular: str | None = None, currency: str | None = "EUR") -> Product:
    attributes = (("regular_price", regular),) if regular else ()
    amount = None if price is None else Decimal(price)
    return Product(name, "Shoe", price=amount, currency=currency, group_id="shoe", attributes=attributes)


@pytest.mark.parametrize(
    ("product", "expected"),
    [
        (shoe("a", "60", "80 EUR"), 80),
        (shoe("a", "60", "80"), 80),  # as WooCommerce's recipe writes it
        (shoe("a", "60", "1.299,00 €"), 1299),
        (shoe("a", "60", "80 CHF"), None),
        (shoe("a", "60", "80 EUR", None), None),
        (shoe("a", "60", "60 EUR"), None),
        (shoe("a", "60", "soon"), None),
        (shoe("a", "60"), None),
        (shoe("a", None, "80 EUR"), None),
    ],
)
def test_only_a_higher_price_in_the_same_currency_is_regular(product: Product, expected: int | None) -> None:
    assert regular_price(product) == expected


def test_a_group_is_on_sale_if_all_its_cheapest_variants_are() -> None:
    cheap, cheaper, dear = shoe("a", "40", "70"), shoe("b", "40", "60"), shoe("c", "50", "55")
    assert Variants.of([cheap, cheaper, dear]).prices == [VariantPrices("EUR", Decimal(40), Decimal(50), Decimal(60))]
    regular = shoe("d", "40")
    assert Variants.of([cheap, regular]).prices == [VariantPrices("EUR", Decimal(40), Decimal(40))]
    foreign = shoe("e", "30", currency="USD")
    euros, dollars = Variants.of([dear, foreign]).prices
    assert euros.regular == 55 and dollars.regular is None
