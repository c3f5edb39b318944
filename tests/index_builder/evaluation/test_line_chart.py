from __future__ import annotations

import pytest

from index_builder.evaluation.bootstrap import Estimate
from index_builder.evaluation.line_chart import HEIGHT, WIDTH, chart


def places(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (point.split(",") for point in path.split())]


def test_a_line_runs_from_edge_to_edge_and_100_percent_is_on_top() -> None:
    points = {20: Estimate(0, 0, 25), 60: Estimate(50, 25, 75), 100: Estimate(100, 75, 100)}
    (line,) = chart("progress", {"acc@1": points}, [20, 100], unit=" %").lines
    assert places(line.line) == [(0, HEIGHT), (WIDTH / 2, HEIGHT / 2), (WIDTH, 0)]
    assert places(line.band)[:3] == [(0, HEIGHT), (WIDTH / 2, HEIGHT * 0.75), (WIDTH, HEIGHT * 0.25)]
    assert places(line.band)[3:] == [(WIDTH, 0), (WIDTH / 2, HEIGHT * 0.25), (0, HEIGHT * 0.75)]
    assert [(mark.x, mark.y, mark.value) for mark in line.marks] == [(0, HEIGHT, "0.0"), (WIDTH, 0, "100.0")]
    assert line.marks[1].note == "acc@1, 100 %: 100.0  (75.0 to 100.0)"


def test_a_logarithmic_axis_gives_equal_ratios_equal_room() -> None:
    points = {k: Estimate(k, k, k) for k in range(1, 17)}
    drawn = chart("acc@k", {"one view": points}, [1, 4, 16, 50], logarithmic=True, chance={1: 6.25, 16: 100})
    assert [text for _, text in drawn.ticks] == ["1", "4", "16"]  # 50 is beyond the gallery
    assert [place for place, _ in drawn.ticks] == pytest.approx([0, WIDTH / 2, WIDTH])
    assert places(drawn.chance) == [(0, pytest.approx(HEIGHT * 0.9375, abs=0.06)), (WIDTH, 0)]


def test_a_single_point_lies_in_the_middle() -> None:
    drawn = chart("acc@k", {"one view": {1: Estimate(100, 100, 100)}}, [1], logarithmic=True)
    assert places(drawn.lines[0].line) == [(WIDTH / 2, 0)]
