"""Processes that are forked from one with torch and the server in memory: a new Python takes seconds to import them."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import TextIO

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(
    [
        "index_builder.gallery.reembed",
        "index_builder.gallery.build",
        "app.server",
        "tests.conftest",
        "index_builder.cli.main",
    ]
)


@dataclass
class Fork:
    """Running process, and the lines that it prints."""

    process: ForkServerProcess
    output: TextIO

    @property
    def pid(self) -> int:
        """Process id."""
        assert self.process.pid is not None
        return self.process.pid

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        os.kill(self.pid, number)

    def wait(self, seconds: float) -> int | None:
        """Wait for the end of the process and return its exit status, None if it still runs."""
        self.process.join(seconds)
        return self.process.exitcode


@contextmanager
def forked(work: Callable[..., object], *arguments: object, errors: Path | None = None) -> Iterator[Fork]:
    """Run the work in a process, which is killed when the block ends. Its stderr goes to the file `errors`."""
    reader, writer = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(writer, errors, work, arguments))
    process.start()
    writer.close()
    with reader, open(reader.fileno(), closefd=False) as output:
        try:
            yield Fork(process, output)
        finally:
            process.kill()
            process.join()


def _run(writer: Connection, errors: Path | None, work: Callable[..., object], arguments: tuple[object, ...]) -> None:
    os.dup2(writer.fileno(), 1)
    if errors:
        with errors.open("w") as file:
            os.dup2(file.fileno(), 2)
    work(*arguments)
