"""Layout of an experiment's plot in px: a panel for each folder, with a row for each variant."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from index_builder.experiments.significance import mean_and_spread

LEFT, RIGHT = 210, 640  # px: start and end of the axis
_ROW, _HEAD, _FOOT = 34, 40, 44  # px: heights of a row, and of the space above and below a panel's rows
_STEPS = (1, 2, 5, 10, 20)  # points of acc@1 between ticks


@dataclass(frozen=True)
class PlotRow:
    """A variant's seeds as dots, its mean, and mean ± standard deviation as a bar, along x."""

    label: str
    y: float
    dots: tuple[float, ...]
    mean: float
    bar: tuple[float, float] | None
    words: str


@dataclass(frozen=True)
class Panel:
    """One folder. Ticks are pairs of x and the value there; `first` is the x of the first variant's mean."""

    title: str
    top: float
    bottom: float
    ticks: tuple[tuple[float, int], ...]
    rows: tuple[PlotRow, ...]

    @property
    def first(self) -> float:
        """Place of the first variant's mean along x."""
        return self.rows[0].mean


def panels(accuracies: Mapping[str, Mapping[str, Sequence[float]]]) -> list[Panel]:
    """Lay out panels from top to bottom, of acc@1 in percent by folder, variant and seed."""
    laid_out: list[Panel] = []
    top = 0.0
    for folder, variants in accuracies.items():
        laid_out.append(_lay_out_panel(folder, variants, top + _HEAD))
        top = laid_out[-1].bottom + _FOOT
    return laid_out


def ticks(values: Sequence[float]) -> list[int]:
    """Return evenly spaced round values in percent that enclose all `values`; at least two, seldom over eight."""
    low, high = max(0.0, min(values)), min(100.0, max(values))
    step = next((step for step in _STEPS if (high - low) / step <= 6), _STEPS[-1])
    first, last = math.floor(low / step), math.ceil(high / step)
    if first == last:
        first, last = max(0, first - 1), min(100 // step, last + 1)
    return [step * i for i in range(first, last + 1)]


def _lay_out_panel(folder: str, variants: Mapping[str, Sequence[float]], top: float) -> Panel:
    """Lay out one panel."""
    spread = {label: mean_and_spread(values) for label, values in variants.items()}
    ends = {label: _bar_limits(*spread[label]) for label in variants}
    shown = [v for values in variants.values() for v in values] + [v for bar in ends.values() if bar for v in bar]
    marks = ticks(shown)

    def place(value: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * (value - marks[0]) / (marks[-1] - marks[0]), 1)

    rows = []
    for number, (label, values) in enumerate(variants.items()):
        mean, deviation = spread[label]
        bar = ends[label]
        words = f"{mean:.1f}" if deviation is None else f"{mean:.1f} ± {deviation:.1f}"
        y = top + _ROW * (number + 0.5)
        dots = tuple(place(value) for value in values)
        rows.append(PlotRow(label, y, dots, place(mean), (place(bar[0]), place(bar[1])) if bar else None, words))
    return Panel(folder, top, top + _ROW * len(rows), tuple((place(mark), mark) for mark in marks), tuple(rows))


def _bar_limits(mean: float, deviation: float | None) -> tuple[float, float] | None:
    """Return the bar's limits, clipped to 0..100."""
    return None if deviation is None else (max(0.0, mean - deviation), min(100.0, mean + deviation))
