"""Layout of line charts of accuracies with their intervals, for the report's SVG template."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from index_builder.evaluation.bootstrap import Estimate

WIDTH, HEIGHT = 640, 270  # of the plotted area, in the SVG's unit
Points = dict[int, Estimate]  # x -> percent, in the order of x


@dataclass(frozen=True)
class Mark:
    """A dot on a line, with its texts."""

    x: float
    y: float
    value: str
    note: str


@dataclass(frozen=True)
class Line:
    """A curve as SVG coordinates: its line, the band of its interval, and marks at the ticks."""

    name: str
    line: str
    band: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Chart:
    """Lines over one x axis, percent upwards; only the first line's marks have a visible value."""

    label: str
    lines: tuple[Line, ...]
    ticks: tuple[tuple[float, str], ...]  # place, text
    chance: str  # the line of a random order; empty if it is not drawn


def chart(
    label: str,
    curves: Mapping[str, Points],
    ticks: Sequence[int],
    unit: str = "",
    *,
    logarithmic: bool = False,
    chance: Mapping[int, float] | None = None,
) -> Chart:
    """Lay out curves {name: points}.

    `ticks` are the xs with a label and marks. `chance` has the accuracy of a random order by x.
    """
    xs = sorted({x for points in curves.values() for x in points})
    place = _build_scale(xs, logarithmic=logarithmic)
    return Chart(
        label,
        tuple(_lay_out_line(name, points, place, ticks, unit) for name, points in curves.items()),
        tuple((place(x), f"{x}{unit}") for x in ticks if x in xs),
        _format_path((place(x), value) for x, value in (chance or {}).items()),
    )


def height_of(percent: float) -> float:
    """Return the y of a percentage, from the plot's top."""
    return HEIGHT * (1 - percent / 100)


def _lay_out_line(name: str, points: Points, place: Callable[[int], float], ticks: Sequence[int], unit: str) -> Line:
    """Lay out one curve with its band and marks."""
    lows = [(place(x), estimate.low) for x, estimate in points.items()]
    highs = [(place(x), estimate.high) for x, estimate in points.items()]
    marks = tuple(
        Mark(place(x), height_of(points[x].value), f"{points[x].value:.1f}", f"{name}, {x}{unit}: {points[x]}")
        for x in ticks
        if x in points
    )
    values = [(place(x), estimate.value) for x, estimate in points.items()]
    return Line(name, _format_path(values), _format_path(lows + highs[::-1]), marks)


def _build_scale(xs: Sequence[int], *, logarithmic: bool) -> Callable[[int], float]:
    """Build a function from an x to its place between the plot's left and right edge."""
    scale: Callable[[float], float] = math.log if logarithmic else float
    low, high = scale(xs[0]), scale(xs[-1])
    return lambda x: WIDTH * (scale(x) - low) / (high - low) if high > low else WIDTH / 2


def _format_path(points: Iterable[tuple[float, float]]) -> str:
    """Format points (x place, percent) for an SVG polyline."""
    return " ".join(f"{x:.1f},{height_of(percent):.1f}" for x, percent in points)
