from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
import torch
from torch import Tensor

from index_builder.datasets.triplets import Judgement, Triplet
from index_builder.training.config.errors import TrainingError
from index_builder.training.config.presets import PRESETS
from index_builder.training.data.samples import LineImage, Sample, SampleSet
from index_builder.training.objectives import find_objective
from index_builder.training.objectives.base import Batch
from index_builder.training.objectives.categories import CategoryTriplets
from index_builder.training.objectives.human_triplets import HumanTriplets
from index_builder.training.objectives.ranking import ContrastivePairs, draw_pairs
from index_builder.training.objectives.recognition import Recognition
from model.network.distances import HOLEF, Euclidean

PRESET = replace(PRESETS["dssa"], batch=6)
DISTANCE = Euclidean(2)


def image(value: int) -> LineImage:
    return LineImage(np.full((2, 2), value, np.uint8))


def pair_set(
    name: str, first: int, count: int, triplets: tuple[Triplet, ...] = (), tied: tuple[str, ...] = ()
) -> SampleSet:
    """Build photos i with edge maps of value i, and two sketches of that value; all are judged alike."""
    said = (Judgement(triplets, (*chain(*triplets), *tied)),) * 2
    samples = (Sample(f"{i}", (image(i),) * 2, (image(i),) * 2, 1, said) for i in range(first, first + count))
    return SampleSet(name, tuple(samples))


def class_set(name: str, value: int, count: int) -> SampleSet:
    return SampleSet(name, tuple(Sample(f"{i}", (), (image(value),), 1) for i in range(count)))


def values(images: Sequence[LineImage]) -> list[int]:
    return [int(image.frame[0, 0]) for image in images]


def farther_values(batch: Batch) -> list[set[int]]:
    """Return the photos that should be farther from each sketch."""
    photos = values(batch.photos)
    return [{photos[j] for j in row.nonzero().flatten().tolist()} for row in batch.farther]


def embed(images: Sequence[LineImage]) -> Tensor:
    """Embed a frame's value: its tens are its content, its ones the person that drew it."""
    return torch.tensor([[value // 10 - 1.5, 0.01 * (value % 10)] for value in values(images)])


def batches(objective: HumanTriplets, sets: Sequence[SampleSet], count: int) -> list[Batch]:
    random = np.random.default_rng(0)
    return [objective.draw(sets, random) for _ in range(count)]


@pytest.mark.parametrize(("count", "from_sets"), [(6, 6), (16, 8)])
def test_pairs_are_of_one_folder_or_of_as_many_as_fit(count: int, from_sets: int) -> None:
    sets = [pair_set(str(n), 20 * n, 16) for n in range(8)]
    random, seen = np.random.default_rng(0), set()
    for _ in range(40):
        batch = draw_pairs(sets, count, random)
        assert values(batch.sketches) == values(batch.photos) and len(set(values(batch.photos))) == count
        assert batch.farther.sum() == count * (count - 1) and not batch.farther.diagonal().any()
        seen.add(len({value // 20 for value in values(batch.photos)}))
    assert seen == {1, from_sets}


def test_small_folders_fill_a_batch_together() -> None:
    sets = [pair_set(str(n), 20 * n, 4) for n in range(8)]
    random, seen = np.random.default_rng(0), set()
    for _ in range(40):
        counts = Counter(value // 20 for value in values(draw_pairs(sets, 10, random).photos))
        seen.add(tuple(sorted(counts.values())))
    assert seen == {(2, 4, 4), (2,) * 5}  # whole folders as long as they fit, or some of each of several


def test_the_triplet_loss_is_zero_once_others_are_a_margin_farther() -> None:
    objective = HumanTriplets(PRESET, (2,), 1)
    batch = draw_pairs([pair_set("a", 0, 4)], 4, np.random.default_rng(0))
    far = torch.eye(4, 2) * 100 + torch.tensor([[0.0, 0], [0, 0], [50, 50], [0, 50]])
    assert objective.loss(DISTANCE, far, far, batch).item() == 0
    assert objective.loss(DISTANCE, torch.zeros(4, 2), torch.zeros(4, 2), batch).item() == pytest.approx(0.3)


def test_holef_is_kept_near_the_identity_by_losses_that_it_takes_part_in() -> None:
    distance, points = HOLEF(2), torch.zeros(4, 2)
    batch = draw_pairs([pair_set("a", 0, 4)], 4, np.random.default_rng(0))
    near = [kind(PRESET, (2,), 2).loss(distance, points, points, batch) for kind in (HumanTriplets, ContrastivePairs)]
    recognised = Recognition(PRESET, (2,), 4)
    indifferent = recognised.loss(distance, points, points[:0], batch)
    with torch.no_grad():
        distance.weight.add_(2)
    far = [kind(PRESET, (2,), 2).loss(distance, points, points, batch) for kind in (HumanTriplets, ContrastivePairs)]
    assert [(b - a).item() for a, b in zip(near, far, strict=True)] == pytest.approx([0.0005 * (8 + 4)] * 2, abs=1e-6)
    assert recognised.loss(distance, points, points[:0], batch) == indifferent


def test_the_temperature_is_learnt() -> None:
    objective = ContrastivePairs(PRESET, (2,), 1)
    batch = draw_pairs([pair_set("a", 0, 4)], 4, np.random.default_rng(0))
    points = torch.randn(4, 2, generator=torch.Generator().manual_seed(0))
    objective.loss(DISTANCE, points, points, batch).backward()  # type: ignore[no-untyped-call]
    assert objective.temperature.grad is not None and objective.temperature.grad != 0


def test_any_sketch_of_a_category_goes_with_any_of_its_photos() -> None:
    objective, random = CategoryTriplets(PRESET, (2,), 3), np.random.default_rng(0)
    sets = [pair_set(str(n), 10 * n, 5) for n in range(3)]
    other_photos = 0
    for _ in range(20):
        batch = objective.draw(sets, random)
        sketches, photos = values(batch.sketches), values(batch.photos)
        assert [s // 10 for s in sketches] == [p // 10 for p in photos]
        assert sorted(s // 10 for s in sketches) == [0, 0, 1, 1, 2, 2]
        assert [{p // 10 for p in row} for row in farther_values(batch)] == [{0, 1, 2} - {s // 10} for s in sketches]
        other_photos += sum(s != p for s, p in zip(sketches, photos, strict=True))
    assert other_photos > 60


def test_categories_are_validated_as_such() -> None:
    objective = CategoryTriplets(PRESET, (2,), 2)
    right = [pair_set("a", 10, 2), pair_set("b", 20, 2)]
    assert objective.validate(DISTANCE, embed, right) == {"categories": 100.0}
    stray = Sample("x", (image(20),), (image(11),), 1)  # a photo of b whose sketch looks like a
    mixed = [right[0], SampleSet("b", (*right[1].samples, stray))]
    assert objective.validate(DISTANCE, embed, mixed) == {"categories": 80.0}
    assert objective.validate(DISTANCE, embed, []) == {}


def test_recognition_learns_the_classes_of_its_sketches() -> None:
    torch.manual_seed(0)
    objective, random = Recognition(PRESET, (2,), 3), np.random.default_rng(0)
    sets = [class_set("cat", 10, 3), class_set("none", 0, 0), class_set("dog", 20, 6)]
    optimiser = torch.optim.Adam(objective.parameters(), 0.05)
    drawn: list[int] = []
    for _ in range(60):
        batch = objective.draw(sets, random)
        assert [10 * (target // 2 + 1) for target in batch.target.tolist()] == values(batch.sketches)
        drawn += batch.target.tolist()
        loss = objective.loss(DISTANCE, embed(batch.sketches), torch.zeros(0, 2), batch)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert 0.55 < drawn.count(2) / len(drawn) < 0.75
    assert objective.validate(DISTANCE, embed, sets) == {"recognition": 100.0}
    swapped = [sets[2], sets[1], sets[0]]
    assert objective.validate(DISTANCE, embed, swapped) == {"recognition": 0.0}
    assert objective.validate(DISTANCE, embed, [class_set("none", 0, 0)] * 3) == {}


JUDGED = (("1", "2"), ("0", "3"), ("3", "99"))  # photo 99 is held out


@pytest.mark.parametrize(("ratio", "low", "high"), [(1.0, 1, 1), (0.0, 0, 0), (0.75, 0.68, 0.82)])
def test_hard_ratio_is_the_share_of_negatives_that_people_judged(ratio: float, low: float, high: float) -> None:
    objective = HumanTriplets(replace(PRESET, hard_ratio=ratio), (2,), 1)
    judged = total = 0
    for batch in batches(objective, [pair_set("a", 0, 10, JUDGED)], 60):
        sketches, photos = values(batch.sketches), values(batch.photos)
        for i, (negative,) in enumerate(farther_values(batch)):
            nearer = photos[int(batch.target[i])]
            if (str(nearer), str(negative)) in JUDGED:
                judged += 1
            else:
                assert nearer in {0, 1} and negative not in {0, 1, 2, 3, sketches[i]}
        total += len(sketches)
    assert low <= judged / total <= high


def test_a_photo_that_tied_is_no_easy_one() -> None:
    objective = HumanTriplets(replace(PRESET, hard_ratio=0.0), (2,), 1)
    drawn = batches(objective, [pair_set("a", 0, 8, (("0", "1"),), tied=("2", "3", "4", "5"))], 20)
    assert set.union(*(farther for batch in drawn for farther in farther_values(batch))) == {6, 7}


def test_a_sketch_that_nobody_judged_is_nearest_to_its_own_photo() -> None:
    sets = [pair_set("judged", 0, 6, JUDGED[:2]), pair_set("not", 10, 6)]
    mixed = 0
    for batch in batches(HumanTriplets(PRESET, (2,), 2), sets, 40):
        photos = values(batch.photos)
        for sketch, target, farther in zip(
            values(batch.sketches), batch.target.tolist(), farther_values(batch), strict=True
        ):
            if sketch >= 10:
                assert photos[target] == sketch and farther == set(photos) - {sketch}
                mixed += any(photo < 10 for photo in photos)
            else:
                assert len(farther) == 1
    assert mixed > 0


def test_a_triplets_photos_share_the_flip_of_their_sketch() -> None:
    (batch,) = batches(HumanTriplets(replace(PRESET, hard_ratio=1.0), (2,), 1), [pair_set("a", 0, 10, JUDGED[:2])], 1)
    assert len(batch.mates) == len(batch.photos) == 12
    for row in range(6):
        (column,) = batch.farther[row].nonzero().flatten().tolist()
        assert batch.mates[column] == batch.mates[batch.target[row]] == row


def test_where_all_other_photos_were_judged_there_is_no_easy_one() -> None:
    objective = HumanTriplets(replace(PRESET, hard_ratio=0.0), (2,), 1)
    for batch in batches(objective, [pair_set("a", 0, 3, (("0", "1"), ("1", "2")))], 5):
        assert all(len(farther) == 1 for farther in farther_values(batch))


def test_too_little_to_learn_from_is_refused() -> None:
    with pytest.raises(TrainingError, match=r"a has 1 pair\(s\) to train on, expected at least 2"):
        HumanTriplets(PRESET, (2,), 1).check([pair_set("a", 0, 1)])
    with pytest.raises(TrainingError, match="a is the only category, expected at least 2"):
        CategoryTriplets(PRESET, (2,), 1).check([pair_set("a", 0, 2)])
    with pytest.raises(TrainingError, match=r"found sketches of 1 class\(es\) to train on, expected at least 2"):
        Recognition(PRESET, (2,), 2).check([class_set("cat", 1, 4), class_set("dog", 1, 0)])
    with pytest.raises(ValueError, match="unknown objective 'guessing': expected one of contrastive-pairs, human"):
        find_objective(replace(PRESET, objective="guessing"))
