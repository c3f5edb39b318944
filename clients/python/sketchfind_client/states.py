"""States of imports and servers, as typed dictionaries; `types` has them too."""

from __future__ import annotations

from typing import Literal, TypedDict


class ImportProblem(TypedDict):
    """Entry or photo of a feed that cannot be used."""

    where: str
    reason: str


class Import(TypedDict):
    """Progress of an import. `state` is queued, running, done or failed."""

    id: str
    state: str
    total: int | None
    done: int
    added: int
    updated: int
    unchanged: int
    error_count: int
    errors: list[ImportProblem]
    errors_next: int | None
    message: str | None
    created: float
    updated_at: float


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
