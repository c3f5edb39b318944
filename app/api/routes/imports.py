"""Routes that start imports, list them, report their progress, and cancel them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from app.api.authentication import WriteAccess
from app.api.requests.feed_upload import IMPORT_DOCS, read_feed_upload
from app.api.requests.query_parameters import NulFreeText, parse_language
from app.api.schemas.errors import error_docs
from app.api.schemas.imports import ERRORS_PAGE, OPERATION_ID, OperationInfo, OperationPage
from app.asgi.body_memory import WriteBody
from app.asgi.dependencies import LimitedReads, ServiceOf
from app.asgi.errors import ApiError
from app.catalogue.import_jobs import MOST_ERRORS, ImportJob
from app.catalogue.import_options import MAX_REMOVED
from app.core.error_text import truncate
from app.serving.service import Service

router = APIRouter(tags=["writes"])

_PAGE = 20  # default number of imports on a page
_MAX_PAGE = 100
_OperationId = Annotated[
    NulFreeText, Path(max_length=100, description="`id` of the import job", examples=[OPERATION_ID])
]


@router.post(
    "/products/import",
    status_code=202,
    responses=error_docs(401, 403, 408, 413, 415, 422, 429, 500, 503),
    openapi_extra={"requestBody": IMPORT_DOCS},
)
async def import_products(
    request: Request,
    response: Response,
    service: ServiceOf,
    key: WriteAccess,
    reservation: WriteBody,
    *,
    complete: Annotated[bool, Query(description="remove the products that the feed lacks", examples=[True])] = False,
    max_removed: Annotated[
        float,
        Query(ge=0, le=100, description="largest share of the products that may be removed, in percent", examples=[20]),
    ] = MAX_REMOVED,
    dry_run: Annotated[
        bool, Query(description="only check the feed: count and report errors, write nothing", examples=[True])
    ] = False,
    language: Annotated[
        str | None,
        Query(max_length=35, description="only add the feed's texts to products, in this language", examples=["de"]),
    ] = None,
) -> OperationInfo:
    """Accept a feed and import it in the background. The Location header is the address of its progress."""
    spoken = read_import_language(language, is_complete=complete)
    async with read_feed_upload(request, service.settings.max_feed_bytes) as feed:
        limit = max_removed if complete else None
        job = await service.import_feed(feed, limit, is_dry_run=dry_run, language=spoken)
    response.headers["Location"] = f"/operations/{job.id}"
    return OperationInfo.from_job(job)


@router.get("/operations", responses=error_docs(401, 403, 404, 422, 429, 500, 503), dependencies=[LimitedReads])
def list_operations(
    service: ServiceOf,
    key: WriteAccess,
    after: Annotated[
        NulFreeText | None, Query(max_length=100, description="id of the last import before", examples=[OPERATION_ID])
    ] = None,
    limit: Annotated[
        int, Query(ge=1, le=_MAX_PAGE, description="largest number of imports on a page", examples=[50])
    ] = _PAGE,
) -> OperationPage:
    """List imports, newest first, without their errors."""
    if after is not None:
        get_job(service, after)
    return OperationPage.from_jobs(service.gallery.catalogue.operations.page(after, limit + 1), limit)


@router.get(
    "/operations/{operation_id}", responses=error_docs(401, 403, 404, 422, 429, 500, 503), dependencies=[LimitedReads]
)
def get_operation(
    operation_id: _OperationId,
    service: ServiceOf,
    key: WriteAccess,
    after: Annotated[int, Query(ge=0, description="number of errors to skip", examples=[100])] = 0,
    limit: Annotated[
        int, Query(ge=1, le=MOST_ERRORS, description="largest number of errors on a page", examples=[1000])
    ] = ERRORS_PAGE,
) -> OperationInfo:
    """Return the progress of an import, with a page of its errors."""
    return OperationInfo.from_job(get_job(service, operation_id), after, limit)


@router.post("/operations/{operation_id}/cancel", responses=error_docs(401, 403, 404, 422, 429, 500, 503))
async def cancel_operation(operation_id: _OperationId, service: ServiceOf, key: WriteAccess) -> OperationInfo:
    """Cancel an import. What it has written stays. An import that is over stays as it is."""
    await run_in_threadpool(get_job, service, operation_id)
    await service.cancel_import(operation_id)
    return OperationInfo.from_job(await run_in_threadpool(get_job, service, operation_id))


def read_import_language(text: str | None, *, is_complete: bool) -> str | None:
    """Read the language of an import, None for products. Raises ApiError for a language of a complete feed."""
    if text is not None and is_complete:
        message = "complete is true: expected false with language, which only adds texts to products"
        raise ApiError(422, "invalid_parameter", message, {"parameter": "complete"})
    return None if text is None else parse_language("language", text)


def get_job(service: Service, operation_id: str) -> ImportJob:
    """Return an import job. Raises ApiError for an unknown id."""
    job = service.gallery.catalogue.operations.get(operation_id)
    if job is None:
        message = f"there is no operation {truncate(operation_id)}: expected an id that /products/import returned"
        raise ApiError(404, "not_found", message)
    return job
