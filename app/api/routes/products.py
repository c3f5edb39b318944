"""Routes of products, categories, facets and photos."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import FileResponse

from app.api.authentication import WriteAccess
from app.api.requests.filter_parameters import FiltersOf, Variants
from app.api.requests.product_id_paths import ProductId, unknown_product_error
from app.api.requests.product_upload import PUT_DOCS, PhotoUpload, ProductUpload, read_product
from app.api.requests.query_parameters import NulFreeText
from app.api.schemas.errors import error_docs
from app.api.schemas.facets import CategoryList, FacetsResponse
from app.api.schemas.products import ProductDetails, ProductInfo, ProductPage
from app.api.schemas.writes import Deleted
from app.asgi.body_memory import WriteBody
from app.asgi.cache_headers import FOR_EVER
from app.asgi.dependencies import ServiceOf
from app.asgi.errors import ApiError
from app.core.error_text import truncate
from app.gallery.gallery import Gallery
from app.ingest.product_preparer import DraftPhoto, ProductUpdate
from app.products.grouping import Grouping
from app.products.product import Product

_PHOTO_NAME = re.compile(r"[0-9a-f]{64}(\.thumb)?\.webp")
# the name is the hash of the content; pages of other origins may show photos
_PHOTO_HEADERS = {**FOR_EVER, "Cross-Origin-Resource-Policy": "cross-origin"}

PhotoName = Annotated[
    str,
    Path(
        max_length=100,
        description="SHA-256 of the photo, and .webp or .thumb.webp",
        examples=[f"{'9f86d081884c7d65' * 4}.thumb.webp"],
    ),
]

router = APIRouter()
write_router = APIRouter(tags=["writes"])
photo_router = APIRouter()  # without a key, since browsers load images without one; names cannot be guessed


@write_router.put(
    "/products/{product_id:path}",
    responses={
        201: {"model": ProductDetails, "description": "Created"},
        **error_docs(401, 403, 408, 413, 415, 422, 429, 500, 503),
    },
    openapi_extra={"requestBody": PUT_DOCS},
)
async def put_product(
    request: Request,
    response: Response,
    product_id: ProductId,
    service: ServiceOf,
    key: WriteAccess,
    reservation: WriteBody,
) -> ProductDetails:
    """Add or replace a product. Without photos, or without metadata, the product keeps those that it has."""
    upload = await read_product(request, reservation, service.settings.max_write_bytes)
    written = await service.put(_build_update(product_id, upload))
    response.status_code = 200 if written.old else 201
    return ProductDetails.from_product(written.product, service.gallery.photos.size(written.product.photo))


@write_router.delete("/products/{product_id:path}", responses=error_docs(401, 403, 404, 422, 429, 500, 503))
async def delete_product(
    product_id: ProductId, service: ServiceOf, key: WriteAccess, reservation: WriteBody
) -> Deleted:
    """Delete a product."""
    revision = await service.delete(product_id)
    if revision is None:
        raise unknown_product_error(product_id)
    return Deleted(product_id=product_id, revision=revision)


def _build_update(product_id: str, upload: ProductUpload) -> ProductUpdate:
    """Return the update of a product that an upload describes."""

    def describe(old: Product | None) -> Product:
        if old is None and not upload.photos:
            message = f"product {truncate(product_id)} is new and has no photo: expected a file in the field 'photo'"
            raise ApiError(422, "missing_photo", message)
        if upload.metadata is not None:
            return upload.metadata.to_product(product_id)
        if old is not None:
            return old
        try:
            return Product(product_id, title=product_id)
        except ValueError as error:
            raise ApiError(422, "invalid_product", str(error)) from None

    photos = [_build_photo(number, photo) for number, photo in enumerate(upload.photos, 1)]
    return ProductUpdate(product_id, describe, photos or None)


def _build_photo(number: int, photo: PhotoUpload) -> DraftPhoto:
    return DraftPhoto("", lambda known: photo.data, f"photo {number} ({truncate(photo.filename)})")


@router.get("/products", responses=error_docs(401, 422, 500, 503), tags=["products"])
def list_products(
    service: ServiceOf,
    after: Annotated[
        NulFreeText | None,
        Query(max_length=1000, description="`next` of the previous page", examples=["boot-017"]),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="largest number of products on a page", examples=[200])] = 50,
) -> ProductPage:
    """List all products, page by page, in the order of their ids."""
    products = service.gallery.catalogue.page(after, limit + 1)
    page, has_more = products[:limit], len(products) > limit
    infos = [ProductInfo.from_product(product) for product in page]
    return ProductPage(products=infos, next=page[-1].product_id if has_more else None)


@router.get("/products/{product_id:path}", responses=error_docs(401, 404, 422, 500, 503), tags=["products"])
def get_product(product_id: ProductId, service: ServiceOf) -> ProductDetails:
    """Return one product."""
    product = service.gallery.catalogue.get(product_id)
    if product is None:
        raise unknown_product_error(product_id)
    return ProductDetails.from_product(product, service.gallery.photos.size(product.photo))


@router.get("/categories", responses=error_docs(401, 422, 500, 503), tags=["products"])
def list_categories(service: ServiceOf, *, variants: Variants = False) -> CategoryList:
    """List all categories, with the number of products in and below each."""
    gallery = service.gallery
    return CategoryList.from_counts(gallery.catalogue.categories(_choose_grouping(gallery, variants=variants)))


@router.get("/facets", responses=error_docs(401, 422, 500, 503), tags=["search"])
def count_facets(service: ServiceOf, filters: FiltersOf, *, variants: Variants = False) -> FacetsResponse:
    """Count the values of all filters, each with the other filters applied."""
    gallery = service.gallery
    return FacetsResponse.from_facets(gallery.catalogue.facets(filters, _choose_grouping(gallery, variants=variants)))


def _choose_grouping(gallery: Gallery, *, variants: bool) -> Grouping:
    return Grouping.SINGLE if variants else gallery.grouping


@photo_router.get(
    "/photos/{name}",
    response_class=FileResponse,
    responses={200: {"content": {"image/webp": {}}}, **error_docs(404, 422, 500, 503)},
    tags=["products"],
)
def get_photo(name: PhotoName, service: ServiceOf) -> FileResponse:
    """Return a product's photo or thumbnail, by the name in photo_url or thumbnail_url."""
    path = service.gallery.photos.directory / name
    if not _PHOTO_NAME.fullmatch(name) or not path.is_file():
        raise ApiError(404, "not_found", f"there is no photo {truncate(name)}: expected a name from photo_url")
    return FileResponse(path, media_type="image/webp", headers=_PHOTO_HEADERS)
