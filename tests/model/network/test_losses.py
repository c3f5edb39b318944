from __future__ import annotations

import math

import pytest
import torch

from model.network.losses import contrastive_loss, holef_penalty, triplet_loss


def test_triplet_loss_is_the_mean_hinge_of_each_sketch_then_of_all() -> None:
    distances = torch.tensor([[1.0, 2.0, 1.2], [9.0, 0.0, 3.0], [1.0, 1.0, 1.0]])
    target = torch.tensor([0, 2, 1])
    farther = torch.tensor([[False, True, True], [False, True, False], [False, False, False]])
    assert triplet_loss(distances, target, farther, 0.3).item() == pytest.approx(((0 + 0.1) / 2 + 3.3 + 0) / 3)


def test_contrastive_loss_of_indistinguishable_pairs_is_log_b() -> None:
    loss = contrastive_loss(torch.ones(8, 8), torch.tensor(0.5))
    assert loss.item() == pytest.approx(math.log(8))


def test_contrastive_loss_falls_as_true_pairs_come_nearer() -> None:
    far, near = torch.ones(4, 4), torch.ones(4, 4) - 0.5 * torch.eye(4)
    temperature = torch.tensor(0.1)
    assert contrastive_loss(near, temperature) < contrastive_loss(far, temperature)


def test_contrastive_loss_looks_both_ways() -> None:
    """Check that columns count like rows.

    A photo near every sketch costs nothing in rows of equals, but much in columns.
    """
    distances = torch.tensor([[0.0, 1.0], [0.0, 1.0]])
    rows = (math.log(1 + math.e**-1) + math.log(1 + math.e**1)) / 2
    columns = math.log(2)
    assert contrastive_loss(distances, torch.tensor(1.0)).item() == pytest.approx((rows + columns) / 2)


def test_holef_penalty_is_both_norms() -> None:
    weight = torch.eye(3)
    weight[0, 1], weight[2, 2] = -3.0, 5.0
    assert holef_penalty(weight, 0.0005).item() == pytest.approx(0.0005 * (7 + 5))


def test_holef_penalty_at_the_start_is_zero_with_a_finite_gradient() -> None:
    weight = torch.eye(4, requires_grad=True)
    penalty = holef_penalty(weight)
    penalty.backward()  # type: ignore[no-untyped-call]
    assert penalty.item() == 0
    assert weight.grad is not None and torch.isfinite(weight.grad).all()
