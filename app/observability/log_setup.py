"""Logging of the server: to stderr, as text or JSON, with the id of the request in each line."""

from __future__ import annotations

import json
import logging
import queue
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener
from typing import Any

from app.observability.request_context import current
from app.settings import LogFormat

_TEXT = "%(asctime)s %(levelname)s %(name)s [%(request_id)s]: %(message)s"
_MAX_QUEUED = 10_000  # lines
_STOP_TIMEOUT = 2  # s


@contextmanager
def log_to_stderr(format: LogFormat) -> Iterator[None]:
    """Log to stderr while the block runs.

    A separate thread writes the lines, so that a slow reader of stderr does not delay searches.
    """
    writer = logging.StreamHandler()
    writer.setFormatter(JsonFormatter() if format == "json" else logging.Formatter(_TEXT))
    waiting: queue.Queue[logging.LogRecord] = queue.Queue(_MAX_QUEUED)
    handler, listener = _RequestIdHandler(waiting), _TimeoutListener(waiting, writer)
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # it warns about clients' mistakes
    logging.getLogger("httpx").setLevel(logging.WARNING)
    listener.start()
    try:
        yield
    finally:
        root.removeHandler(handler)
        listener.stop()  # after the last lines


class _RequestIdHandler(QueueHandler):
    """A handler that adds the id of the current request to records, and drops lines when the queue is full."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Return the record, ready for another thread."""
        context = current.get()
        record.request_id = context.request_id if context else "-"
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        """Queue the record without waiting."""
        with suppress(queue.Full):
            self.queue.put_nowait(record)


class _TimeoutListener(QueueListener):
    """A listener that writes the lines. Its end has a timeout, since the reader of stderr may have stopped."""

    def __init__(self, waiting: queue.Queue[Any], writer: logging.Handler) -> None:
        super().__init__(waiting, writer)
        self._waiting = waiting

    def stop(self) -> None:
        """Write the last lines and stop, within the timeout."""
        with suppress(queue.Full):
            self._waiting.put(None, timeout=_STOP_TIMEOUT)
        if self._thread is not None:
            self._thread.join(_STOP_TIMEOUT)


class JsonFormatter(logging.Formatter):
    """A formatter of JSON lines with time, level, logger, message, request_id and the record's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without a line break."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", "-"),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)
