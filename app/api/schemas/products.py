"""Response bodies of products."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from app.products.prices import regular_price
from app.products.product import Product


class ProductSummary(BaseModel):
    """Fields that search results and products share."""

    product_id: str = Field(description="stable name of the product, as given in the feed", examples=["boot-017"])
    title: str = Field(description="name for people", examples=["Red boot"])
    category: str | None = Field(description="path such as 'Shoes > Boots'", examples=["Shoes > Boots"])
    category_label: str | None = Field(
        description="the same path in the language of the answer", examples=["Schuhe > Stiefel"]
    )
    price: float | None = Field(description="price in the currency", examples=[89.9])
    currency: str | None = Field(description="ISO 4217 code", examples=["EUR"])
    regular_price: float | None = Field(
        description="price outside of the sale; null unless the product is on sale", examples=[119.9]
    )
    brand: str | None = Field(description="brand as given in the feed", examples=["Acme"])
    link: str | None = Field(
        description="page of the product in the shop, as given in the feed", examples=["https://shop.example/boot-017"]
    )
    photo_url: str | None = Field(
        description="path of the photo on this server", examples=["/photos/9f86d081884c7d65.webp"]
    )
    thumbnail_url: str | None = Field(
        description="the same photo, at most 320 px", examples=["/photos/9f86d081884c7d65.thumb.webp"]
    )
    photo_urls: list[str] = Field(
        description="all photos of the product, the main one first", examples=[["/photos/9f86d081884c7d65.webp"]]
    )


class AttributeInfo(BaseModel):
    """Further property of a product, such as its material."""

    name: str = Field(description="name of the attribute", examples=["material"])
    value: str = Field(description="its value", examples=["leather"])


class ColorInfo(BaseModel):
    """Colour measured on a product's photo."""

    color: str = Field(description="'#rrggbb'", examples=["#c0252d"])
    share: float = Field(description="share of the product, 0 to 1", examples=[0.72])


class TextsInfo(BaseModel):
    """Texts of a product in a language. Those that it lacks are null."""

    title: str | None = Field(None, description="name for people", examples=["Roter Stiefel"])
    category: str | None = Field(None, description="path of the category", examples=["Schuhe > Stiefel"])
    description: str | None = Field(None, description="text for people", examples=["Stiefelette mit Reißverschluss"])
    color: str | None = Field(None, description="one colour, or several separated by '/'", examples=["Schwarz/Rot"])
    link: str | None = Field(
        None, description="page of the product in the shop", examples=["https://shop.example/de/boot-017"]
    )


class ProductInfo(ProductSummary):
    """Product of the gallery."""

    color: str | None = Field(description="one colour, or several separated by '/'", examples=["Black/Red"])
    color_label: str | None = Field(
        description="the same colours in the language of the answer", examples=["Schwarz/Rot"]
    )
    measured_colors: list[ColorInfo] | None = Field(
        description="colours measured on the first photo, the largest share first; null if they are not measured",
        examples=[[{"color": "#c0252d", "share": 0.72}]],
    )
    gender: str | None = Field(description="gender as given in the feed", examples=["women"])
    size: str | None = Field(description="one size, or several separated by '/'", examples=["41/42"])
    size_system: str | None = Field(description="system of the sizes", examples=["EU"])
    size_type: str | None = Field(description="type of the sizes, such as tall", examples=["tall"])
    group_id: str | None = Field(
        description="common to the variants of one product; `item_group_id` in feeds", examples=["boot-g7"]
    )
    availability: str | None = Field(
        description="in_stock, out_of_stock, preorder or backorder; null if unknown", examples=["in_stock"]
    )
    description: str | None = Field(description="text for people", examples=["Ankle boot with a zip"])
    attributes: list[AttributeInfo] = Field(description="further properties of the product")
    translations: dict[str, TextsInfo] = Field(
        description="texts in further languages, by their codes", examples=[{"de": {"title": "Roter Stiefel"}}]
    )

    @staticmethod
    def from_product(product: Product, lang: str | None = None) -> ProductInfo:
        """Build the response from a product, with the texts of a language as far as the product has them."""
        return ProductInfo(
            **summarise(product, product.photo, lang),
            color=product.color,
            color_label=product.text("color", lang),
            measured_colors=_list_colors(product),
            gender=product.gender,
            size=product.size,
            size_system=product.size_system,
            size_type=product.size_type,
            group_id=product.group_id,
            availability=product.availability,
            description=product.text("description", lang),
            attributes=[AttributeInfo(name=name, value=value) for name, value in product.attributes],
            translations=_group_by_language(product),
        )


class ProductDetails(ProductInfo):
    """Product with the size of its photo, so that pages can reserve space for it."""

    photo_width: int | None = Field(description="width of the photo at photo_url, in px", examples=[1200])
    photo_height: int | None = Field(description="height of the same photo, in px", examples=[900])

    @staticmethod
    def from_product(
        product: Product, lang: str | None = None, photo_size: tuple[int, int] | None = None
    ) -> ProductDetails:
        """Build the response from a product, a language, and the width and height of its photo in px."""
        width, height = photo_size or (None, None)
        return ProductDetails(**dict(ProductInfo.from_product(product, lang)), photo_width=width, photo_height=height)


class ProductPage(BaseModel):
    """Page of products, in the order of their ids."""

    products: list[ProductInfo]
    next: str | None = Field(description="`after` of the next page; null on the last", examples=["boot-017", None])


def _list_colors(product: Product) -> list[ColorInfo] | None:
    colors = product.measured_colors
    return None if colors is None else [ColorInfo(color=color, share=share) for color, share in colors]


def _group_by_language(product: Product) -> dict[str, TextsInfo]:
    """Return the translations of a product by language."""
    texts: dict[str, dict[str, str]] = {}
    for language, field, text in product.translations:
        texts.setdefault(language, {})[field] = text
    return {language: TextsInfo(**fields) for language, fields in texts.items()}


def photo_url(name: str) -> str:
    """Return the path at which the server serves a photo."""
    return f"/photos/{name}.webp"


def summarise(product: Product, photo: str, lang: str | None) -> dict[str, Any]:
    """Return the fields of ProductSummary for a product, the name of one of its photos ("" for none) and a language."""
    regular = regular_price(product)
    return {
        "product_id": product.product_id,
        "title": product.text("title", lang),
        "category": product.category,
        "category_label": product.text("category", lang),
        "price": None if product.price is None else float(product.price),
        "currency": product.currency,
        "regular_price": None if regular is None else float(regular),
        "brand": product.brand,
        "link": product.text("link", lang),
        "photo_url": photo_url(photo) if photo else None,
        "thumbnail_url": f"/photos/{photo}.thumb.webp" if photo else None,
        "photo_urls": [photo_url(stored.name) for stored in product.photos if stored.name],
    }
