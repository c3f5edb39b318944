from __future__ import annotations

import math

import pytest

from index_builder.datasets.pictures import Sketch
from index_builder.evaluation.comparison import compare, comparison_as_json, comparison_as_text
from index_builder.evaluation.errors import EvaluationError
from index_builder.evaluation.evaluate import Evaluation, Query
from tests.support.drawings import Polygon


def ranked(*ranks: int, first: int = 0) -> Evaluation:
    sketches = [Sketch(Polygon(f"{n}_0", ((0, 0), (9, 9)))) for n in range(first, first + len(ranks))]
    queries = (Query(sketch, sketch.name, rank, ()) for sketch, rank in zip(sketches, ranks, strict=True))
    return Evaluation(tuple(queries), 20)


def test_differences_are_those_of_each_sketch_with_itself() -> None:
    differences = compare(ranked(1, 1, 6, 2), ranked(1, 4, 12, 1))
    assert (differences["acc@1"].value, differences["acc@5"].value, differences["acc@10"].value) == (0, 0, 25)
    assert differences["log_rank"].value == pytest.approx((math.log(1 / 4) + math.log(6 / 12) + math.log(2)) / 4)
    for value, low, high in differences.values():
        assert low <= value <= high


def test_a_checkpoint_does_not_differ_from_itself() -> None:
    ours = ranked(1, 7, 3)
    assert all(tuple(estimate) == (0, 0, 0) for estimate in compare(ours, ours).values())


def test_other_sketches_are_refused() -> None:
    with pytest.raises(EvaluationError, match="cannot compare 2 sketches with 3 others: expected the same"):
        compare(ranked(1, 2), ranked(1, 2, 3))
    with pytest.raises(EvaluationError, match="expected the same"):
        compare(ranked(1, 2), ranked(1, 2, first=1))


def test_differences_have_their_sign_and_the_log_rank_three_decimals() -> None:
    differences = compare(ranked(1, 1), ranked(2, 2))
    assert comparison_as_text(differences).splitlines() == [
        "acc@1         +100.0  (+100.0 to +100.0)",
        "acc@5         +0.0  (+0.0 to +0.0)",
        "acc@10        +0.0  (+0.0 to +0.0)",
        "log_rank      -0.693  (-0.693 to -0.693)",
    ]
    figures = comparison_as_json(differences)
    assert figures["acc@1"] == 100 and figures["log_rank_interval"] == [-0.693, -0.693]
