"""Ranks in several processes, which exchange tensors by torch.distributed.

Every rank computes the loss of the whole batch: the embeddings of all ranks are gathered, so that each sketch is
compared with the photos of all. The backward pass sums the gradients of all ranks' losses, which are equal. A rank thus
gets `size` times its part of the gradient, and the mean over the ranks is the gradient that one process would compute.
That holds for the network, of which a rank has embedded a share. It also holds for the distance and the objective,
which every rank has applied to the whole batch.

The gradients are averaged by one all-reduce after the backward pass, not by DistributedDataParallel. That needs one
module whose forward() is the whole step, and searches the graph of each step for parts that a preset leaves unused. Its
gain would be to overlap the all-reduce with the backward pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any, TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn

from index_builder.training.ranks.layers import share_layers
from index_builder.training.ranks.ranks import Ranks, Share

_Result = TypeVar("_Result")


class ProcessGroup(Ranks):
    """A rank of torch's default process group. All ranks have to call the same methods in the same order."""

    def __init__(self) -> None:
        super().__init__(dist.get_rank(), dist.get_world_size())

    def prepare(self, network: nn.Module) -> None:
        """Replace batch normalisation and dropout."""
        share_layers(network, self)

    def gather(self, rows: Tensor, share: Share) -> Tensor:
        """Sum up what is zero but for each rank's own rows, so that shares need not be equally long."""
        whole = rows.new_zeros(share.total, *rows.shape[1:])
        whole[share.rows] = rows
        return cast(Tensor, _Sum.apply(whole))  # type: ignore[no-untyped-call]

    def count(self, rows: int) -> int:
        """Return the sum over the ranks."""
        total = torch.tensor(rows)
        dist.all_reduce(total)
        return int(total)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Average all gradients together. Parts that a preset leaves unused have none, on any rank."""
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        averages = torch.split(flat / self.size, [gradient.numel() for gradient in gradients])
        for gradient, average in zip(gradients, averages, strict=True):
            gradient.copy_(average.view_as(gradient))

    @torch.no_grad()
    def copy_first(self, module: nn.Module) -> None:
        """Broadcast one tensor after the other."""
        for tensor in chain(module.parameters(), module.buffers()):
            values = tensor.contiguous()
            dist.broadcast(values, 0)
            tensor.copy_(values)

    def from_first(self, compute: Callable[[], _Result]) -> _Result:
        """Broadcast the result, or the error, which both have to be picklable. Tensors of it have to be on the CPU."""
        outcome: list[Any] = [None, None]
        if self.is_first:
            try:
                outcome[0] = compute()
            except Exception as error:
                outcome[1] = error
        dist.broadcast_object_list(outcome, 0)
        if outcome[1] is not None:
            raise outcome[1]
        return cast(_Result, outcome[0])

    def is_any(self, flag: bool) -> bool:  # noqa: FBT001 - it is a value, not an option
        """Return whether the sum of the flags is above zero."""
        return self.count(int(flag)) > 0


class _Sum(torch.autograd.Function):
    """Sum of a tensor over all ranks. Its gradient is the sum of the ranks' gradients."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        total = values.contiguous().clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return cast(Tensor, _Sum.apply(gradient))  # type: ignore[no-untyped-call]
