"""Console output of commands: progress and errors on stderr, results on stdout."""

from __future__ import annotations

import functools
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from sqlalchemy.exc import SQLAlchemyError

from app.core.error_text import readable

if TYPE_CHECKING:
    from index_builder.gallery.build import BuildReport

_LINE_INTERVAL = 2.0  # s between lines of progress where there is no terminal

_Parameters = ParamSpec("_Parameters")


def plain_errors(command: Callable[_Parameters, None]) -> Callable[_Parameters, None]:
    """Wrap a command so that wrong input ends in one line on stderr and exit status 2 instead of a traceback.

    Misspelt settings in the environment are reported on stderr first. SKETCHFIND_TRACEBACK brings the traceback back.
    """

    @functools.wraps(command)
    def wrapped(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> None:
        from app.core.retry_errors import RetryLaterError
        from app.settings import unknown_settings

        for warning in unknown_settings():
            print(f"sketchfind: {readable(warning)}", file=sys.stderr)
        try:
            command(*args, **kwargs)
        except (
            ValueError,
            OSError,
            SQLAlchemyError,
            RetryLaterError,
        ) as error:  # ours are ValueErrors
            if os.environ.get("SKETCHFIND_TRACEBACK"):
                raise
            print(f"sketchfind: {str(error).partition(chr(10))[0]}", file=sys.stderr)
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            print("sketchfind: stopped; run the same command again to resume", file=sys.stderr)
            raise typer.Exit(130) from None

    return wrapped


def print_version(is_asked: bool) -> None:  # noqa: FBT001 - typer passes it by position
    """Print the version and the build, and exit, if asked for."""
    if is_asked:
        from app.observability.build_info import read_build_info

        print(f"sketchfind {read_build_info()}")
        raise typer.Exit


def check_choice(option: str, value: str, choices: Sequence[str]) -> None:
    """Check that the option's value is one of the choices. Raises ValueError."""
    if value not in choices:
        raise ValueError(f"{option} is {value!r}, expected one of {', '.join(choices)}")


class _LineProgress(Progress):
    """Progress that prints a line now and then, for logs and other readers that cannot show a bar that moves."""

    _next_line = 0.0  # on the monotonic clock

    def start(self) -> None:
        """Start the progress. The first line comes after an interval, so quick commands print none."""
        self._next_line = time.monotonic() + _LINE_INTERVAL
        super().start()

    def update(self, task_id: TaskID, **changes: Any) -> None:
        """Change a task, and print its progress if a line is due."""
        super().update(task_id, **changes)
        self._print_if_due(task_id)

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        """Advance a task, and print its progress if a line is due."""
        super().advance(task_id, advance)
        self._print_if_due(task_id)

    def _print_if_due(self, task_id: TaskID) -> None:
        now = time.monotonic()
        if self.disable or now < self._next_line:
            return
        self._next_line = now + _LINE_INTERVAL
        task = self._tasks[task_id]
        total = "?" if task.total is None else f"{task.total:.0f}"
        self.console.print(f"{task.description} {task.completed:.0f} of {total}", highlight=False)


def progress_bar(*, quiet: bool) -> Progress:
    """Return a progress bar on stderr, which leaves stdout to results. Without a terminal, it prints lines."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    kind = Progress if console.is_terminal else _LineProgress
    return kind(*columns, console=console, disable=quiet)


def download_bar(*, quiet: bool) -> Progress:
    """Return a progress bar on stderr that counts bytes and shows the speed."""
    bar = (TextColumn("{task.description}"), BarColumn())
    figures = (DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    return Progress(*bar, *figures, console=Console(stderr=True), disable=quiet)


def log_to_stderr() -> None:
    """Show the log records of stages, such as validation figures, on stderr."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")


def print_report(report: BuildReport, *, as_json: bool) -> None:
    """Print the outcome of a build or an import on stdout."""
    skipped = [(readable(name), readable(reason)) for name, reason in report.skipped]
    if as_json:
        counts = {"added": report.added, "updated": report.updated, "unchanged": report.unchanged}
        counts["removed"] = report.removed
        problems = {"skipped": skipped, "skipped_count": report.skipped_count}
        print_result({**counts, **problems, "size": report.size}, as_json=as_json)
        return
    skipped_text = f" {report.skipped_count} skipped." if report.skipped_count else ""
    counts_text = f"{report.added} added, {report.updated} updated, {report.unchanged} unchanged"
    counts_text += f", {report.removed} removed" if report.removed else ""
    print(f"{counts_text}: {report.size} products.{skipped_text}")
    if report.is_mirrored and report.failure is None:
        print("photos are embedded both ways round, so a search embeds a sketch once.")
    for name, reason in skipped:
        print(f"skipped {name}: {reason}")
    if report.skipped_count > len(skipped):
        print(f"skipped {report.skipped_count - len(skipped)} more")


def exit_if_failed(report: BuildReport) -> None:
    """Exit with one line on stderr and status 1 if a build or an import failed."""
    if report.failure is not None:
        print(f"sketchfind: {readable(report.failure)}", file=sys.stderr)
        raise typer.Exit(1)


def print_result(value: Any, *, as_json: bool) -> None:
    """Print the result of a command on stdout."""
    print(json.dumps(value, ensure_ascii=False) if as_json else value)
