"""Check the study of HOLEF's W on embeddings for which it is known what helps."""

from __future__ import annotations

import torch

from benchmarks.accuracy.weight_folds import FORMS, EmbeddedPairs, compute_distances, measure_form, project
from model.network.distances import HOLEF

DIM, PHOTOS = 12, 60


def make_pairs(noise: torch.Tensor) -> EmbeddedPairs:
    """Two sketches of each photo, whose dimensions differ from it by noise of the given standard deviations."""
    torch.manual_seed(0)
    photos = torch.randn(PHOTOS, DIM)
    truth = torch.arange(PHOTOS).repeat(2)
    sketches = photos[truth] + torch.randn(2 * PHOTOS, DIM) * noise
    return EmbeddedPairs("made", sketches, photos, truth, torch.arange(PHOTOS) % 5)


def difference(figures: dict[str, object]) -> tuple[float, float]:
    """Return the difference of the mean log rank and the upper end of its interval."""
    mean, _, rest = str(figures["log rank"]).partition(" (")
    return float(mean), float(rest.rstrip(")").split(" to ")[1])


def test_a_weight_that_leaves_noisy_dimensions_out_is_found() -> None:
    noise = torch.cat([torch.full((DIM // 2,), 0.3), torch.full((DIM // 2,), 3.0)])
    mean, high = difference(measure_form([make_pairs(noise)], FORMS[1]))
    assert mean < -0.3 and high < 0


def test_none_helps_where_all_dimensions_are_alike() -> None:
    _, high = difference(measure_form([make_pairs(torch.full((DIM,), 0.8))], FORMS[0]))
    assert high > -0.05


def test_the_distance_is_holefs() -> None:
    distance = HOLEF(DIM)
    torch.nn.init.normal_(distance.weight)
    sketches, photos = torch.randn(3, DIM), torch.randn(4, DIM)
    wanted = distance.pairwise(sketches, photos)
    torch.testing.assert_close(compute_distances(distance.weight, sketches, photos), wanted, rtol=1e-4, atol=1e-4)


def test_a_projection_to_all_dimensions_keeps_the_ranks() -> None:
    pairs = make_pairs(torch.full((DIM,), 0.8))
    identity = torch.eye(DIM)
    torch.testing.assert_close(project([pairs], DIM)[0].ranks(identity), pairs.ranks(identity))
