"""Routes that start an import and report its progress."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from app.api.authentication import WriteAccess
from app.api.requests.feed_upload import IMPORT_DOCS, read_feed_upload
from app.api.requests.query_parameters import NulFreeText
from app.api.schemas.errors import error_docs
from app.api.schemas.imports import ERRORS_PAGE, OPERATION_ID, OperationInfo
from app.asgi.body_memory import WriteBody
from app.asgi.dependencies import LimitedReads, ServiceOf
from app.asgi.errors import ApiError
from app.catalogue.import_jobs import MOST_ERRORS
from app.core.error_text import truncate

router = APIRouter(tags=["writes"])


@router.post(
    "/products/import",
    status_code=202,
    responses=error_docs(401, 403, 408, 413, 415, 422, 429, 500, 503),
    openapi_extra={"requestBody": IMPORT_DOCS},
)
async def import_products(
    request: Request, response: Response, service: ServiceOf, key: WriteAccess, reservation: WriteBody
) -> OperationInfo:
    """Accept a feed and import it in the background. The Location header is the address of its progress."""
    async with read_feed_upload(request, service.settings.max_feed_bytes) as feed:
        operation = await service.import_feed(feed)
    response.headers["Location"] = f"/operations/{operation.id}"
    return OperationInfo.from_job(operation)


@router.get(
    "/operations/{operation_id}", responses=error_docs(401, 403, 404, 422, 429, 500, 503), dependencies=[LimitedReads]
)
def get_operation(
    operation_id: Annotated[
        NulFreeText, Path(max_length=100, description="`id` of the import job", examples=[OPERATION_ID])
    ],
    service: ServiceOf,
    key: WriteAccess,
    after: Annotated[int, Query(ge=0, description="number of errors to skip", examples=[100])] = 0,
    limit: Annotated[
        int, Query(ge=1, le=MOST_ERRORS, description="largest number of errors on a page", examples=[1000])
    ] = ERRORS_PAGE,
) -> OperationInfo:
    """Return the progress of an import, with a page of its errors."""
    job = service.gallery.catalogue.operations.get(operation_id)
    if job is None:
        message = f"there is no operation {truncate(operation_id)}: expected an id that /products/import returned"
        raise ApiError(404, "not_found", message)
    return OperationInfo.from_job(job, after, limit)
