"""Work in a separate process that is killed by SIGKILL right before a chosen commit or change of a file's name."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable
from typing import Any

from tests.support.forks import context

_STEPS = ("replace", "link", "unlink", "rename", "rmdir")


def killed_at(step: int, work: Callable[..., object], *arguments: object, timeout: float = 60) -> bool:
    """Run the work and kill it at that step, from 1; return False if it ended before that step."""
    process = context.Process(target=_work, args=(step, work, arguments), daemon=True)
    process.start()
    process.join(timeout)
    assert process.exitcode in (0, -signal.SIGKILL), f"the work ended with {process.exitcode}"
    return process.exitcode != 0


def _work(step: int, work: Callable[..., object], arguments: tuple[object, ...]) -> None:
    import torch
    from sqlalchemy import Engine, event

    torch.set_num_threads(1)
    steps = itertools.count(1)

    def count(*_: object) -> None:
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            count()
            return function(*args, **kwargs)

        return call

    event.listen(Engine, "commit", count)
    for name in _STEPS:
        setattr(os, name, counted(getattr(os, name)))
    work(*arguments)
