"""Joining the ranks that torchrun starts."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import torch

from index_builder.training.config.errors import TrainingError
from index_builder.training.ranks.ranks import Ranks

if TYPE_CHECKING:
    from torch.distributed.distributed_c10d import Store

_POLL = 0.05  # s


@contextmanager
def join_ranks(device: torch.device) -> Iterator[Ranks]:
    """Wait for all ranks of this training, if torchrun has started several processes, and yield this one.

    On GPUs, each process of a machine takes its own. Raises TrainingError when there are not enough.
    """
    if int(os.environ.get("WORLD_SIZE", 1)) == 1 or "RANK" not in os.environ:
        yield Ranks()
        return
    import torch.distributed as dist
    from torch.distributed.distributed_c10d import PrefixStore
    from torch.distributed.rendezvous import rendezvous

    from index_builder.training.ranks.process_group import ProcessGroup

    if device.type == "cuda":
        _take_gpu(int(os.environ["LOCAL_RANK"]))
    store, rank, size = next(rendezvous("env://"))
    store = PrefixStore(_agree_on_prefix(store, rank, size), store)
    # gloo also exchanges what is not on a GPU: objects and flags
    backend = "gloo" if device.type == "cpu" else "cpu:gloo,cuda:nccl"
    dist.init_process_group(backend, store=store, rank=rank, world_size=size)
    yield ProcessGroup()
    dist.destroy_process_group()  # not after an error: it could wait for a rank that has ended


def _agree_on_prefix(store: Store, rank: int, size: int) -> str:
    """Agree with the other ranks on a prefix of keys that nobody has used before.

    The store of torchrun outlives a restart. A rank that found the address of one that has ended would wait for it. So
    each rank asks for the prefix by a key that only it knows, and the first one answers until all have confirmed.
    """
    own = uuid4().hex
    if rank > 0:
        store.set(f"rank-{rank}", own)
        prefix = store.get(own).decode()  # waits for the answer
        store.set(f"{prefix}-{rank}", "")
        return prefix
    waiting = set(range(1, size))
    while waiting:
        for other in waiting:
            if store.check([f"rank-{other}"]):
                store.set(store.get(f"rank-{other}").decode(), own)
        time.sleep(_POLL)
        waiting = {other for other in waiting if not store.check([f"{own}-{other}"])}
    return own


def _take_gpu(number: int) -> None:
    """Make the GPU of that number the default one."""
    count = torch.cuda.device_count()
    if number >= count:
        raise TrainingError(
            f"process {number} of this machine has no GPU of its own: start at most {count}, or use --device cpu"
        )
    torch.cuda.set_device(number)
