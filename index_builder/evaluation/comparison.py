"""Paired comparison of two checkpoints by the same sketches."""

from __future__ import annotations

import numpy as np

from index_builder.evaluation.bootstrap import Estimate, estimate_means
from index_builder.evaluation.errors import EvaluationError
from index_builder.evaluation.evaluate import Evaluation

LOG_RANK = "log_rank"


def compare(ours: Evaluation, theirs: Evaluation) -> dict[str, Estimate]:
    """Estimate how much more `ours` has than `theirs`, with 95% intervals.

    The differences of acc@1, acc@5 and acc@10 are in points. That of the log rank, the natural logarithm of the rank of
    the true photo, uses all ranks; below zero, ours is better. Each sketch is compared with itself, so the intervals
    are narrower than those of the figures. Raises EvaluationError unless both have the same sketches.
    """
    asked, also_asked = ([(query.truth, query.sketch.name) for query in of.queries] for of in (ours, theirs))
    if asked != also_asked:
        raise EvaluationError(f"cannot compare {len(asked)} sketches with {len(also_asked)} others: expected the same")
    columns = {f"acc@{k}": 100.0 * (ours.ranks <= k) - 100.0 * (theirs.ranks <= k) for k in (1, 5, 10)}
    columns[LOG_RANK] = np.log(ours.ranks) - np.log(theirs.ranks)
    estimates = estimate_means(np.stack([*columns.values()], 1), [truth for truth, _ in asked])
    return dict(zip(columns, estimates, strict=True))


def comparison_as_json(differences: dict[str, Estimate]) -> dict[str, float | list[float]]:
    """Return the differences of `sketchfind evaluate --against --json`."""
    named: dict[str, float | list[float]] = {}
    for name, (value, low, high) in differences.items():
        named |= {name: round(value, 3), f"{name}_interval": [round(low, 3), round(high, 3)]}
    return named


def comparison_as_text(differences: dict[str, Estimate]) -> str:
    """Format the differences, one per line."""

    def line(name: str, estimate: Estimate) -> str:
        value, low, high = (f"{number:+.{3 if name == LOG_RANK else 1}f}" for number in estimate)
        return f"{name:14}{value}  ({low} to {high})"

    return "\n".join(line(name, estimate) for name, estimate in differences.items())
