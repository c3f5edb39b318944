"""Response bodies of imports."""

from __future__ import annotations

from pydantic import BaseModel, Field

from app.catalogue.import_jobs import ImportJob

ERRORS_PAGE = 100  # default number of errors in one response


class ProblemInfo(BaseModel):
    """Unusable entry or photo of a feed."""

    where: str = Field(description="line or entry of the feed, or product id", examples=["line 7"])
    reason: str


class OperationInfo(BaseModel):
    """Progress of an import."""

    id: str
    state: str = Field(description="queued, running, done or failed")
    total: int | None = Field(description="entries of the feed; null until they are counted")
    done: int = Field(description="finished entries: stored in the catalogue, or recorded as errors")
    added: int
    updated: int
    unchanged: int
    error_count: int = Field(description="entries without a usable product, and photos that could not be fetched")
    errors: list[ProblemInfo] = Field(description="a page of the errors; the first 1,000 are kept, or 128 KiB")
    errors_next: int | None = Field(description="`after` of the next page of errors; null on the last")
    message: str | None = Field(description="reason why the import failed, or why it waits")
    created: float = Field(description="time of the upload, in seconds since 1970 (UTC)")
    updated_at: float = Field(description="time of the last progress, in seconds since 1970 (UTC)")

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
            error_count=counts.problems,
            errors=[ProblemInfo(where=error.where, reason=error.reason) for error in job.errors[after:end]],
            errors_next=end if end < len(job.errors) else None,
            message=job.message,
            created=job.created,
            updated_at=job.updated,
        )
