"""Joining the ranks that torchrun starts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from index_builder.training.config.errors import TrainingError
from index_builder.training.ranks.ranks import Ranks


@contextmanager
def join_ranks(device: torch.device) -> Iterator[Ranks]:
    """Wait for all ranks of this training, if torchrun has started several processes, and yield this one.

    On GPUs, each process of a machine takes its own. Raises TrainingError when there are not enough.
    """
    if int(os.environ.get("WORLD_SIZE", 1)) == 1 or "RANK" not in os.environ:
        yield Ranks()
        return
    import torch.distributed as dist

    from index_builder.training.ranks.process_group import ProcessGroup

    if device.type == "cuda":
        _take_gpu(int(os.environ["LOCAL_RANK"]))
    # gloo also exchanges what is not on a GPU: objects and flags
    dist.init_process_group("gloo" if device.type == "cpu" else "cpu:gloo,cuda:nccl")
    yield ProcessGroup()
    dist.destroy_process_group()  # not after an error: it could wait for a rank that has ended


def _take_gpu(number: int) -> None:
    """Make the GPU of that number the default one."""
    count = torch.cuda.device_count()
    if number >= count:
        raise TrainingError(
            f"process {number} of this machine has no GPU of its own: start at most {count}, or use --device cpu"
        )
    torch.cuda.set_device(number)
