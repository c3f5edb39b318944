"""Routes of products, categories, facets and photos."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, Response

from app.api.requests.filter_parameters import FilterParameters, VariantsParameter
from app.api.requests.product_id_paths import ProductId, unknown_product_error
from app.api.requests.query_parameters import Lang, NulFreeText
from app.api.schemas.errors import error_docs
from app.api.schemas.facets import CategoryList, FacetsResponse
from app.api.schemas.products import ProductDetails, ProductInfo, ProductPage
from app.asgi.cache_headers import FOR_EVER
from app.asgi.dependencies import ServiceOf
from app.asgi.errors import ApiError
from app.core.error_text import truncate
from app.database.labels.reading import read_labels
from app.gallery.gallery import Gallery
from app.gallery.photo_store import PHOTO_FILE
from app.products.grouping import Grouping
from app.products.languages.labels import NO_LABELS, Labels

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


class FacetParameters(FilterParameters, VariantsParameter):
    """Parameters of the facets of products."""


class CategoryParameters(VariantsParameter):
    """Parameters of the list of categories."""

    lang: Lang = None


router = APIRouter()
photo_router = APIRouter()  # without a key, since browsers load images without one; names cannot be guessed


@router.get("/products", responses=error_docs(401, 422, 500, 503), tags=["products"])
def list_products(
    service: ServiceOf,
    after: Annotated[
        NulFreeText | None,
        Query(max_length=1000, description="`next` of the previous page", examples=["boot-017"]),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="largest number of products on a page", examples=[200])] = 50,
    lang: Lang = None,
) -> ProductPage:
    """List all products, page by page, in the order of their ids."""
    products = service.gallery.catalogue.page(after, limit + 1)
    page, has_more = products[:limit], len(products) > limit
    infos = [ProductInfo.from_product(product, lang) for product in page]
    return ProductPage(products=infos, next=page[-1].product_id if has_more else None)


@router.get("/products/{product_id:path}", responses=error_docs(401, 404, 422, 500, 503), tags=["products"])
def get_product(product_id: ProductId, service: ServiceOf, lang: Lang = None) -> ProductDetails:
    """Return one product."""
    product = service.gallery.catalogue.get(product_id)
    if product is None:
        raise unknown_product_error(product_id)
    return ProductDetails.from_product(product, lang, service.gallery.photos.size(product.photo))


@router.get("/categories", responses=error_docs(401, 422, 500, 503), tags=["products"])
def list_categories(service: ServiceOf, parameters: Annotated[CategoryParameters, Query()]) -> CategoryList:
    """List all categories, with the number of products in and below each."""
    gallery = service.gallery
    counts = gallery.catalogue.categories(_choose_grouping(gallery, variants=parameters.variants))
    return CategoryList.from_counts(counts, _read_labels(gallery, parameters.lang))


@router.get("/facets", responses=error_docs(401, 422, 500, 503), tags=["search"])
async def count_facets(service: ServiceOf, parameters: Annotated[FacetParameters, Query()]) -> FacetsResponse:
    """Count the values of all filters, each with the other filters applied."""
    filters = await parameters.read_filters(service, service.rules.active())

    def count() -> FacetsResponse:
        gallery = service.gallery
        facets = gallery.catalogue.facets(filters, _choose_grouping(gallery, variants=parameters.variants))
        return FacetsResponse.from_facets(facets, _read_labels(gallery, parameters.lang))

    return await run_in_threadpool(count)


def _choose_grouping(gallery: Gallery, *, variants: bool) -> Grouping:
    return Grouping.SINGLE if variants else gallery.grouping


def _read_labels(gallery: Gallery, lang: str | None) -> Labels:
    """Read the labels of values in a language, none without one."""
    if lang is None:
        return NO_LABELS
    with gallery.catalogue.moment() as connection:
        return read_labels(connection, lang)


@photo_router.get(
    "/photos/{name}",
    response_class=Response,
    responses={200: {"content": {"image/webp": {}}}, **error_docs(404, 422, 500, 503)},
    tags=["products"],
)
async def get_photo(name: PhotoName, request: Request, service: ServiceOf) -> Response:
    """Return a product's photo or thumbnail, by the name in photo_url or thumbnail_url."""
    if not PHOTO_FILE.fullmatch(name):
        raise _unknown_photo_error(name)
    photos, headers = service.gallery.photos, {**_PHOTO_HEADERS, "ETag": f'"{name}"'}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    path = photos.files.path(name)
    if path is not None:
        if not await run_in_threadpool(path.is_file):
            raise _unknown_photo_error(name)
        return FileResponse(path, media_type="image/webp", headers=headers)
    try:
        data = await service.photo_reader.read(photos, name)
    except FileNotFoundError:
        raise _unknown_photo_error(name) from None
    return Response(data, media_type="image/webp", headers=headers)


def _unknown_photo_error(name: str) -> ApiError:
    return ApiError(404, "not_found", f"there is no photo {truncate(name)}: expected a name from photo_url")
