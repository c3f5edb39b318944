"""Findings of a gallery check: problems, and harmless notes."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """Line of the report."""

    what: str  # such as "product boot-1" or "index"
    message: str  # the problem, the value, and the expected value

    def __str__(self) -> str:
        return f"{self.what}: {self.message}"


class Findings:
    """Collection of the findings so far."""

    def __init__(self) -> None:
        self.problems: list[Finding] = []
        self.notes: list[Finding] = []

    def add_problem(self, what: str, message: str) -> None:
        """Record damage."""
        self.problems.append(Finding(what, message))

    def add_note(self, what: str, message: str) -> None:
        """Record something unusual but harmless."""
        self.notes.append(Finding(what, message))
