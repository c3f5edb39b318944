"""Progress of one import: recorded in the catalogue's database, and in the log at its start and end."""

from __future__ import annotations

import logging
import time

from app.catalogue.import_jobs import MOST_ERRORS, FeedProblem, ImportCounts, ImportJob, ImportJobs, State
from app.ingest.reason_counts import ReasonCounts

_TELL = 0.5  # s between notes of progress
_log = logging.getLogger(__name__)


class ImportProgress:
    """The state of an import as its operation records it, with the first of its errors and all of its counts."""

    def __init__(self, operations: ImportJobs, operation: ImportJob) -> None:
        self._operations, self._id = operations, operation.id
        self._before, self._counts, self._errors = operation.counts, operation.counts, list(operation.errors)
        self._noted = len(self._errors)
        # where not all errors were kept before, later ones are not the first
        self._most = MOST_ERRORS if self._noted == operation.counts.problems else self._noted
        self._reasons = ReasonCounts(operation.errors)
        self._told = 0.0
        self.total = operation.total

    def begin(self, total: int) -> None:
        """Record and log how many entries the feed has."""
        self.total = total
        self.note("running")
        _log.info("import %s begins at entry %d of %d", self._id, self._before.done + 1, total)

    def problem(self, problem: FeedProblem) -> None:
        """Keep a problem, if it is among the first."""
        self._reasons.add(problem)
        if len(self._errors) < self._most:
            self._errors.append(problem)

    def step(self, counts: ImportCounts) -> None:
        """Count what is in the catalogue by now."""
        self._counts = self._before + counts
        if time.monotonic() - self._told >= _TELL:
            self.note("running")

    def finish(self) -> None:
        """Record and log the outcome: failed where nothing was changed and most entries gave no product."""
        if self._counts.is_failure:
            self.fail(self._counts.failure(self._reasons))
            return
        self.note("done")
        reasons = f" ({self._reasons})" if self._counts.problems else ""
        _log.info("import %s is done: %s%s", self._id, self._counts, reasons)

    def fail(self, message: str) -> None:
        """Record and log why it failed."""
        self.note("failed", message)
        _log.warning("import %s failed: %s", self._id, message)

    def note(self, state: State, message: str | None = None) -> None:
        """Record it now. Errors are written only when there are more: they may be large, and this is often called."""
        self._told = time.monotonic()
        values: dict[str, object] = {"total": self.total, "counts": self._counts}
        errors = self._errors[: self._counts.problems]  # those found ahead are found again when this is resumed
        if len(errors) != self._noted:
            values["errors"], self._noted = errors, len(errors)
        self._operations.update(self._id, state, message, **values)
