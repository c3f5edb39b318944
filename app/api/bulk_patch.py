"""Bulk update of products: its lines are applied in batches, each in one transaction."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from sqlalchemy.exc import InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.concurrency import run_in_threadpool

from app.api.requests.patch_lines import PatchLine
from app.api.schemas.imports import ProblemInfo
from app.api.schemas.patches import PatchReport
from app.asgi.errors import ApiError
from app.catalogue.product_patches import PatchOutcome
from app.core.disk_errors import StorageError
from app.core.error_text import MOST_LINK, cut
from app.core.retry_errors import BusyError, NotReadyError
from app.serving.service import Service

_MOST_LISTED = 100  # unknown ids, and errors
_MOST_REASON = 600  # characters of an error
_RETRY_AFTER = 10  # s
_MOST_PAUSED = 20.0  # s: clients and proxies wait for an answer for 60
_TEMPORARY = (BusyError, NotReadyError, StorageError, OperationalError, InternalError, PoolTimeoutError)


async def patch_in_batches(service: Service, batches: Iterator[list[PatchLine]]) -> PatchReport:
    """Apply all batches in order, and report the outcome. A batch is stored as a whole or not at all.

    While people search, it pauses between batches, for at most _MOST_PAUSED in all.
    Raises ApiError interrupted if a batch cannot be stored for now after others have been, else the batch's error.
    """
    report = PatchReport(changed=0, unchanged=0, unknown=0, error_count=0, unknown_ids=[], errors=[], revision=None)
    last_line, seconds, paused = 0, 0.0, 0.0
    while batch := await run_in_threadpool(next, batches, None):
        if paused < _MOST_PAUSED:
            paused += await service.queue.give_way(seconds)
        started = time.monotonic()
        patches = [line.patch for line in batch if line.patch is not None]
        try:
            outcomes = await service.patch(patches)
        except _TEMPORARY as error:
            if not last_line:
                raise
            raise _interrupted_error(last_line) from error
        _add(report, batch, outcomes)
        last_line = batch[-1].number
        seconds = time.monotonic() - started
    return report


def _add(report: PatchReport, batch: Sequence[PatchLine], outcomes: Sequence[PatchOutcome]) -> None:
    """Add the lines of a batch to the report. The outcomes are those of its usable lines."""
    remaining = iter(outcomes)
    for line in batch:
        if line.patch is None:
            _add_error(report, line.number, line.error)
            continue
        outcome = next(remaining)
        if outcome.product is None:
            report.unknown += 1
            if len(report.unknown_ids) < _MOST_LISTED:
                report.unknown_ids.append(cut(line.patch.product_id, MOST_LINK))
        elif outcome.error is not None:
            _add_error(report, line.number, outcome.error)
        elif outcome.is_changed:
            report.changed += 1
            report.revision = max(report.revision or 0, outcome.product.revision)
        else:
            report.unchanged += 1


def _add_error(report: PatchReport, number: int, reason: str) -> None:
    """Add the error of a line to the report."""
    report.error_count += 1
    if len(report.errors) < _MOST_LISTED:
        report.errors.append(ProblemInfo(kind="entry", where=f"line {number}", reason=cut(reason, _MOST_REASON)))


def _interrupted_error(last_line: int) -> ApiError:
    """Return the error for a bulk update of which only the lines up to `last_line` are stored."""
    message = (
        f"the lines up to {last_line} are stored, later ones may not be: try again in {_RETRY_AFTER} s with these, "
        "or with all lines, which has the same result"
    )
    headers = {"Retry-After": str(_RETRY_AFTER)}
    return ApiError(503, "interrupted", message, {"last_line": last_line, "retry_after": _RETRY_AFTER}, headers)
