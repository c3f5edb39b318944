"""States of imports and servers, as typed dictionaries; `types` has them too."""

from __future__ import annotations

from typing import Literal, TypedDict


class Problem(TypedDict):
    """Entry or photo of a feed, or line of a bulk update, that cannot be used."""

    where: str
    reason: str
    kind: Literal["entry", "duplicate", "photo"]


class Import(TypedDict):
    """Progress of an import. `removed` counts products that a `complete` feed lacks. A `dry_run` writes nothing."""

    id: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    total: int | None
    done: int
    added: int
    updated: int
    unchanged: int
    removed: int
    complete: bool
    dry_run: bool
    language: str | None
    error_count: int
    errors: list[Problem]
    errors_next: int | None
    message: str | None
    created: float
    updated_at: float


class ImportPage(TypedDict):
    """Page of imports, newest first, without their errors. `next` is the `after` of the next page."""

    operations: list[Import]
    next: str | None


class Health(TypedDict):
    """Status of a server that answers, and what runs in it."""

    status: str
    version: str
    build: str | None
    checkpoint: str | None


class Readiness(TypedDict):
    """Status of a server that can search: ready, or degraded while its database is away."""

    status: Literal["ready", "degraded"]
    database: Literal["up", "away"]
