"""Problems of a source counted by reason, summarised in one line with the most frequent reasons."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from app.catalogue.import_jobs import FeedProblem
from app.core.error_text import cut

# the parts that differ between reasons of one kind: values, which may be cut, links and paths
_VALUE = re.compile(r"'[^'…]*['…]|\"[^\"…]*[\"…]|\S*/\S*")
_MAX_KINDS = 100
_SUMMARISED_KINDS = 3
_MAX_REASON = 200  # characters


class ReasonCounts:
    """Counts of problems by kind of reason. "price 'cheap' cannot be read" and "price 'dear' ..." are of one kind."""

    def __init__(self, problems: Iterable[FeedProblem] = ()) -> None:
        self._counts: Counter[str] = Counter()
        self._examples: dict[str, str] = {}  # the first reason of each kind
        for problem in problems:
            self.add(problem)

    def add(self, problem: FeedProblem) -> None:
        """Count a problem, unless its kind is new and the limit of kinds is reached."""
        kind = _VALUE.sub("…", problem.reason)
        if kind in self._examples or len(self._examples) < _MAX_KINDS:
            self._examples.setdefault(kind, f"{problem.where}: {problem.reason}")
            self._counts[kind] += 1

    def __str__(self) -> str:
        """Return the most frequent reasons with their counts, each by its first example; empty without problems."""
        frequent = self._counts.most_common(_SUMMARISED_KINDS)
        return "; ".join(f"{count} x {cut(self._examples[kind], _MAX_REASON)}" for kind, count in frequent)
