"""Processor time and memory of this process and of a server beside it, and a limit to the processor time."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import psutil

Servers = Callable[[], Sequence[int]]
"""Returns the ids of processes that work for this one, now. Their children count, too."""

_SECONDS = 0.5  # between two looks at the clock


class BuildLimitError(Exception):
    """A build took more processor time than it may."""


def measure_processor(servers: Servers) -> float:
    """Measure the seconds on processors of this process and of its servers."""
    seconds = time.process_time()
    for process in _with_children(servers()):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            seconds += times.user + times.system
    return seconds


def measure_memory(servers: Servers) -> int:
    """Measure the bytes in memory that are not of mapped files; of servers with their shared memory, once."""
    own = psutil.Process().memory_info()
    total = own.rss - own.shared
    for process in _with_children(servers()):
        with suppress(psutil.NoSuchProcess):
            total += process.memory_full_info().pss
    return int(total)


@contextmanager
def limit_processor(seconds: float, servers: Servers) -> Iterator[None]:
    """Raise BuildLimitError in the main thread, which has to be the caller's, after so many seconds on processors."""
    before, is_done, main = measure_processor(servers), threading.Event(), threading.get_ident()

    def watch() -> None:
        while not is_done.wait(_SECONDS):
            if measure_processor(servers) - before > seconds:
                signal.pthread_kill(main, signal.SIGUSR1)
                return

    def stop(*_: object) -> None:
        raise BuildLimitError(f"not built in {seconds / 60:g} minutes of a processor")

    previous = signal.signal(signal.SIGUSR1, stop)
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        is_done.set()
        watcher.join()
        signal.signal(signal.SIGUSR1, previous)


def _with_children(servers: Sequence[int]) -> list[psutil.Process]:
    processes = []
    for server in servers:
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(server)
            processes += [parent, *parent.children(recursive=True)]
    return processes
