"""Routes of the admin page that start imports, show their progress and errors, and cancel them."""

from __future__ import annotations

import asyncio
import tempfile
from typing import Annotated, BinaryIO, cast

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from app.admin.admin_route import AdminRoute
from app.admin.forms import FormOf, check_origin
from app.admin.rendering import redirect, render
from app.admin.session import Session, SessionOf
from app.api.requests.feed_upload import FEED, open_upload_form
from app.api.requests.query_parameters import NulFreeText
from app.api.routes.imports import get_job, read_import_language
from app.asgi.body_memory import WriteBody
from app.asgi.dependencies import LimitedReads, ServiceOf
from app.asgi.errors import ApiError
from app.asgi.rate_limit import WriteRate
from app.catalogue.feed_schedule import FeedCheck, FeedSchedule
from app.catalogue.import_jobs import ImportJob
from app.catalogue.import_options import MAX_REMOVED
from app.core.disk_errors import translate_disk_errors
from app.core.error_text import truncate
from app.photo_fetch.address_guard import GuardedNetwork
from app.photo_fetch.feed_download import FeedUnavailableError, download_feed
from app.serving.service import Service

router = APIRouter(route_class=AdminRoute, include_in_schema=False)

_PAGE = 20  # imports
_ERRORS_PAGE = 100
_DOWNLOAD = 50.0  # s for a feed by URL, whose browser waits: less than the 60 s of most proxies
_JobId = Annotated[NulFreeText, Path(max_length=100)]


@router.get("/admin/imports", dependencies=[LimitedReads])
def list_imports(
    request: Request,
    session: SessionOf,
    service: ServiceOf,
    after: Annotated[NulFreeText | None, Query(max_length=100)] = None,
) -> Response:
    """List imports, newest first, with a form that starts one."""
    return _render_imports(request, session, service, after=after)


@router.post("/admin/imports")
async def start_import(
    request: Request, session: SessionOf, service: ServiceOf, _rate: WriteRate, reservation: WriteBody
) -> Response:
    """Import an uploaded feed, or the feed at a URL."""
    async with open_upload_form(request, service.settings.max_feed_bytes) as form:
        check_origin(session, form)
        try:
            job = await _submit(service, form)
        except ApiError as error:
            refused = error.status, error.message, form
            return await run_in_threadpool(_render_imports, request, session, service, *refused)
    return redirect(f"/admin/imports/{job.id}")


@router.get("/admin/imports/{job_id}", dependencies=[LimitedReads])
def show_import(
    request: Request,
    session: SessionOf,
    service: ServiceOf,
    job_id: _JobId,
    after: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """Show the progress of an import, and a page of its errors."""
    job, end = get_job(service, job_id), after + _ERRORS_PAGE
    following = end if end < len(job.errors) else None
    return render(
        request, "import.html", session, job=job, errors=job.errors[after:end], after=after, following=following
    )


@router.post("/admin/imports/{job_id}/cancel")
async def cancel_import(service: ServiceOf, form: FormOf, job_id: _JobId) -> Response:
    """Cancel an import. What it has written stays."""
    await run_in_threadpool(get_job, service, job_id)
    await service.cancel_import(job_id)
    return redirect(f"/admin/imports/{job_id}?notice=cancelled")


async def _submit(service: Service, form: FormData) -> ImportJob:
    """Queue the import that a form describes. Raises ApiError."""
    max_removed = _read_percent(form) if form.get("complete") == "yes" else None
    language = read_import_language(str(form.get("language", "")).strip() or None, is_complete=max_removed is not None)
    is_dry_run, file, url = form.get("dry_run") == "yes", form.get(FEED), str(form.get("url", "")).strip()
    if isinstance(file, UploadFile) and file.size:
        if url:
            message = "there are a file and a URL: expected only one of them"
            raise ApiError(422, "invalid_parameter", message, {"parameter": "url"})
        return await service.import_feed(file.file, max_removed, is_dry_run=is_dry_run, language=language)
    if not url:
        message = "there is neither a file nor a URL: expected one of them"
        raise ApiError(422, "invalid_parameter", message, {"parameter": FEED})
    with tempfile.TemporaryFile() as downloaded:
        feed = cast(BinaryIO, downloaded)
        await _download(service, url, feed)
        return await service.import_feed(feed, max_removed, is_dry_run=is_dry_run, language=language)


def _read_percent(form: FormData) -> float:
    """Read the largest share that may be removed. Raises ApiError."""
    text = str(form.get("max_removed", ""))
    try:
        percent = float(text)
    except ValueError:
        percent = -1.0
    if not 0 <= percent <= 100:
        message = f"the largest share to remove is {truncate(text)}: expected a number from 0 to 100"
        raise ApiError(422, "invalid_parameter", message, {"parameter": "max_removed"})
    return percent


async def _download(service: Service, url: str, feed: BinaryIO) -> None:
    """Download a feed. Raises ApiError."""
    settings = service.settings
    network = GuardedNetwork(allow_private=settings.allow_private_addresses)
    try:
        with translate_disk_errors():
            await asyncio.to_thread(download_feed, network, url, None, feed, settings.max_feed_bytes, _DOWNLOAD)
    except FeedUnavailableError as error:
        raise ApiError(422, "feed_not_fetched", f"the feed cannot be fetched: {error}") from None
    finally:
        network.stop()  # for a thread that goes on after the request was cancelled


def _render_imports(
    request: Request,
    session: Session,
    service: Service,
    status: int = 200,
    problem: str | None = None,
    form: FormData | None = None,
    after: str | None = None,
) -> Response:
    """Render the imports, and the form as it was sent if there is a problem with it."""
    if after is not None:
        get_job(service, after)
    jobs = service.gallery.catalogue.operations.page(after, _PAGE + 1)
    return render(
        request,
        "imports.html",
        session,
        status,
        jobs=jobs[:_PAGE],
        has_more=len(jobs) > _PAGE,
        problem=problem,
        form=form or {"max_removed": f"{MAX_REMOVED:g}"},
        feed_check=_read_feed_check(service),
        feed_minutes=service.settings.feed_every,
    )


def _read_feed_check(service: Service) -> FeedCheck | None:
    """Return the last check of the feed that the settings name, None without one."""
    url = service.settings.feed_url
    return FeedSchedule(service.gallery.catalogue, url.get_secret_value()).read() if url else None
