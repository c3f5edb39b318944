"""The form of a product: only what an operator has changed becomes a patch."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.admin.product_form import BEFORE, fill_form, read_changes
from app.asgi.errors import ApiError
from app.products.languages.translations import Translation
from app.products.product import Product

BOOT = Product(
    "boot",
    title="Red\nboot",
    price=Decimal("59.90"),
    currency="EUR",
    brand="Acme",
    availability="in_stock",
    description="One\ntwo",
    attributes=(("heel", "high"), ("sole", "gum"), ("sole", "rubber")),
    translations=(Translation("de", "description", "Eins\nzwei"), Translation("de", "title", "Roter\nStiefel")),
)


def sent(**changes: str) -> dict[str, str]:
    """Return the fields as a browser sends them."""
    texts = fill_form(BOOT)
    shown = texts | {"title": "Redboot", "title_de": "RoterStiefel"}  # an input of one line drops line breaks
    return {f"{BEFORE}{name}": text for name, text in texts.items()} | shown | changes


def test_an_unchanged_form_changes_nothing() -> None:
    assert read_changes(sent(), "boot") is None
    assert read_changes(sent(title=" Redboot "), "boot") is None


def test_changed_fields_are_patched_and_emptied_ones_removed() -> None:
    form = sent(price="49.90 USD", brand="", availability="out_of_stock", attributes="heel: low\nsole: gum")
    patch = read_changes(form, "boot")
    assert patch is not None and patch.fields.keys() == {"price", "currency", "brand", "availability"}
    changed = patch.apply(BOOT)
    assert (changed.price, changed.currency, changed.brand) == (Decimal("49.90"), "USD", None)
    assert changed.attributes == (("heel", "low"), ("sole", "gum")) and changed.title == "Red\nboot"


def test_texts_in_other_languages_are_changed_alone() -> None:
    patch = read_changes(sent(title_de="Boot", new_texts="title_fr: Botte : rouge\n\ncolor_de: Rot"), "boot")
    assert patch is not None and not patch.fields
    assert patch.translations == {("de", "title"): "Boot", ("fr", "title"): "Botte : rouge", ("de", "color"): "Rot"}
    removed = read_changes(sent(description_de=""), "boot")
    assert removed is not None and removed.apply(BOOT).translations == BOOT.translations[1:]


def test_attributes_that_are_gone_are_removed_alone() -> None:
    patch = read_changes(sent(attributes="sole: gum\nsole: rubber\n"), "boot")
    assert patch is not None and dict(patch.attributes or {}) == {"heel": []}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"price": "cheap"}, "price is 'cheap': expected"),
        ({"availability": "perhaps"}, "availability"),
        ({"attributes": "leather"}, "expected a line such as 'material: leather'"),
        ({"new_texts": "title_jp: Buutsu"}, "expected a line such as 'title_de: Roter Stiefel'"),
        ({"attributes": "price: 5"}, "expected a name other than a product's fields"),
        ({"brand": "a\0"}, "field 'brand' has a NUL character"),
    ],
)
def test_unusable_values_are_named(changes: dict[str, str], message: str) -> None:
    with pytest.raises((ApiError, ValueError), match=message):
        patch = read_changes(sent(**changes), "boot")
        assert patch is not None
        patch.apply(BOOT)
