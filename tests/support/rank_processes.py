"""Ranks in processes of their own, started and restarted by torchrun's agent."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from index_builder.training.ranks.join import join_ranks
from tests.support.forks import forked


def run_ranks(size: int, work: Callable[..., Any], *arguments: object, restarts: int = 0, timeout: float = 300) -> Any:
    """Call work(ranks, *arguments) in `size` processes, and return the first rank's result."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result"
        with forked(_launch, size, restarts, result, work, arguments) as agent:
            assert agent.wait(timeout) == 0
        return torch.load(result, weights_only=True)


def _launch(size: int, restarts: int, result: Path, work: Callable[..., Any], arguments: tuple[object, ...]) -> None:
    """Do what `torchrun --standalone` does. Its workers are forks, since a new Python takes seconds to import torch."""
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=size,
        run_id="tests",
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=restarts,
        start_method="fork",
        monitor_interval=0.02,
        local_addr="localhost",
    )
    elastic_launch(config, _run)(result, work, arguments)


def _run(result: Path, work: Callable[..., Any], arguments: tuple[object, ...]) -> None:
    torch.set_num_threads(1)
    if os.environ["RANK"] == "0" and os.environ["TORCHELASTIC_RESTART_COUNT"] != "0":
        time.sleep(0.5)  # until the others could find the addresses of processes before the restart
    with join_ranks(torch.device("cpu")) as ranks:
        value = work(ranks, *arguments)
        if ranks.is_first:
            torch.save(value, result)
