"""Progress of one import, recorded in the catalogue's database. The log has its start and end."""

from __future__ import annotations

import logging
import time

from sqlalchemy import Connection

from app.catalogue.import_jobs import MOST_ERRORS, FeedProblem, ImportCounts, ImportJob, ImportJobs, State
from app.ingest.reason_counts import ReasonCounts
from app.observability.metrics import Metrics

_RECORD_INTERVAL = 0.5  # s
_log = logging.getLogger(__name__)


class ImportCancelledError(Exception):
    """Import that has been cancelled while it ran."""


class ImportProgress:
    """State of an import: the counts of all of its entries, and the first of its errors."""

    def __init__(self, jobs: ImportJobs, job: ImportJob, metrics: Metrics) -> None:
        self._jobs, self._id, self._metrics = jobs, job.id, metrics
        self._before, self._counts, self._errors = job.counts, job.counts, list(job.errors)
        self._recorded_errors = len(self._errors)
        # if an earlier run already dropped errors, later ones are not among the first
        self._max_errors = MOST_ERRORS if self._recorded_errors == job.counts.problems else self._recorded_errors
        self._reasons = ReasonCounts(job.errors)
        self._recorded_at = 0.0  # by time.monotonic()
        self._began = time.monotonic()
        self.total = job.total

    def begin(self, total: int) -> None:
        """Record and log the number of entries of the feed."""
        self.total = total
        self.record("running")
        _log.info("import %s begins at entry %d of %d", self._id, self._before.done + 1, total)

    def add_problem(self, problem: FeedProblem) -> None:
        """Count a problem, and store it if it is among the first."""
        self._reasons.add(problem)
        self._metrics.import_error(problem.kind)
        if len(self._errors) < self._max_errors:
            self._errors.append(problem)

    def set_counts(self, counts: ImportCounts) -> None:
        """Set the counts of this run, and record them if the last record is older than 0.5 s."""
        self._counts = self._before + counts
        if time.monotonic() - self._recorded_at >= _RECORD_INTERVAL:
            self.record("running")

    def record_removed(self, connection: Connection, count: int) -> None:
        """Record further removed products in the transaction that removes them. Raises ImportCancelledError."""
        counts = self._counts + ImportCounts(removed=count)
        if not self._jobs.update_in(connection, self._id, "running", counts=counts):
            raise ImportCancelledError

    def add_removed(self, count: int) -> None:
        """Count further removed products, without a record."""
        self._counts += ImportCounts(removed=count)

    @property
    def is_failure(self) -> bool:
        """Whether nothing was changed, and most entries gave no product."""
        return self._counts.is_failure

    def finish(self) -> None:
        """Record and log the outcome.

        An import that changed nothing, and of which most entries gave no product, has failed.
        """
        if self._counts.is_failure:
            self.fail(self._counts.failure(self._reasons))
            return
        self.record("done")
        self._metrics.import_ended("done")
        reasons = f" ({self._reasons})" if self._counts.problems else ""
        _log.info("import %s is done after %.1f s: %s%s", self._id, self._seconds, self._counts, reasons)

    def interrupt(self, message: str | None) -> None:
        """Record and log that the import waits for another attempt or for the next server, with a reason if any."""
        self.record("queued", message)
        reason = f": {message}" if message else ""
        _log.info("import %s is interrupted after entry %d of %s%s", self._id, self._counts.done, self.total, reason)

    def log_cancelled(self) -> None:
        """Log that the import was cancelled, with its counts."""
        self._metrics.import_ended("cancelled")
        _log.info("import %s is cancelled after %.1f s: %s", self._id, self._seconds, self._counts)

    def fail(self, message: str) -> None:
        """Record and log a failure with its message."""
        self.record("failed", message)
        self._metrics.import_ended("failed")
        _log.warning("import %s failed after %.1f s: %s", self._id, self._seconds, message)

    @property
    def _seconds(self) -> float:
        """Duration of this run."""
        return time.monotonic() - self._began

    def record(self, state: State, message: str | None = None) -> None:
        """Record the state now. Errors are written only when there are new ones, because they may be large.

        Raises ImportCancelledError if the import has been cancelled.
        """
        self._recorded_at = time.monotonic()
        values: dict[str, object] = {"total": self.total, "counts": self._counts}
        # without errors of entries ahead of the counts, since a resumed import meets these again
        errors = self._errors[: self._counts.problems]
        if len(errors) != self._recorded_errors:
            values["errors"], self._recorded_errors = errors, len(errors)
        if not self._jobs.update(self._id, state, message, **values):
            raise ImportCancelledError
