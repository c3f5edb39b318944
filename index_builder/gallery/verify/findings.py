"""What a check of a gallery finds: what is wrong, and what only is to be noted."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """One line of the report."""

    what: str  # such as "product boot-1" or "index"
    message: str  # what is wrong, the value, and what was expected

    def __str__(self) -> str:
        return f"{self.what}: {self.message}"


class Findings:
    """What has been found so far."""

    def __init__(self) -> None:
        self.problems: list[Finding] = []
        self.notes: list[Finding] = []

    def problem(self, what: str, message: str) -> None:
        """Something is wrong."""
        self.problems.append(Finding(what, message))

    def note(self, what: str, message: str) -> None:
        """Something is unusual, and harmless."""
        self.notes.append(Finding(what, message))
