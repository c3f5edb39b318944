"""The routes that change the gallery."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from app.api.authentication import WriteAccess
from app.api.requests.product_upload import (
    IMPORT_DOCS,
    PUT_DOCS,
    PhotoUpload,
    ProductUpload,
    read_feed_upload,
    read_product,
)
from app.api.requests.query_parameters import Name
from app.api.routes.search import ProductId, no_product
from app.api.schemas.products import ProductDetails, error_docs
from app.api.schemas.writes import ERRORS_PAGE, Deleted, OperationInfo
from app.asgi.body_memory import WriteBody
from app.asgi.errors import ApiError
from app.asgi.request_reads import LimitedReads
from app.catalogue.import_jobs import MOST_ERRORS
from app.core.error_text import short
from app.ingest.product_preparer import Draft, DraftPhoto
from app.products.product import Product
from app.serving.service import ServiceOf

router = APIRouter(tags=["writes"])


@router.put(
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
    hold: WriteBody,
) -> ProductDetails:
    """Add or replace a product. Without photos, or without metadata, it keeps those that it has."""
    upload = await read_product(request, hold, service.settings.max_write_bytes)
    written = await service.put(_draft(product_id, upload))
    response.status_code = 200 if written.old else 201
    return ProductDetails.showing(written.product, service.gallery.photos.size(written.product.photo))


@router.delete("/products/{product_id:path}", responses=error_docs(401, 403, 404, 422, 429, 500, 503))
async def delete_product(product_id: ProductId, service: ServiceOf, key: WriteAccess, hold: WriteBody) -> Deleted:
    """Delete a product."""
    revision = await service.delete(product_id)
    if revision is None:
        raise no_product(product_id)
    return Deleted(product_id=product_id, revision=revision)


@router.post(
    "/products/import",
    status_code=202,
    responses=error_docs(401, 403, 408, 413, 415, 422, 429, 500, 503),
    openapi_extra={"requestBody": IMPORT_DOCS},
)
async def import_products(
    request: Request, response: Response, service: ServiceOf, key: WriteAccess, hold: WriteBody
) -> OperationInfo:
    """Take a feed, to be imported beside searches; the answer's Location tells how it stands."""
    async with read_feed_upload(request, service.settings.max_feed_bytes) as feed:
        operation = await service.import_feed(feed)
    response.headers["Location"] = f"/operations/{operation.id}"
    return OperationInfo.of(operation)


@router.get(
    "/operations/{operation_id}", responses=error_docs(401, 403, 404, 422, 429, 500, 503), dependencies=[LimitedReads]
)
def operation(
    operation_id: Annotated[Name, Path(max_length=100)],
    service: ServiceOf,
    key: WriteAccess,
    after: Annotated[int, Query(ge=0, description="leave out the first so many errors")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ERRORS, description="how many errors at most")] = ERRORS_PAGE,
) -> OperationInfo:
    """How an import stands, with a page of its errors."""
    found = service.gallery.catalogue.operations.get(operation_id)
    if found is None:
        message = f"there is no operation {short(operation_id)}: expected the id of an answer of /products/import"
        raise ApiError(404, "not_found", message)
    return OperationInfo.of(found, after, limit)


def _draft(product_id: str, upload: ProductUpload) -> Draft:
    """What a request wants a product to be."""

    def describe(old: Product | None) -> Product:
        if old is None and not upload.photos:
            message = f"product {short(product_id)} is new and has no photo: expected a file in the field 'photo'"
            raise ApiError(422, "missing_photo", message)
        if upload.metadata is not None:
            return upload.metadata.of(product_id)
        if old is not None:
            return old
        try:
            return Product(product_id, title=product_id)
        except ValueError as error:
            raise ApiError(422, "invalid_product", str(error)) from None

    return Draft(product_id, describe, [_photo(*each) for each in enumerate(upload.photos, 1)] or None)


def _photo(number: int, photo: PhotoUpload) -> DraftPhoto:
    return DraftPhoto("", lambda known: photo.data, f"photo {number} ({short(photo.filename)})")
