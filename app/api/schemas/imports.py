"""Response bodies of imports."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, Field

from app.catalogue.import_jobs import ImportJob, ProblemKind

ERRORS_PAGE = 100  # default number of errors in one response
OPERATION_ID = "0d5e7a4c9b1f4e2f8a6c3d2b1e0f9a8c"  # example


class ProblemInfo(BaseModel):
    """Unusable entry or photo of a feed."""

    where: str = Field(description="line or entry of the feed, or product id", examples=["line 7"])
    reason: str = Field(
        description="what is wrong, the value, and what was expected", examples=["the price is missing"]
    )
    kind: ProblemKind = Field(
        description="an entry that cannot be read, an id that came before, or a photo", examples=["entry"]
    )


class OperationInfo(BaseModel):
    """Progress of an import."""

    id: str = Field(description="name of the import job in its address", examples=[OPERATION_ID])
    state: str = Field(description="queued, running, done, failed or cancelled", examples=["running"])
    total: int | None = Field(description="entries of the feed; null until they are counted", examples=[1200])
    done: int = Field(description="finished entries: stored in the catalogue, or recorded as errors", examples=[320])
    added: int = Field(description="entries whose product is new", examples=[12])
    updated: int = Field(description="entries that changed a product", examples=[3])
    unchanged: int = Field(description="entries that are as the catalogue has them", examples=[304])
    removed: int = Field(description="products removed because a complete feed lacks them", examples=[4])
    complete: bool = Field(description="whether products that the feed lacks are removed", examples=[True])
    dry_run: bool = Field(description="whether the feed is only checked, and nothing is written", examples=[False])
    language: str | None = Field(
        description="language of the texts that are added to products; null if the feed has products",
        examples=["de", None],
    )
    error_count: int = Field(
        description="entries without a usable product, and photos that could not be fetched", examples=[1]
    )
    errors: list[ProblemInfo] = Field(description="a page of the errors; the first 1,000 are kept, or 128 KiB")
    errors_next: int | None = Field(
        description="`after` of the next page of errors; null on the last", examples=[100, None]
    )
    message: str | None = Field(
        description="reason why the import failed, or why it waits", examples=["the feed has no entries", None]
    )
    created: float = Field(description="time of the upload, in seconds since 1970 (UTC)", examples=[1780000000.0])
    updated_at: float = Field(
        description="time of the last progress, in seconds since 1970 (UTC)", examples=[1780000009.5]
    )

    @staticmethod
    def from_job(job: ImportJob, after: int = 0, limit: int = ERRORS_PAGE) -> OperationInfo:
        """Build the response from an import job, with up to `limit` of its errors after the first `after`."""
        counts, end = job.counts, after + limit
        return OperationInfo(
            id=job.id,
            state=job.state,
            total=job.total,
            done=counts.done,
            added=counts.added,
            updated=counts.updated,
            unchanged=counts.unchanged,
            removed=counts.removed,
            complete=job.options.removal is not None,
            dry_run=job.options.is_dry_run,
            language=job.options.language,
            error_count=counts.problems,
            errors=[
                ProblemInfo(where=error.where, reason=error.reason, kind=error.kind) for error in job.errors[after:end]
            ],
            errors_next=end if end < len(job.errors) else None,
            message=job.message,
            created=job.created,
            updated_at=job.updated,
        )


class OperationPage(BaseModel):
    """Page of imports, newest first, without their errors."""

    operations: list[OperationInfo]
    next: str | None = Field(description="`after` of the next page; null on the last", examples=[OPERATION_ID, None])

    @staticmethod
    def from_jobs(jobs: Sequence[ImportJob], limit: int) -> OperationPage:
        """Build the page from up to `limit` + 1 import jobs, of which the last one tells that there are more."""
        shown = jobs[:limit]
        following = shown[-1].id if len(jobs) > limit else None
        return OperationPage(operations=[OperationInfo.from_job(job, limit=0) for job in shown], next=following)
