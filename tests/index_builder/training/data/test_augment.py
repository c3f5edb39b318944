from __future__ import annotations

from dataclasses import replace

import torch

from index_builder.training.data.augment import AugmentConfig, augment
from index_builder.training.ranks.ranks import Ranks

STILL = AugmentConfig(rotation=0, scale=0, shear=0, shift=0, elastic=0, dropped=0, moved=0, patches=0, bold=0)


def frames(count: int = 4, side: int = 32) -> torch.Tensor:
    torch.manual_seed(0)
    return (torch.rand(count, 1, side, side) > 0.8).float()


def distort(batch: torch.Tensor, pieces: torch.Tensor, flips: torch.Tensor, config: AugmentConfig) -> torch.Tensor:
    return augment(batch, pieces, flips, Ranks().share(len(batch)), config)


def one_piece(batch: torch.Tensor) -> torch.Tensor:
    return torch.zeros(batch[:, 0].shape, dtype=torch.uint8)


def columns(count: int, side: int = 64, width: int = 8) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw frames with an upright line every `width` pixels, and each line as a segment of its own."""
    batch = torch.zeros(count, 1, side, side)
    batch[:, :, :, width // 2 - 1 :: width] = 1
    batch[:, :, :, width // 2 :: width] = 1
    pieces = torch.arange(side).div(width, rounding_mode="floor").to(torch.uint8)
    return batch, pieces.expand(count, side, side)


def test_without_any_distortion_frames_stay() -> None:
    batch = frames()
    still = distort(batch, one_piece(batch), torch.zeros(4, dtype=torch.bool), STILL)
    torch.testing.assert_close(still, batch, atol=1e-4, rtol=0)


def test_flips_mirror_exactly_those_that_are_told() -> None:
    batch, flips = frames(), torch.tensor([True, False, True, False])
    wanted = torch.where(flips.view(-1, 1, 1, 1), batch.flip(3), batch)
    torch.testing.assert_close(distort(batch, one_piece(batch), flips, STILL), wanted, atol=1e-4, rtol=0)


def test_each_frame_is_distorted_in_its_own_way_but_not_beyond_recognition() -> None:
    batch = torch.zeros(8, 1, 64, 64)
    batch[:, :, 16:48, 31:33] = 1
    torch.manual_seed(1)
    out = distort(batch, one_piece(batch), torch.zeros(8, dtype=torch.bool), AugmentConfig(dropped=0))
    assert out.shape == batch.shape and out.min() >= 0 and out.max() <= 1
    assert len({tuple(frame.flatten().tolist()) for frame in out}) == 8
    near = torch.nn.functional.max_pool2d(batch, 19, 1, 9)
    assert (out * near).sum() / out.sum() > 0.9


def test_bold_thickens_lines_and_patches_remove_some() -> None:
    batch, none = torch.zeros(16, 1, 64, 64), torch.zeros(16, dtype=torch.bool)
    batch[:, :, ::8] = 1
    assert distort(batch, one_piece(batch), none, replace(STILL, bold=1.0)).sum() > 2 * batch.sum()
    torch.manual_seed(0)
    patched = distort(batch, one_piece(batch), none, replace(STILL, patches=3))
    erased = patched.sum((1, 2, 3)) / batch.sum((1, 2, 3))
    assert erased.min() < 0.99 and erased.mean() > 0.8


def test_pieces_of_line_are_dropped_whole() -> None:
    batch, pieces = columns(16)
    torch.manual_seed(0)
    out = distort(batch, pieces, torch.zeros(16, dtype=torch.bool), replace(STILL, dropped=0.5))
    left = out[:, 0].mean(1).reshape(-1, 8, 8).sum(2) / 2  # (16,8): how much of each line is left
    assert ((left < 1e-3) | (left > 0.999)).all()
    assert 0.02 < (left < 0.5).float().mean() < 0.5


def test_short_pieces_are_dropped_more_often_than_long_ones() -> None:
    batch, pieces = columns(64)
    batch[:, :, 8:, :32] = 0  # the left half's lines are short
    torch.manual_seed(0)
    out = distort(batch, pieces, torch.zeros(64, dtype=torch.bool), replace(STILL, dropped=0.4))
    lost = 1 - out.amax(2)[:, 0].reshape(-1, 8, 8).amax(2).mean(0)  # (8,): how often each line is lost
    assert lost[:4].mean() > 1.5 * lost[4:].mean() > 0


def test_pieces_of_line_move_each_by_itself_and_stay_whole() -> None:
    batch, pieces = columns(16, width=16)
    torch.manual_seed(0)
    out = distort(batch, pieces, torch.zeros(16, dtype=torch.bool), replace(STILL, moved=0.02))
    ink = out[:, 0].sum(1).reshape(-1, 4, 16)  # (16,4,16): of each line, by column
    moved = (ink * torch.arange(16)).sum(2) / ink.sum(2) - 7.5  # (16,4) px
    assert moved.std() > 0.3 and moved.abs().max() < 8 and moved.std(1).mean() > 0.2
    torch.testing.assert_close(out[:, :, 16:48].sum(), batch[:, :, 16:48].sum(), rtol=0.02, atol=0)


def test_a_share_is_distorted_as_in_the_whole_batch() -> None:
    batch, pieces = columns(5)
    flips = torch.arange(5) % 2 == 0
    outs = []
    for ranks in (Ranks(), *(Ranks(rank, 2) for rank in range(2))):
        torch.manual_seed(0)
        share = ranks.share(5)
        outs.append(augment(batch[share.rows], pieces[share.rows], flips[share.rows], share))
    whole, *shares = outs
    assert torch.equal(torch.cat(shares), whole) and [len(rows) for rows in shares] == [2, 3]
