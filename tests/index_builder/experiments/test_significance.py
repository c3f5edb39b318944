from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from index_builder.experiments.run_files import Run, Searches
from index_builder.experiments.significance import Difference, Verdict, compare, mean_and_spread

Hits = NDArray[np.bool_]


def runs(*seeds: Hits, per_photo: int = 1) -> list[Run]:
    """Build runs by seed of one folder, in which these sketches (Q,) have their photo at rank 1.

    `per_photo` is the number of sketches of each photo.
    """
    return [
        Run({"shapes": Searches(np.where(hits, 1, 7), np.array([str(i // per_photo) for i in range(len(hits))]))}, "")
        for hits in seeds
    ]


def first(share: float, count: int = 40) -> Hits:
    """Mark the first of `count` sketches as hits."""
    return np.arange(count) < round(share * count)


def width(difference: Difference) -> float:
    assert difference.interval is not None
    return difference.interval[1] - difference.interval[0]


@pytest.mark.parametrize(
    ("variant", "base", "points", "verdict"),
    [
        ((0.75, 0.80, 0.75), (0.50, 0.50, 0.55), 25, Verdict.helps),
        ((0.50, 0.50, 0.55), (0.75, 0.80, 0.75), -25, Verdict.does_not_help),
        ((0.30, 0.60, 0.90), (0.20, 0.50, 0.80), 10, Verdict.cannot_be_told),  # seeds differ by more than that
        ((0.525, 0.50, 0.50), (0.50, 0.50, 0.50), 0.8, Verdict.cannot_be_told),  # one sketch in forty, once
        ((0.50, 0.50, 0.50), (0.50, 0.50, 0.50), 0, Verdict.does_not_help),  # exactly the same answers
        ((0.50,) * 8, (0.50,) * 8, 0, Verdict.does_not_help),  # whatever the weights of seeds sum to in binary
    ],
)
def test_verdicts(variant: tuple[float, ...], base: tuple[float, ...], points: float, verdict: Verdict) -> None:
    overall, by_folder = compare(runs(*map(first, variant)), runs(*map(first, base)))
    assert overall.points == pytest.approx(points, abs=0.05) and overall.verdict is verdict
    assert by_folder == {"shapes": overall}


def test_one_seed_tells_nothing() -> None:
    overall, by_folder = compare(runs(first(0.9)), runs(first(0.1)))
    assert overall == Difference(overall.points, None) == by_folder["shapes"]
    assert overall.points == pytest.approx(80) and overall.verdict is Verdict.cannot_be_told


def test_sketches_are_paired() -> None:
    """Check that six more of the same forty sketches are significant, and six gained and lost ones are not."""
    base, more = first(0.5), first(0.65)
    assert compare(runs(more, more, more), runs(base, base, base))[0].verdict is Verdict.helps
    reverse = more[::-1]
    assert compare(runs(reverse, reverse, reverse), runs(base, base, base))[0].verdict is Verdict.cannot_be_told


def test_sketches_of_one_photo_are_drawn_together() -> None:
    base, more = first(0.5), first(0.75)
    alone, together = (compare(runs(more, more, per_photo=n), runs(base, base, per_photo=n))[0] for n in (1, 5))
    assert alone.points == together.points and width(together) > 1.5 * width(alone)


def test_folders_weigh_alike_whatever_their_size() -> None:
    def with_bags(run: Run, bags: Hits) -> Run:
        return Run({**run.searches, **{"bags": runs(bags)[0].searches["shapes"]}}, "")

    variant = [with_bags(run, first(0.5, 400)) for run in runs(first(0.9), first(0.9))]
    base = [with_bags(run, first(0.5, 400)) for run in runs(first(0.5), first(0.5))]
    overall, by_folder = compare(variant, base)
    assert by_folder["shapes"].points == pytest.approx(40) and by_folder["bags"].points == 0
    assert overall.points == pytest.approx(20)


def test_intervals_hold_what_they_promise() -> None:
    """Check that few experiments report a difference where there is none, with noisy seeds and few sketches."""
    random = np.random.default_rng(5)
    wrong = 0
    for _ in range(60):
        ease = random.random(30)
        skill = random.normal(0.5, 0.05, (2, 3))
        sides = [[random.random(30) < 0.6 * ease + 0.7 * skill[i, seed] - 0.15 for seed in range(3)] for i in (0, 1)]
        wrong += compare(runs(*sides[0]), runs(*sides[1]))[0].verdict is not Verdict.cannot_be_told
    assert wrong <= 6


def test_mean_and_spread() -> None:
    assert mean_and_spread([40.0, 50.0, 60.0]) == (50.0, 10.0)
    assert mean_and_spread([40.0]) == (40.0, None)
