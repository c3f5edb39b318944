from __future__ import annotations

from dataclasses import replace

import torch

from index_builder.augment import AugmentConfig, augment

STILL = AugmentConfig(rotation=0, scale=0, shear=0, shift=0, elastic=0, patches=0, bold=0)


def frames(count: int = 4, side: int = 32) -> torch.Tensor:
    torch.manual_seed(0)
    return (torch.rand(count, 1, side, side) > 0.8).float()


def test_without_any_distortion_frames_stay() -> None:
    batch = frames()
    torch.testing.assert_close(augment(batch, torch.zeros(4, dtype=torch.bool), STILL), batch, atol=1e-4, rtol=0)


def test_flips_mirror_exactly_those_that_are_told() -> None:
    batch, flips = frames(), torch.tensor([True, False, True, False])
    wanted = torch.where(flips.view(-1, 1, 1, 1), batch.flip(3), batch)
    torch.testing.assert_close(augment(batch, flips, STILL), wanted, atol=1e-4, rtol=0)


def test_each_frame_is_distorted_in_its_own_way_but_not_beyond_recognition() -> None:
    batch = torch.zeros(8, 1, 64, 64)
    batch[:, :, 16:48, 31:33] = 1
    torch.manual_seed(1)
    out = augment(batch, torch.zeros(8, dtype=torch.bool))
    assert out.shape == batch.shape and out.min() >= 0 and out.max() <= 1
    assert len({tuple(frame.flatten().tolist()) for frame in out}) == 8
    near = torch.nn.functional.max_pool2d(batch, 19, 1, 9)
    assert (out * near).sum() / out.sum() > 0.9


def test_bold_thickens_lines_and_patches_remove_some() -> None:
    batch, none = torch.zeros(16, 1, 64, 64), torch.zeros(16, dtype=torch.bool)
    batch[:, :, ::8] = 1
    assert augment(batch, none, replace(STILL, bold=1.0)).sum() > 2 * batch.sum()
    torch.manual_seed(0)
    erased = augment(batch, none, replace(STILL, patches=3)).sum((1, 2, 3)) / batch.sum((1, 2, 3))
    assert erased.min() < 0.99 and erased.mean() > 0.8
