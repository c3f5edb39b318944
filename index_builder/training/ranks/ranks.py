"""Ranks: the processes that train one network together. Each computes its share of every batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from index_builder.training.config.errors import TrainingError

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Share:
    """Rows of a batch of `total` that a rank computes.

    Every rank draws the random numbers of the whole batch. A row's numbers thus depend on its place in the batch, not
    on the rank that computes it, and the random states of all ranks stay equal.
    """

    total: int
    rows: slice

    def uniform(self, *shape: int, device: torch.device) -> Tensor:
        """Draw numbers from 0 to 1 for the rows: (n, *shape)."""
        return torch.rand(self.total, *shape, device=device)[self.rows]

    def normal(self, *shape: int, device: torch.device) -> Tensor:
        """Draw standard normal numbers for the rows: (n, *shape)."""
        return torch.randn(self.total, *shape, device=device)[self.rows]


class Ranks:
    """The only rank of a training in one process: it computes whole batches and has nobody to wait for.

    index_builder/training/ranks/process_group.py has the ranks of several processes.
    """

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank, self.size = rank, size

    @property
    def is_first(self) -> bool:
        """Whether this rank writes files, prints and logs for all."""
        return self.rank == 0

    def share(self, total: int) -> Share:
        """Return this rank's share of a batch of `total` rows; shares differ by one row at most.

        Raises TrainingError when there are fewer rows than ranks.
        """
        if total < self.size:
            raise TrainingError(f"a batch has {total} images for {self.size} ranks, expected at most {total} ranks")
        return Share(total, slice(self.rank * total // self.size, (self.rank + 1) * total // self.size))

    def prepare(self, network: nn.Module) -> None:
        """Replace the layers that would compute something else for a share than for the whole batch."""

    def gather(self, rows: Tensor, share: Share) -> Tensor:
        """Return the rows of all ranks (total, ...), of which this one has computed its share.

        Gradients flow back to the ranks that computed the rows. They are summed over the losses of all ranks.
        """
        return rows

    def count(self, rows: int) -> int:
        """Return the number of rows that all ranks have together."""
        return rows

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace the gradients of the parameters by their means over all ranks."""

    def copy_first(self, module: nn.Module) -> None:
        """Copy the first rank's parameters and buffers of a module to all others."""

    def from_first(self, compute: Callable[[], _Result]) -> _Result:
        """Return the result of `compute` on all ranks; only the first one calls it. Its error is raised on all."""
        return compute()

    def is_any(self, flag: bool) -> bool:  # noqa: FBT001 - it is a value, not an option
        """Return whether the flag is set on any rank."""
        return flag
