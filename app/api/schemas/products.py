"""The JSON that the HTTP interface speaks, as OpenAPI documents it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from app.products.product import Product


class _Shown(BaseModel):
    """What results and products have in common."""

    product_id: str
    title: str
    category: str | None = Field(description="path such as 'Shoes > Boots'")
    price: float | None
    currency: str | None = Field(description="ISO 4217 code")
    link: str | None = Field(description="the shop's page, as its feed has it")
    photo_url: str | None
    thumbnail_url: str | None = Field(description="the same photo, at most 320 px")


class AttributeInfo(BaseModel):
    """Something else that is known of a product, such as its material."""

    name: str
    value: str


class ProductInfo(_Shown):
    """One product of the gallery."""

    color: str | None
    gender: str | None
    brand: str | None
    size: str | None
    availability: str | None = Field(description="in_stock, out_of_stock, preorder, backorder, or null: not known")
    description: str | None
    attributes: list[AttributeInfo] = Field(description="whatever else is known of it")
    photo_urls: list[str] = Field(description="all its photos, the one at photo_url first")

    @staticmethod
    def of(product: Product) -> ProductInfo:
        """The product as clients see it."""
        return ProductInfo(
            **_shown(product, product.photo),
            color=product.color,
            gender=product.gender,
            brand=product.brand,
            size=product.size,
            availability=product.availability,
            description=product.description,
            attributes=[AttributeInfo(name=name, value=value) for name, value in product.attributes],
            photo_urls=[photo_url(photo.name) for photo in product.photos if photo.name],
        )


class ProductDetails(ProductInfo):
    """One product with the size of its photo, so that a page can keep room for it."""

    photo_width: int | None = Field(description="px of the photo at photo_url")
    photo_height: int | None

    @staticmethod
    def showing(product: Product, photo_size: tuple[int, int] | None) -> ProductDetails:
        """The product as clients see it."""
        width, height = photo_size or (None, None)
        return ProductDetails(**dict(ProductInfo.of(product)), photo_width=width, photo_height=height)


class ProductPage(BaseModel):
    """Some products, in the order of their ids."""

    products: list[ProductInfo]
    next: str | None = Field(description="`after` of the next page; null on the last")


def photo_url(name: str) -> str:
    """Where the photo of that name is served."""
    return f"/photos/{name}.webp"


def _shown(product: Product, photo: str) -> dict[str, Any]:
    """What is shown of a product beside one of its photos."""
    return {
        "product_id": product.product_id,
        "title": product.title,
        "category": product.category,
        "price": None if product.price is None else float(product.price),
        "currency": product.currency,
        "link": product.link,
        "photo_url": photo_url(photo) if photo else None,
        "thumbnail_url": f"/photos/{photo}.thumb.webp" if photo else None,
    }
