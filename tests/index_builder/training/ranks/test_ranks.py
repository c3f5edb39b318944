from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import distributed

from index_builder.training.config.errors import TrainingError
from index_builder.training.ranks.join import join_ranks
from index_builder.training.ranks.ranks import Ranks


@pytest.mark.parametrize(("total", "size"), [(12, 3), (13, 3), (3, 3), (7, 1)])
def test_shares_are_all_of_a_batch_and_differ_by_one_row_at_most(total: int, size: int) -> None:
    rows = [Ranks(rank, size).share(total).rows for rank in range(size)]
    assert rows[0].start == 0 and rows[-1].stop == total
    assert all(before.stop == after.start for before, after in pairwise(rows))
    lengths = {share.stop - share.start for share in rows}
    assert max(lengths) - min(lengths) <= 1


def test_more_ranks_than_images_are_refused() -> None:
    with pytest.raises(TrainingError, match="a batch has 4 images for 5 ranks, expected at most 4 ranks"):
        Ranks(2, 5).share(4)


@pytest.mark.parametrize("environment", [{}, {"RANK": "0", "WORLD_SIZE": "1"}])
def test_a_process_that_trains_alone_joins_nobody(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with join_ranks(torch.device("cpu")) as ranks:
        assert type(ranks) is Ranks and ranks.is_first and not distributed.is_initialized()


def test_a_process_without_a_gpu_of_its_own_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    with pytest.raises(TrainingError, match="process 1 of this machine has no GPU"), join_ranks(torch.device("cuda")):
        pass
