"""Import jobs, recorded in the catalogue's database so that they survive the process that runs them."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from itertools import accumulate
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from app.catalogue.import_options import ImportOptions
from app.core.error_text import MOST_MESSAGE, cut
from app.database.damage import checked_values
from app.database.sql_lists import is_any_of
from app.database.tables import operations as _table

MOST_REASON = 600  # characters of a problem's reason
_MOST_WHERE = 512  # characters, the limit of product ids

State = Literal["queued", "running", "done", "failed", "cancelled"]
ProblemKind = Literal["entry", "duplicate", "photo"]
"""Kind of a problem: an entry that cannot be read, a product id that came before, or a photo that cannot be used."""
_OVER = ("done", "failed", "cancelled")

MOST_ERRORS = 1000  # stored errors of a job; all are counted
_MOST_BYTES = 2**17  # of the JSON of a job's errors
_MOST_OVER = 1000  # stored jobs that are over
_UNFINISHED = (
    select(_table).where(_table.c.state.in_(("queued", "running"))).order_by(_table.c.created, _table.c.id)
)  # built once: it is executed several times per second


@dataclass(frozen=True)
class ImportJob:
    """An import job, as of when it was read."""

    id: str
    state: State
    created: float  # s since 1970
    updated: float
    total: int | None  # items in the feed, None until they are counted
    counts: ImportCounts
    errors: tuple[FeedProblem, ...]  # the first of counts.problems
    message: str | None  # why it failed, or why it is retried
    options: ImportOptions

    @property
    def is_over(self) -> bool:
        """Whether the job has ended."""
        return self.state in _OVER


class ImportJobs:
    """The import jobs in a catalogue's database. Safe to use from many threads and processes."""

    def __init__(self, reading: Engine, writing: Engine) -> None:
        self._reading, self._writing = reading, writing

    def add(self, operation_id: str, options: ImportOptions = ImportOptions()) -> ImportJob:
        """Record a new job, and delete the oldest ended jobs beyond a limit."""
        now = time.time()
        over = select(_table.c.id).where(_table.c.state.in_(_OVER))
        old = over.order_by(_table.c.created.desc(), _table.c.id).offset(_MOST_OVER).limit(_MOST_OVER)
        with self._writing.begin() as connection:
            row = {"id": operation_id, "state": "queued", "created": now, "updated": now, "options": options.dump()}
            connection.execute(insert(_table), [{**row, "counts": _dump_counts(ImportCounts()), "errors": "[]"}])
            expired = list(connection.execute(old).scalars())
            if expired:
                connection.execute(delete(_table).where(is_any_of(_table.c.id, expired)))
        return ImportJob(
            id=operation_id,
            state="queued",
            created=now,
            updated=now,
            total=None,
            counts=ImportCounts(),
            errors=(),
            message=None,
            options=options,
        )

    def get(self, operation_id: str) -> ImportJob | None:
        """Return a job, None if the id is unknown."""
        with self._reading.connect() as connection:
            row = connection.execute(select(_table).where(_table.c.id == operation_id)).first()
        return _parse_job(row) if row else None

    def get_existing(self, operation_id: str) -> ImportJob:
        """Return a known job. Raises KeyError for an unknown id."""
        job = self.get(operation_id)
        if job is None:
            raise KeyError(operation_id)
        return job

    def unfinished(self) -> list[ImportJob]:
        """Return the jobs that are not over, oldest first."""
        with self._reading.connect() as connection:
            return [_parse_job(row) for row in connection.execute(_UNFINISHED)]

    def page(self, after: str | None = None, limit: int = 50) -> list[ImportJob]:
        """Return jobs, newest first, from the first after the job `after`. Raises KeyError for an unknown id."""
        query = select(_table).order_by(_table.c.created.desc(), _table.c.id).limit(limit)
        if after is not None:
            last = self.get_existing(after)
            is_older = _table.c.created < last.created
            query = query.where(is_older | ((_table.c.created == last.created) & (_table.c.id > after)))
        with self._reading.connect() as connection:
            return [_parse_job(row) for row in connection.execute(query)]

    def cancel(self, operation_id: str) -> bool:
        """Cancel a job; the process that runs it ends it within seconds. Returns False if it is over or unknown."""
        with self._writing.begin() as connection:
            return self.update_in(connection, operation_id, "cancelled")

    def update(self, operation_id: str, state: State, message: str | None = None, **values: Any) -> bool:
        """Record a job's progress in a transaction of its own, as update_in() does."""
        with self._writing.begin() as connection:
            return self.update_in(connection, operation_id, state, message, **values)

    def update_in(
        self, connection: Connection, operation_id: str, state: State, message: str | None = None, **values: Any
    ) -> bool:
        """Record a job's progress: `values` may set `total`, `counts` and `errors` of ImportJob.

        Returns False, and records nothing, if the job is over or unknown.
        """
        if "counts" in values:
            values["counts"] = _dump_counts(values["counts"])
        if "errors" in values:
            values["errors"] = _dump_errors(values["errors"])
        words = cut(message, MOST_MESSAGE) if message else None
        changed = update(_table).where(_table.c.id == operation_id, _table.c.state.not_in(_OVER))
        written = connection.execute(changed.values(state=state, message=words, updated=time.time(), **values))
        return written.rowcount > 0


def new_id() -> str:
    """Return a random id for a job, which cannot be guessed."""
    return uuid.uuid4().hex


def _dump_counts(counts: ImportCounts) -> str:
    return json.dumps(asdict(counts))


def _dump_errors(errors: Sequence[FeedProblem]) -> str:
    """Return the JSON of the first errors, as many as may be stored."""
    dumped = [json.dumps(asdict(error)) for error in errors[:MOST_ERRORS]]
    ends = accumulate(len(text) + 2 for text in dumped)  # with the separator
    return f"[{', '.join(text for text, end in zip(dumped, ends, strict=True) if end <= _MOST_BYTES)}]"


def _parse_job(row: Row[Any]) -> ImportJob:
    values = dict(row._mapping)
    with checked_values():
        errors = tuple(FeedProblem(**problem) for problem in json.loads(values["errors"]))
        counts, options = ImportCounts(**json.loads(values["counts"])), ImportOptions.parse(values["options"])
        return ImportJob(**values | {"counts": counts, "errors": errors, "options": options})


@dataclass(frozen=True)
class ImportCounts:
    """Counts of a job's items so far. `done` items were written, unchanged or unusable."""

    done: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: int = 0  # of items without a product, and of single photos
    removed: int = 0  # products that a complete feed lacks; not among `done`

    @property
    def lost(self) -> int:
        """The number of items that gave no product."""
        return self.done - self.added - self.updated - self.unchanged

    @property
    def is_failure(self) -> bool:
        """Whether nothing was changed, and most items gave no product."""
        return not self.added + self.updated and 2 * self.lost > self.done

    def failure(self, reasons: object) -> str:
        """Describe a failure: nothing was changed, how many items were lost, and why."""
        return f"nothing was changed: {self.lost:,} of {self.done:,} entries gave no product ({reasons})"

    def __str__(self) -> str:
        removed = f"{self.removed} removed, " if self.removed else ""
        written = f"{self.added} added, {self.updated} updated, {self.unchanged} unchanged"
        return f"{written}, {removed}{self.problems} problems"

    def __add__(self, other: ImportCounts) -> ImportCounts:
        return ImportCounts(*(ours + theirs for ours, theirs in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class FeedProblem:
    """A part of a source that gives no product: where ("line 7", a file, a product's id) and why.

    Both may quote the source or a library at any length, so they are cut here before they are stored.
    """

    where: str
    reason: str
    kind: ProblemKind = "entry"

    def __post_init__(self) -> None:
        object.__setattr__(self, "where", cut(self.where, _MOST_WHERE))
        object.__setattr__(self, "reason", cut(self.reason, MOST_REASON))
