"""Tests of the translation of feed fields to products."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from app.catalogue.import_jobs import FeedProblem
from app.feeds.product_fields import read_record
from app.feeds.records import FeedItem, FeedRecord, Fields


def item(**fields: str | list[str]) -> FeedItem:
    result = read_record(_record(fields))
    assert isinstance(result, FeedItem), result
    return result


def problem(**fields: str | list[str]) -> str:
    result = read_record(_record(fields))
    assert isinstance(result, FeedProblem) and result.where == "line 7"
    return result.reason


def _record(fields: dict[str, str | list[str]]) -> FeedRecord:
    values: Fields = {name: value if isinstance(value, list) else [value] for name, value in fields.items()}
    return FeedRecord("line 7", {"id": ["7"], "image_link": ["a.jpg"], **values})


@pytest.mark.parametrize(
    ("spelling", "meant"),
    [
        ("in stock", "in_stock"),
        ("In_Stock", "in_stock"),
        ("https://schema.org/InStock", "in_stock"),
        ("out of stock", "out_of_stock"),
        ("sold out", "out_of_stock"),
        ("pre-order", "preorder"),
        ("backorder", "backorder"),
    ],
)
def test_availability(spelling: str, meant: str) -> None:
    assert item(availability=spelling).product.availability == meant


def test_an_unknown_availability_is_a_problem() -> None:
    assert "availability 'maybe' is unknown: expected in_stock" in problem(availability="maybe")


def test_entities_are_read_in_texts_but_not_in_links() -> None:
    product = item(title="Tom &amp; Jerry&#39;s", link="https://shop/?a=1&copy=2", product_type="A &gt; B").product
    assert (product.title, product.link, product.category) == ("Tom & Jerry's", "https://shop/?a=1&copy=2", "A > B")


def test_categories() -> None:
    google = "Apparel > Shoes"
    assert item(product_type="Boots", google_product_category=google).product.category == "Boots"
    assert item(google_product_category=google).product.category == google
    assert item(google_product_category="187").product.category is None
    assert item(category="Boots").product.category == "Boots"


def test_sale_prices() -> None:
    assert item(price="80 EUR", sale_price="60 EUR").product.price == 60
    assert item(price="80 EUR", sale_price="60 EUR").product.attributes == (("regular_price", "80 EUR"),)
    assert item(price="80 EUR", sale_price="60").product.currency == "EUR"
    assert item(price="80 EUR", sale_price="60 CHF").product.currency == "CHF"
    now = datetime.now(UTC)
    past, future = ((now + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M%z") for days in (-2, 2))
    for period, price in ((f"{past}/{future}", 60), (f"{past}/{past}", 80), (f"{future}/{future}", 80)):
        product = item(price="80 EUR", sale_price="60 EUR", sale_price_effective_date=period).product
        assert product.price == price
    assert "sale_price 'cheap' cannot be read" in problem(sale_price="cheap")
    reason = problem(price="80 EUR", sale_price="60 EUR", sale_price_effective_date="today")
    assert "sale_price_effective_date 'today' cannot be read" in reason


def test_currencies_of_their_own_column() -> None:
    assert item(price="12", currency="usd").product.currency == "USD"
    assert item(price="12 EUR", currency="usd").product.currency == "EUR"
    assert item(currency="usd").product.currency is None
    assert item(price="12.5 EUR").product.price == Decimal("12.5")


def test_several_photos() -> None:
    links = item(additional_image_link=["b.jpg, c.jpg,a.jpg", "d.jpg"]).links
    assert links == ("a.jpg", "b.jpg", "c.jpg", "d.jpg")
    assert len(item(additional_image_link=[f"{n}.jpg" for n in range(50)]).links) == 20


def test_all_else_is_an_attribute_unless_it_is_too_long() -> None:
    fields: dict[str, str | list[str]] = {"gtin": "123", "c:heel": "high", "html": "x" * 1001, "revision": "9"}
    product = item(**fields, material=["leather", "wool"], color=["Black", "Red"], size="41", brand="Acme").product
    expected = (("c_heel", "high"), ("gtin", "123"), ("material", "leather"), ("material", "wool"))
    assert product.attributes == expected
    assert (product.color, product.size, product.brand) == ("Black/Red", "41", "Acme")


def test_groups_and_the_systems_of_sizes_are_fields() -> None:
    types = ["Petite", "Maternity"]
    product = item(item_group_id=" shoe  7 ", size="8, 9", size_system="us", size_type=types).product
    assert (product.group_id, product.size_system, product.size_type) == ("shoe 7", "US", "petite maternity")
    assert product.sizes == ["US 8 petite maternity", "US 9 petite maternity"] and product.attributes == ()
    assert item(group_id="shoe 7").product.group_id == "shoe 7"  # as GET /products writes it


def test_custom_labels_and_costs_are_no_attributes() -> None:
    product = item(custom_label_0="Clearance", custom_label_4="40 %", cost_of_goods_sold="30,00 EUR").product
    assert (product.custom_label_0, product.custom_label_4) == ("clearance", "40 %")
    assert product.cost_of_goods_sold == "30,00 EUR" and product.attributes == ()
    assert "cost_of_goods_sold 'low' cannot be read" in problem(cost_of_goods_sold="low")


def test_several_sizes_are_found_by_each() -> None:
    for size in (["41", "42"], "41/42", "41, 42", "41 / 42"):
        product = item(size=size).product
        assert [value for name, value in product.traits() if name == "size"] == ["41", "42"]
    product = item(size=["38 2/3", "40"]).product
    assert product.size == "38 2/3 / 40"
    assert [value for name, value in product.traits() if name == "size"] == ["38 2/3", "40"]


def test_too_long_a_text_is_a_problem() -> None:
    assert "description has 10,001 characters: expected at most 10,000" in problem(description="x" * 10_001)
