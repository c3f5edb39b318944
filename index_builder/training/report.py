"""Result of a training run, as text and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from index_builder.training.photo_only_check import Comparison
from index_builder.training.warm_start import WeightTransfer


@dataclass(frozen=True)
class TrainingReport:
    """Result of a training run.

    `validation` is acc@1 in percent by pair folder, over its held-out photos. For the stages before fine-tuning it is
    the figure of their objective.

    A run from the checkpoints `start_from` reports the parts that it took over. If it had photos alone, `comparison`
    holds acc@10 on the held-out photos before and after. It is None if nothing is held out.
    """

    checkpoint: Path
    steps: int
    loss: float
    validation: dict[str, float]
    start_from: tuple[Path, ...] = ()
    inherited: WeightTransfer | None = None
    comparison: Comparison | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the output of `sketchfind train --json`."""
        figures: dict[str, Any] = {"checkpoint": str(self.checkpoint), "steps": self.steps, "acc@1": self.validation}
        if self.inherited is not None:
            figures["start_from"] = {"checkpoint": self._started_from, **asdict(self.inherited)}
            if not self.validation:
                figures["comparison"] = self.comparison.as_json() if self.comparison else None
        return figures

    def __str__(self) -> str:
        wrote = f"Wrote {self.checkpoint} after {self.steps} steps."
        if self.comparison is not None:
            advice = "It improved." if self.comparison.improved else f"It did not improve: keep {self._started_from}."
            return f"{wrote}\n{self.comparison}. {advice}"
        if self.start_from and not self.validation:
            unknown = f"It is not known whether it improved on {self._started_from}"
            return f"{wrote}\n{unknown}: no photos were held out to compare the two on."
        return wrote

    @property
    def _started_from(self) -> str:
        return " and ".join(map(str, self.start_from))
