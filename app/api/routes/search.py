"""Routes that search the gallery and explain matches.

Each has one model of all its query parameters, which FastAPI reads at once. Resolving a dependency for each group of
them takes longer. The documentation of the interface lists the fields of the last base of a model first.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from app.api.authentication import ExplainParameter
from app.api.requests.filter_parameters import FilterParameters, VariantsParameter
from app.api.requests.list_parameters import ListParameters, PaintParameter
from app.api.requests.product_id_paths import ProductId, RawSuffixRoute, unknown_product_error
from app.api.requests.sketch_upload import BODY_DOCS, QUERY_DOCS, CropParameter, read_query, read_sketch
from app.api.schemas.errors import error_docs
from app.api.schemas.match import MatchResponse
from app.api.schemas.search import SearchResponse
from app.asgi.body_memory import SearchBody
from app.asgi.client_address import rate_limit_key
from app.asgi.dependencies import QueueHasRoom, ServiceOf, require_service, session_of
from app.asgi.disconnect import cancel_on_disconnect
from app.asgi.errors import ApiError
from app.asgi.rate_limit import SearchRate
from app.core.error_text import truncate
from app.decoding.image_sketch import RequestedKind
from app.search.results import UnknownProductError
from app.search.search_request import SearchRequest, SimilarRequest


class CountParameter(BaseModel):
    """Number of results."""

    k: int = Field(default=24, ge=1, le=100, description="number of results", examples=[8])


class MirrorParameter(BaseModel):
    """Whether the mirror image of a sketch counts, too."""

    mirror: bool = Field(
        default=True, description="also match products with the sketch's mirror image", examples=[True]
    )


class KindParameter(BaseModel):
    """Kind of the picture in a body."""

    kind: RequestedKind = Field(
        default="auto", description="kind of an image; with auto, the server decides", examples=["sketch"]
    )


class SearchParameters(
    ExplainParameter,
    PaintParameter,
    ListParameters,
    CropParameter,
    FilterParameters,
    VariantsParameter,
    KindParameter,
    MirrorParameter,
    CountParameter,
):
    """Parameters of a search by a sketch."""


class SimilarParameters(ExplainParameter, ListParameters, FilterParameters, VariantsParameter, CountParameter):
    """Parameters of a search for products like another."""


class MatchParameters(CropParameter, MirrorParameter):
    """Parameters of a comparison with a product."""


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
    reservation: SearchBody,
    parameters: Annotated[SearchParameters, Query()],
) -> SearchResponse:
    """Find the products that a sketch shows, or that look like the object in a photo, or that have the words `q`.

    With both, products that have the words are ranked by their likeness. Variants of one product are one result: the
    nearest variant that passes the filters.
    """
    service = require_service(request)
    settings, rules = service.settings, service.rules.active()
    filters = await parameters.read_filters(service, rules)
    crop, paint, listing = parameters.read_crop(), parameters.read_paint(), parameters.read_listing(settings)
    await parameters.check_key(request)
    limits = settings.max_body_bytes, settings.max_pixels
    sketch = await read_query(request, reservation, *limits, parameters.kind, crop, has_words=filters.words is not None)
    asked = SearchRequest(
        sketch,
        parameters.k,
        filters,
        parameters.mirror,
        parameters.variants,
        listing,
        paint,
        rules,
        parameters.explain,
    )
    search = service.search(rate_limit_key(request.scope), asked, session_of(request))
    return SearchResponse.from_result(await cancel_on_disconnect(request, search), parameters.lang)


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
    parameters: Annotated[SimilarParameters, Query()],
) -> SearchResponse:
    """Find the products that look like a product, without the product itself and its variants."""
    rules = service.rules.active()
    filters = await parameters.read_filters(service, rules)
    listing = parameters.read_listing(service.settings)
    await parameters.check_key(request)
    similar = SimilarRequest(product_id, parameters.k, filters, parameters.variants, listing, rules, parameters.explain)
    search = service.search(rate_limit_key(request.scope), similar, session_of(request))
    try:
        return SearchResponse.from_result(await cancel_on_disconnect(request, search), parameters.lang)
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
    parameters: Annotated[MatchParameters, Query()],
) -> MatchResponse:
    """Explain a match: the attention of the network on a sketch and on a product's photo."""
    limits = service.settings.max_body_bytes, service.settings.max_pixels
    sketch = await read_sketch(request, reservation, *limits, parameters.read_crop())
    client, session = rate_limit_key(request.scope), session_of(request)
    compared = service.match(client, product_id, sketch, session, mirror=parameters.mirror)
    try:
        return MatchResponse.from_match(await cancel_on_disconnect(request, compared))
    except UnknownProductError:
        raise unknown_product_error(product_id) from None
    except FileNotFoundError:
        message = f"the photo of product {truncate(product_id)} is not stored: expected a product that has a photo_url"
        raise ApiError(404, "not_found", message) from None
