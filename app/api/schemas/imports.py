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
    done: int = Field(description="entries that are over: the catalogue has what they said, or they had an error")
    added: int
    updated: int
    unchanged: int
    error_count: int = Field(description="entries that gave no product, and photos that could not be had")
    errors: list[ProblemInfo] = Field(description="some of these, in order; the first 1,000 are kept, or 128 KiB")
    errors_next: int | None = Field(description="`after` of the next page of errors; null on the last")
    message: str | None = Field(description="why it failed, or what it waits for")
    created: float = Field(description="s since 1970")
    updated_at: float = Field(description="s since 1970, of the last change of this answer")

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
