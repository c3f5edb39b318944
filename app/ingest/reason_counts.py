"""Problems of a source counted by reason, for one line that names the most frequent ones."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from app.catalogue.import_jobs import FeedProblem
from app.core.error_text import cut

# what differs between reasons of one kind: values, which may be cut, links and paths
_VALUE = re.compile(r"'[^'…]*['…]|\"[^\"…]*[\"…]|\S*/\S*")
_MOST_KINDS = 100
_SHOWN = 3
_LONGEST = 200  # characters of a reason that is shown


class ReasonCounts:
    """Counts of problems by kind of reason: "price 'cheap' cannot be read" is of one kind with "price 'dear' ..."."""

    def __init__(self, problems: Iterable[FeedProblem] = ()) -> None:
        self._counts: Counter[str] = Counter()
        self._examples: dict[str, str] = {}  # the first reason of each kind
        for problem in problems:
            self.add(problem)

    def add(self, problem: FeedProblem) -> None:
        """Count a problem, unless its kind is a new one beside very many."""
        kind = _VALUE.sub("…", problem.reason)
        if kind in self._examples or len(self._examples) < _MOST_KINDS:
            self._examples.setdefault(kind, f"{problem.where}: {problem.reason}")
            self._counts[kind] += 1

    def __str__(self) -> str:
        """The most frequent reasons with their counts, each by its first example; empty without problems."""
        frequent = self._counts.most_common(_SHOWN)
        return "; ".join(f"{count} x {cut(self._examples[kind], _LONGEST)}" for kind, count in frequent)
