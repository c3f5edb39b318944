"""The routes that search and read the gallery."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import FileResponse

from app.api.requests.filter_parameters import FiltersOf
from app.api.requests.product_id_paths import LiteralEnd
from app.api.requests.query_parameters import Name
from app.api.requests.sketch_upload import BODY_DOCS, read_sketch
from app.api.schemas.facets import CategoryList, FacetsResponse
from app.api.schemas.match import MatchResponse
from app.api.schemas.products import ProductDetails, ProductInfo, ProductPage, SearchResponse, error_docs
from app.asgi.body_memory import SearchBody
from app.asgi.client_address import client_of
from app.asgi.errors import ApiError
from app.asgi.rate_limit import SearchRate
from app.core.error_text import short
from app.decoding.image_sketch import AskedKind
from app.search.results import UnknownProduct
from app.serving.search_queue import unless_gone
from app.serving.service import Room, ServiceOf
from app.web.assets import FOR_EVER

_PHOTO_NAME = re.compile(r"[0-9a-f]{64}(\.thumb)?\.webp")

# the name is the hash of the content; shops may show photos in pages of their own
_PHOTO_HEADERS = {**FOR_EVER, "Cross-Origin-Resource-Policy": "cross-origin"}

K = Annotated[int, Query(ge=1, le=100, description="how many results")]
Mirror = Annotated[bool, Query(description="whether a product may also match the sketch's mirror image")]
AskedFor = Annotated[AskedKind, Query(description="what an image is; auto tells by the picture")]
ProductId = Annotated[
    Name, Path(max_length=1000, description="slashes may be encoded, and have to be before a last /similar or /match")
]

router = APIRouter(route_class=LiteralEnd)
photos = APIRouter()  # apart, as browsers show pictures without a key: their names cannot be guessed


@router.post(
    "/search",
    responses=error_docs(401, 408, 413, 415, 422, 429, 500, 503),
    openapi_extra={"requestBody": BODY_DOCS},
    dependencies=[SearchRate, Room],
    tags=["search"],
)
async def search(
    request: Request,
    service: ServiceOf,
    hold: SearchBody,
    filters: FiltersOf,
    k: K = 24,
    mirror: Mirror = True,
    kind: AskedFor = "auto",
) -> SearchResponse:
    """Find the products that a sketch shows, or that look like the thing in a photo."""
    sketch = await read_sketch(request, hold, service.settings.max_body_bytes, service.settings.max_pixels, kind)
    search = service.search(client_of(request.scope), sketch, k, filters, mirror)
    return SearchResponse.of(await unless_gone(request, search))


@router.get(
    "/products/{product_id:path}/similar",
    responses=error_docs(401, 404, 422, 429, 500, 503),
    dependencies=[SearchRate, Room],
    tags=["search"],
)
async def similar(
    request: Request, product_id: ProductId, service: ServiceOf, filters: FiltersOf, k: K = 24
) -> SearchResponse:
    """Find the products that look like one of them; itself is left out."""
    search = service.similar(client_of(request.scope), product_id, k, filters)
    try:
        return SearchResponse.of(await unless_gone(request, search))
    except UnknownProduct:
        raise no_product(product_id) from None


@router.post(
    "/products/{product_id:path}/match",
    responses=error_docs(401, 404, 408, 413, 415, 422, 429, 500, 503),
    openapi_extra={"requestBody": BODY_DOCS},
    dependencies=[SearchRate, Room],
    tags=["search"],
)
async def match(
    request: Request, product_id: ProductId, service: ServiceOf, hold: SearchBody, mirror: Mirror = True
) -> MatchResponse:
    """Show what of a sketch and of a product's photo matched: where the network looked on both."""
    sketch = await read_sketch(request, hold, service.settings.max_body_bytes, service.settings.max_pixels)
    compared = service.match(client_of(request.scope), product_id, sketch, mirror)
    try:
        return MatchResponse.of(await unless_gone(request, compared))
    except UnknownProduct:
        raise no_product(product_id) from None
    except FileNotFoundError:
        message = f"the photo of product {short(product_id)} is not stored: expected a product that has a photo_url"
        raise ApiError(404, "not_found", message) from None


@router.get("/products", responses=error_docs(401, 422, 500, 503), tags=["products"])
def products(
    service: ServiceOf,
    after: Annotated[Name | None, Query(max_length=1000, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="products on a page")] = 50,
) -> ProductPage:
    """All products, page by page, in the order of their ids."""
    found = service.gallery.catalogue.page(after, limit + 1)
    page, more = found[:limit], len(found) > limit
    infos = [ProductInfo.of(product) for product in page]
    return ProductPage(products=infos, next=page[-1].product_id if more else None)


@router.get("/products/{product_id:path}", responses=error_docs(401, 404, 422, 500, 503), tags=["products"])
def product(product_id: ProductId, service: ServiceOf) -> ProductDetails:
    """One product."""
    found = service.gallery.catalogue.get(product_id)
    if found is None:
        raise no_product(product_id)
    return ProductDetails.showing(found, service.gallery.photos.size(found.photo))


@router.get("/categories", responses=error_docs(401, 422, 500, 503), tags=["products"])
def categories(service: ServiceOf) -> CategoryList:
    """All categories, with how many products are in and below each."""
    return CategoryList.of(service.gallery.catalogue.categories())


@router.get("/facets", responses=error_docs(401, 422, 500, 503), tags=["search"])
def facets(service: ServiceOf, filters: FiltersOf) -> FacetsResponse:
    """What there is to filter by: each list is counted with all filters but its own."""
    return FacetsResponse.of(service.gallery.catalogue.facets(filters))


@photos.get(
    "/photos/{name}",
    response_class=FileResponse,
    responses={200: {"content": {"image/webp": {}}}, **error_docs(404, 422, 500, 503)},
    tags=["products"],
)
def photo(name: Annotated[str, Path(max_length=100)], service: ServiceOf) -> FileResponse:
    """A product's photo, or its thumbnail, by the name that photo_url and thumbnail_url have."""
    path = service.gallery.photos.directory / name
    if not _PHOTO_NAME.fullmatch(name) or not path.is_file():
        raise ApiError(404, "not_found", f"there is no photo {short(name)}: expected a name from photo_url")
    return FileResponse(path, media_type="image/webp", headers=_PHOTO_HEADERS)


def no_product(product_id: str) -> ApiError:
    """The error for an id that is not there."""
    return ApiError(404, "not_found", f"there is no product {short(product_id)}: expected an id from /products")
