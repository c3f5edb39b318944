"""The form of a product: its fields as texts, and the patch that an operator's changes make.

The form also has the texts that it was opened with. Only fields that the operator has changed are patched, so a feed
that changes others meanwhile is not undone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from app.admin.forms import Form, get_field
from app.api.schemas.patches import parse_patch
from app.asgi.errors import ApiError
from app.core.error_text import truncate
from app.products.languages.translations import join_name, split_name
from app.products.product import Product
from app.products.product_patch import ProductPatch

TEXTS: Mapping[str, str] = {  # label by field, in the order of the form
    "title": "Title",
    "price": "Price",
    "currency": "Currency",
    "brand": "Brand",
    "category": "Category",
    "link": "Link",
    "color": "Colour",
    "size": "Size",
    "size_system": "Size system",
    "size_type": "Size type",
    "gender": "Gender",
    "group_id": "Group of variants",
}
ATTRIBUTES = "attributes"
NEW_TEXTS = "new_texts"
"""Name of the field with texts in languages that the product lacks."""
BEFORE = "before."
"""Prefix of the hidden fields that have the texts with which the form was opened."""

_FIELDS = (*TEXTS, "availability", "description")


def fill_form(product: Product) -> dict[str, str]:
    """Return the texts of a product's fields, by name, and of its translations, by names such as title_de."""
    texts = {name: str(getattr(product, name) or "") for name in _FIELDS}
    price = "" if product.price is None else str(product.price)
    lines = "\n".join(f"{name}: {value}" for name, value in product.attributes)
    translations = {join_name(language, field): text for language, field, text in product.translations}
    return texts | {"price": price, ATTRIBUTES: lines} | translations


def label_translations(texts: Form) -> dict[str, str]:
    """Return the labels of the translations among the texts of a form, by name."""
    places = {name: place for name in texts if (place := split_name(name)) is not None}
    return {name: f"{TEXTS.get(field, 'Description')} ({language})" for name, (language, field) in places.items()}


def read_changes(form: Form, product_id: str) -> ProductPatch | None:
    """Read what an operator has changed; None for nothing. Raises ApiError for values that no product can have."""
    names = [*_FIELDS, *(name for name in form if split_name(name) is not None)]
    changes: dict[str, object] = {name: get_field(form, name) or None for name in names if _is_changed(form, name)}
    changes |= _parse_texts(get_field(form, NEW_TEXTS) if NEW_TEXTS in form else "")
    if _is_changed(form, ATTRIBUTES):
        before, after = (_parse_attributes(get_field(form, f"{prefix}{ATTRIBUTES}")) for prefix in (BEFORE, ""))
        names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        changes[ATTRIBUTES] = {name: after.get(name) for name in names}
    if not changes:
        return None
    return parse_patch(json.dumps(changes).encode("utf-8", "surrogatepass"), product_id)


def _is_changed(form: Form, name: str) -> bool:
    """Return whether a field has another text than before. Browsers drop the line breaks of fields of one line."""
    before, after = get_field(form, f"{BEFORE}{name}"), get_field(form, name)
    if name in TEXTS or (split_name(name) is not None and not name.startswith("description")):
        before = before.replace("\n", "")
    return before != after


def _parse_texts(text: str) -> dict[str, str]:
    """Parse lines of "title_de: text" to texts by name. Raises ApiError for a line of another form."""
    texts: dict[str, str] = {}
    for line in filter(str.strip, text.split("\n")):
        name, _, value = line.partition(":")
        if split_name(name.strip()) is None or not value.strip():
            message = f"text {truncate(line)} cannot be read: expected a line such as 'title_de: Roter Stiefel'"
            raise ApiError(422, "invalid_product", message)
        texts[name.strip()] = value.strip()
    return texts


def _parse_attributes(text: str) -> dict[str, list[str]]:
    """Parse lines of "name: value" to values by name. Raises ApiError for a line without a colon."""
    attributes: dict[str, list[str]] = {}
    for line in filter(str.strip, text.split("\n")):
        name, colon, value = line.partition(":")
        if not colon or not value.strip():
            message = f"attribute {truncate(line)} cannot be read: expected a line such as 'material: leather'"
            raise ApiError(422, "invalid_product", message)
        attributes.setdefault(name.strip().lower(), []).append(value.strip())
    return attributes
