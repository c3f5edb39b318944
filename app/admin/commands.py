"""Maintenance of the gallery that the admin page starts: commands of `sketchfind`, each in a process of its own.

The processes run at a low priority, so that searches go first. One runs at a time, on the server that was asked.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from app.settings import PREFIX, Settings

PROGRAM = (sys.executable, "-m", "index_builder.cli")
"""Command line of `sketchfind`."""

_NICENESS = 5  # beyond that of this process
_GRACE = 1.0  # s from the request to end until a process is killed
_MOST_OUTPUT = 64 * 2**10  # bytes of a command's output that are shown
_log = logging.getLogger(__name__)


class CommandRunningError(RuntimeError):
    """A command that cannot start because another one is running."""


class CommandRun:
    """A command that was started: its process, times (s since 1970) and output. wait() has to be called once."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], results: IO[bytes], messages: IO[bytes]) -> None:
        self.name, self.started = name, time.time()
        self.ended: float | None = None
        self._process, self._files = process, (results, messages)
        self._lock = threading.Lock()
        self._texts = ("", "")  # contents of the files, once they are closed

    @property
    def status(self) -> int | None:
        """Exit status, None while the command runs."""
        return None if self.ended is None else self._process.returncode

    @property
    def seconds(self) -> float:
        """Duration so far, or until the end."""
        return (self.ended or time.time()) - self.started

    @property
    def result(self) -> str:
        """Output of the command: the end of it if it is long."""
        return self._read_texts()[0]

    @property
    def progress(self) -> str:
        """Last message of the command: its progress, or why it failed."""
        return self._read_texts()[1].rpartition("\n")[2]

    def wait(self) -> None:
        """Wait for the end of the process, and log it."""
        status = self._process.wait()
        texts = self._read_texts()
        with self._lock:
            self._texts, self.ended = texts, time.time()
            for file in self._files:
                file.close()
        _log.info("%s ended with status %d after %.0f s", self.name, status, self.seconds)

    def stop(self) -> None:
        """End the process, if it still runs."""
        self._process.terminate()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _read_texts(self) -> tuple[str, str]:
        with self._lock:
            results, messages = self._files
            return (_read_end(results), _read_end(messages)) if self.ended is None else self._texts


class Commands:
    """The commands of one server: one that may be running, and the last run of each."""

    def __init__(self, settings: Settings, program: Sequence[str] = PROGRAM) -> None:
        self._gallery, self._program = settings.gallery, program
        catalogue = settings.catalogue and settings.catalogue.get_secret_value()
        index = settings.index.get_secret_value() if settings.index else None
        self._places = {f"{PREFIX}CATALOGUE": catalogue, f"{PREFIX}PHOTOS": settings.photos, f"{PREFIX}INDEX": index}
        self._lock = threading.Lock()
        self._latest: CommandRun | None = None
        self._waiting: threading.Thread | None = None  # for its end
        self.runs: dict[str, CommandRun] = {}  # by name

    def start(self, name: str, *arguments: str | Path) -> None:
        """Start a command for the gallery. Raises CommandRunningError, and OSError if there is no process for it."""
        with self._lock:
            if self._latest is not None and self._latest.status is None:
                running = self._latest.name
                raise CommandRunningError(f"{running} is running on this server: expected its end before {name}")
            self._latest = self.runs[name] = self._run(name, arguments)
            self._waiting = threading.Thread(target=self._latest.wait, name="command", daemon=True)
            self._waiting.start()

    def close(self) -> None:
        """End a running command. Each leaves the gallery as it is, or can be run again to resume."""
        with self._lock:
            if self._latest is not None and self._waiting is not None:
                self._latest.stop()
                self._waiting.join()

    def _run(self, name: str, arguments: Sequence[str | Path]) -> CommandRun:
        line = [*self._program, name, *map(str, arguments), "--gallery", str(self._gallery.resolve())]
        # files rather than pipes: nobody has to read while the command writes
        results, messages = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - as long as the run
        process = subprocess.Popen(
            line, stdin=subprocess.DEVNULL, stdout=results, stderr=messages, env=self._environment()
        )
        os.setpriority(os.PRIO_PROCESS, process.pid, os.getpriority(os.PRIO_PROCESS, 0) + _NICENESS)
        _log.info("%s starts", name)
        return CommandRun(name, process, results, messages)

    def _environment(self) -> dict[str, str]:
        """Return this process's environment with the URLs, which may have passwords, as the only settings."""
        plain = {name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)}
        return plain | {name: value for name, value in self._places.items() if value}


def _read_end(file: IO[bytes]) -> str:
    """Read the end of a file, without the position that it shares with the process that writes it."""
    size = os.fstat(file.fileno()).st_size
    data = os.pread(file.fileno(), _MOST_OUTPUT, max(0, size - _MOST_OUTPUT))
    return data.decode("utf-8", "replace").strip()
