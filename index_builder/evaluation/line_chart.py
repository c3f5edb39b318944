"""Line charts of accuracies with their intervals, laid out for the report's SVG template."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from index_builder.evaluation.bootstrap import Estimate

WIDTH, HEIGHT = 640, 270  # of the plotted area, in the SVG's unit
Points = dict[int, Estimate]  # x -> percent, in the order of x


@dataclass(frozen=True)
class Mark:
    """A dot on a line, with what it stands for."""

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
    """Lines over one x axis, percent upwards; the first line's marks carry their values."""

    label: str
    lines: tuple[Line, ...]
    ticks: tuple[tuple[float, str], ...]  # place, text
    chance: str  # the line that guessing gives; empty when it is not drawn


def chart(
    label: str,
    curves: Mapping[str, Points],
    ticks: Sequence[int],
    unit: str = "",
    logarithmic: bool = False,
    chance: Mapping[int, float] | None = None,
) -> Chart:
    """Lay out curves {name: points}; `ticks` are the xs that are labelled and marked, `chance` what guessing gives."""
    xs = sorted({x for points in curves.values() for x in points})
    place = _placing(xs, logarithmic)
    return Chart(
        label,
        tuple(_line(name, points, place, ticks, unit) for name, points in curves.items()),
        tuple((place(x), f"{x}{unit}") for x in ticks if x in xs),
        _path((place(x), value) for x, value in (chance or {}).items()),
    )


def height_of(percent: float) -> float:
    """Where a percentage lies, from the plot's top."""
    return HEIGHT * (1 - percent / 100)


def _line(name: str, points: Points, place: Callable[[int], float], ticks: Sequence[int], unit: str) -> Line:
    lows = [(place(x), estimate.low) for x, estimate in points.items()]
    highs = [(place(x), estimate.high) for x, estimate in points.items()]
    marks = tuple(
        Mark(place(x), height_of(points[x].value), f"{points[x].value:.1f}", f"{name}, {x}{unit}: {points[x]}")
        for x in ticks
        if x in points
    )
    values = [(place(x), estimate.value) for x, estimate in points.items()]
    return Line(name, _path(values), _path(lows + highs[::-1]), marks)


def _placing(xs: Sequence[int], logarithmic: bool) -> Callable[[int], float]:
    """Where an x lies between the plot's left and right edge."""
    scale: Callable[[float], float] = math.log if logarithmic else float
    low, high = scale(xs[0]), scale(xs[-1])
    return lambda x: WIDTH * (scale(x) - low) / (high - low) if high > low else WIDTH / 2


def _path(points: Iterable[tuple[float, float]]) -> str:
    """Points (x place, percent) as an SVG polyline's."""
    return " ".join(f"{x:.1f},{height_of(percent):.1f}" for x, percent in points)
