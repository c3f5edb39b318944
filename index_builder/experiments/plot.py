"""Where everything of an experiment's plot lies: a panel for each folder, in it a row for each variant, in px."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from index_builder.experiments.significance import mean_and_spread

LEFT, RIGHT = 210, 640  # px: where the axis begins and ends
_ROW, _HEAD, _FOOT = 34, 40, 44  # px: heights of a row, and of what is above and below a panel's rows
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
        return self.rows[0].mean


def panels(accuracies: Mapping[str, Mapping[str, Sequence[float]]]) -> list[Panel]:
    """Panels from top to bottom, of acc@1 in percent by folder, variant and seed."""
    made: list[Panel] = []
    top = 0.0
    for folder, variants in accuracies.items():
        made.append(_panel(folder, variants, top + _HEAD))
        top = made[-1].bottom + _FOOT
    return made


def ticks(values: Sequence[float]) -> list[int]:
    """Round values in percent, evenly apart, that enclose all `values`; at least two, seldom more than eight."""
    low, high = max(0.0, min(values)), min(100.0, max(values))
    step = next((step for step in _STEPS if (high - low) / step <= 6), _STEPS[-1])
    first, last = math.floor(low / step), math.ceil(high / step)
    if first == last:
        first, last = max(0, first - 1), min(100 // step, last + 1)
    return [step * i for i in range(first, last + 1)]


def _panel(folder: str, variants: Mapping[str, Sequence[float]], top: float) -> Panel:
    spread = {label: mean_and_spread(values) for label, values in variants.items()}
    ends = {label: _ends(*spread[label]) for label in variants}
    shown = [v for values in variants.values() for v in values] + [v for bar in ends.values() if bar for v in bar]
    marks = ticks(shown)

    def x(value: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * (value - marks[0]) / (marks[-1] - marks[0]), 1)

    rows = []
    for number, (label, values) in enumerate(variants.items()):
        mean, deviation = spread[label]
        bar = ends[label]
        words = f"{mean:.1f}" if deviation is None else f"{mean:.1f} ± {deviation:.1f}"
        y = top + _ROW * (number + 0.5)
        dots = tuple(x(value) for value in values)
        rows.append(PlotRow(label, y, dots, x(mean), (x(bar[0]), x(bar[1])) if bar else None, words))
    return Panel(folder, top, top + _ROW * len(rows), tuple((x(mark), mark) for mark in marks), tuple(rows))


def _ends(mean: float, deviation: float | None) -> tuple[float, float] | None:
    """The bar's ends, within what acc@1 can be."""
    return None if deviation is None else (max(0.0, mean - deviation), min(100.0, mean + deviation))
