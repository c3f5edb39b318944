"""Request and response bodies of writes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from app.asgi.errors import ApiError
from app.core.error_text import describe_validation_error, path_of, truncate
from app.feeds.field_values import join_texts, join_values, read_availability
from app.products.languages.translations import NAME_FORM, Place, replace_languages, split_name
from app.products.prices import read_price
from app.products.product import MAX_PHOTOS, MAX_TEXT, Product

MAX_METADATA_BYTES = 256 * 1024
_GROUP_ALIAS = "item_group_id"
_UNKNOWN = "unknown_name"  # type of the error about a field that products do not have

_Price = Annotated[
    Decimal,
    Field(ge=0, lt=10**12, allow_inf_nan=False),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}]}),
]


def _as_list(value: object) -> object:
    """Return one text or several as a list. A union of types would name both in its error messages."""
    if not isinstance(value, str | list):
        raise PydanticCustomError("texts", "a text or a list of texts")
    return [value] if isinstance(value, str) else value


Texts = Annotated[
    list[str],
    BeforeValidator(_as_list),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


def _as_price_text(value: object) -> object:
    """Return a price as a text, from which the catalogue reads it when it is needed."""
    text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    if isinstance(text, str):
        try:
            read_price("the price", text.strip())
        except ValueError:
            raise PydanticCustomError("price", "a number, or a text such as '30.00 EUR'") from None
    return text


_PriceText = Annotated[
    str,
    BeforeValidator(_as_price_text),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}]}),
]


def _describe_translations(schema: dict[str, Any]) -> None:
    """Describe texts in other languages, such as title_de, in the JSON schema of a product's fields."""
    texts = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"type": "null"}]}
    schema["patternProperties"] = {NAME_FORM: texts | {"description": "text in another language; null removes it"}}
    schema["additionalProperties"] = False


_Label = Annotated[str | None, Field(description="private value of the shop's own, for rules", examples=["clearance"])]


class ProductFields(BaseModel):
    """Fields of a product in a request, without its attributes. Further fields are texts in other languages."""

    model_config = ConfigDict(extra="allow", json_schema_extra=_describe_translations)
    __pydantic_extra__: dict[str, Texts | None]

    product_id: str | None = Field(
        None, description="optional; if given, must equal the id in the path", examples=["boot-017"]
    )
    title: str | None = Field(None, description="title of the product; default: its id", examples=["Red boot"])
    category: str | None = Field(None, description="path such as 'Shoes > Boots'", examples=["Shoes > Boots"])
    price: _Price | None = Field(None, description="a number, or a text as in feeds", examples=["59.90", "59.90 EUR"])
    currency: str | None = Field(None, description="ISO 4217 code", examples=["EUR"])
    link: str | None = Field(
        None, description="page of the product in the shop", examples=["https://shop.example/boot-017"]
    )
    color: Texts | None = Field(
        None, description="one or several: 'Black/Red', or a list", examples=["Black/Red", ["Black", "Red"]]
    )
    gender: str | None = Field(None, description="gender that it is made for", examples=["women"])
    brand: str | None = Field(None, description="name of the brand", examples=["Acme"])
    size: Texts | None = Field(None, description="one or several: '41/42', or a list", examples=["41/42", ["41", "42"]])
    size_system: str | None = Field(None, description="system of the sizes", examples=["EU"])
    size_type: Texts | None = Field(None, description="type of the sizes, such as 'tall'", examples=["tall"])
    group_id: str | None = Field(
        None,
        validation_alias=AliasChoices("group_id", _GROUP_ALIAS),
        description="common to the variants of one product, such as the sizes of a shoe; `item_group_id` works too",
        examples=["boot-g7"],
    )
    availability: str | None = Field(
        None, description="in_stock, out_of_stock, preorder or backorder", examples=["in_stock"]
    )
    description: str | None = Field(None, description="text for people", examples=["Ankle boot with a zip"])
    custom_label_0: _Label = None
    custom_label_1: _Label = None
    custom_label_2: _Label = None
    custom_label_3: _Label = None
    custom_label_4: _Label = None
    cost_of_goods_sold: _PriceText | None = Field(
        None, description="private cost to the shop, from which rules know the margin", examples=["30.00 EUR"]
    )

    @model_validator(mode="before")
    @classmethod
    def _check_names(cls, values: object) -> object:
        """Check that the names are those of fields, or of texts in other languages. Other bodies are left alone."""
        for name in values if isinstance(values, dict) else ():
            if name not in cls.model_fields and name != _GROUP_ALIAS and split_name(name) is None:
                raise PydanticCustomError(_UNKNOWN, "a field of a product", {"name": name})
        return values

    @model_validator(mode="before")
    @classmethod
    def _split_price(cls, values: object) -> object:
        """Parse a price as feeds spell it, with or without a currency. The field validates all other values."""
        if not isinstance(values, dict) or not isinstance(values.get("price"), str):
            return values
        with suppress(ValueError):
            price, currency = read_price("price", values["price"].strip())
            return {**values, "price": str(price), **({"currency": currency} if currency else {})}
        return values

    def translations(self) -> dict[Place, str | None]:
        """Return the texts in other languages, None for those to remove. Raises ApiError for several titles."""
        places = {place: name for name in self.__pydantic_extra__ if (place := split_name(name)) is not None}
        try:
            return {place: join_texts(name, self.__pydantic_extra__[name]) for place, name in places.items()}
        except ValueError as error:
            raise ApiError(422, "invalid_product", str(error)) from None

    def check_id(self, product_id: str) -> None:
        """Check that an id in the body is that of the path. Raises ApiError id_mismatch."""
        if self.product_id not in (None, product_id):
            message = f"product_id is {truncate(self.product_id)}: expected {truncate(product_id)}, the one in the path"
            raise ApiError(422, "id_mismatch", message)

    def values(self, product_id: str) -> dict[str, Any]:
        """Return the values of all fields of Product that a request may name, except id and attributes."""
        values = self.model_dump(include=set(ProductFields.model_fields) - {"product_id"})
        values |= {name: join_values(name, values[name] or []) for name in ("color", "size", "size_type")}
        return values | {"title": self.title or product_id, "availability": read_availability(self.availability)}


class ProductBody(ProductFields):
    """Metadata of a product, without its photos. Fields that are missing are cleared."""

    attributes: dict[str, Texts] = Field({}, description="further properties by name", examples=[{"heel": "high"}])
    image_link: Texts | None = Field(
        None,
        description="URL of the photo, or several, which replace all photos; only without photos in the request",
        examples=["https://shop.example/boot.jpg"],
    )

    @field_validator("image_link")
    @classmethod
    def _check_links(cls, links: list[str] | None) -> list[str] | None:
        """Check the number and form of links, before any is fetched."""
        if links is not None and len(links) > MAX_PHOTOS:
            raise PydanticCustomError("links", f"at most {MAX_PHOTOS} links")
        for link in links or ():
            if link.partition("://")[0].lower() not in ("http", "https") or len(link) > MAX_TEXT:
                raise PydanticCustomError("link", f"http:// or https://, and at most {MAX_TEXT:,} characters")
        return links

    def to_product(self, product_id: str, old: Product | None = None) -> Product:
        """Return the product with that id, without photos. Raises ApiError for a different id or invalid values.

        Translations of its old state stay in languages that the body does not name.
        """
        self.check_id(product_id)
        attributes = tuple((name, value) for name, texts in self.attributes.items() for value in texts)
        try:
            translations = replace_languages(old.translations if old else (), self.translations())
            return Product(product_id, attributes=attributes, translations=translations, **self.values(product_id))
        except ValueError as error:
            raise ApiError(422, "invalid_product", str(error)) from None


_Fields = TypeVar("_Fields", bound=ProductFields)


def parse_product(data: bytes, model: type[_Fields]) -> _Fields:
    """Parse fields as JSON. Raises ApiError invalid_product, which names the field, or body_too_large."""
    if len(data) > MAX_METADATA_BYTES:
        message = f"the product's JSON has {len(data):,} bytes: expected at most {MAX_METADATA_BYTES:,}"
        raise ApiError(413, "body_too_large", message, {"limit": MAX_METADATA_BYTES})
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = path_of(first["loc"])
        message = describe_validation_error(first, where)
        if first["type"] == _UNKNOWN:
            where = first["ctx"]["name"]
            fields = f"{', '.join(model.model_fields)}, or a text in another language such as title_de"
            message = f"{path_of((where,))} is unknown: expected some of {fields}"
        raise ApiError(422, "invalid_product", message, {"where": where[:80]}) from None


class Deleted(BaseModel):
    """Deletion of a product."""

    product_id: str = Field(description="id of the deleted product", examples=["boot-017"])
    revision: int = Field(description="revision of the catalogue without the product", examples=[331])


class DeletedMany(BaseModel):
    """Deletion of many products."""

    deleted: int = Field(description="products that were deleted", examples=[2])
    unknown: int = Field(description="ids of no product, such as of one that was deleted before", examples=[1])
    revision: int | None = Field(
        description="revision of the catalogue without the products; null if nothing changed", examples=[331]
    )

    @staticmethod
    def from_revisions(product_ids: Collection[str], revisions: Mapping[str, int]) -> DeletedMany:
        """Build the response from the requested ids and the revisions of the deletions by id."""
        unknown = len(set(product_ids) - revisions.keys())
        return DeletedMany(deleted=len(revisions), unknown=unknown, revision=max(revisions.values(), default=None))
