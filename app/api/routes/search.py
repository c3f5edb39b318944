"""Routes that search the gallery and explain matches."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from app.api.authentication import ExplainOf
from app.api.requests.filter_parameters import FiltersOf, Variants
from app.api.requests.list_parameters import ListingOf, PaintOf
from app.api.requests.product_id_paths import ProductId, RawSuffixRoute, unknown_product_error
from app.api.requests.query_parameters import LangOf
from app.api.requests.sketch_upload import BODY_DOCS, QUERY_DOCS, CropOf, read_query, read_sketch
from app.api.schemas.errors import error_docs
from app.api.schemas.match import MatchResponse
from app.api.schemas.search import SearchResponse
from app.asgi.body_memory import SearchBody
from app.asgi.client_address import rate_limit_key
from app.asgi.dependencies import QueueHasRoom, RulesOf, ServiceOf, session_of
from app.asgi.disconnect import cancel_on_disconnect
from app.asgi.errors import ApiError
from app.asgi.rate_limit import SearchRate
from app.core.error_text import truncate
from app.decoding.image_sketch import RequestedKind
from app.search.results import UnknownProductError
from app.search.search_request import SearchRequest, SimilarRequest

K = Annotated[int, Query(ge=1, le=100, description="number of results", examples=[8])]
Mirror = Annotated[bool, Query(description="also match products with the sketch's mirror image", examples=[True])]
ImageKind = Annotated[
    RequestedKind, Query(description="kind of an image; with auto, the server decides", examples=["sketch"])
]

router = APIRouter(route_class=RawSuffixRoute)


@router.post(
    "/search",
    responses=error_docs(401, 403, 408, 410, 413, 415, 422, 429, 500, 503),
    openapi_extra={"requestBody": QUERY_DOCS},
    dependencies=[SearchRate, QueueHasRoom],
    tags=["search"],
)
async def search_products(
    request: Request,
    service: ServiceOf,
    reservation: SearchBody,
    filters: FiltersOf,
    rules: RulesOf,
    lang: LangOf,
    *,
    k: K = 24,
    mirror: Mirror = True,
    kind: ImageKind = "auto",
    crop: CropOf,
    variants: Variants = False,
    listing: ListingOf,
    paint: PaintOf,
    explain: ExplainOf,
) -> SearchResponse:
    """Find the products that a sketch shows, or that look like the object in a photo, or that have the words `q`.

    With both, products that have the words are ranked by their likeness. Variants of one product are one result: the
    nearest variant that passes the filters.
    """
    limits = service.settings.max_body_bytes, service.settings.max_pixels
    sketch = await read_query(request, reservation, *limits, kind, crop, has_words=filters.words is not None)
    asked = SearchRequest(sketch, k, filters, mirror, variants, listing, paint, rules, explain)
    search = service.search(rate_limit_key(request.scope), asked, session_of(request))
    return SearchResponse.from_result(await cancel_on_disconnect(request, search), lang)


@router.get(
    "/products/{product_id:path}/similar",
    responses=error_docs(401, 403, 404, 410, 422, 429, 500, 503),
    dependencies=[SearchRate, QueueHasRoom],
    tags=["search"],
)
async def find_similar_products(
    request: Request,
    product_id: ProductId,
    service: ServiceOf,
    filters: FiltersOf,
    rules: RulesOf,
    lang: LangOf,
    *,
    k: K = 24,
    variants: Variants = False,
    listing: ListingOf,
    explain: ExplainOf,
) -> SearchResponse:
    """Find the products that look like a product, without the product itself and its variants."""
    similar = SimilarRequest(product_id, k, filters, variants, listing, rules, explain)
    search = service.search(rate_limit_key(request.scope), similar, session_of(request))
    try:
        return SearchResponse.from_result(await cancel_on_disconnect(request, search), lang)
    except UnknownProductError:
        raise unknown_product_error(product_id) from None


@router.post(
    "/products/{product_id:path}/match",
    responses=error_docs(401, 404, 408, 413, 415, 422, 429, 500, 503),
    openapi_extra={"requestBody": BODY_DOCS},
    dependencies=[SearchRate, QueueHasRoom],
    tags=["search"],
)
async def explain_match(
    request: Request,
    product_id: ProductId,
    service: ServiceOf,
    reservation: SearchBody,
    *,
    mirror: Mirror = True,
    crop: CropOf,
) -> MatchResponse:
    """Explain a match: the attention of the network on a sketch and on a product's photo."""
    limits = service.settings.max_body_bytes, service.settings.max_pixels
    sketch = await read_sketch(request, reservation, *limits, crop)
    client, session = rate_limit_key(request.scope), session_of(request)
    compared = service.match(client, product_id, sketch, session, mirror=mirror)
    try:
        return MatchResponse.from_match(await cancel_on_disconnect(request, compared))
    except UnknownProductError:
        raise unknown_product_error(product_id) from None
    except FileNotFoundError:
        message = f"the photo of product {truncate(product_id)} is not stored: expected a product that has a photo_url"
        raise ApiError(404, "not_found", message) from None
