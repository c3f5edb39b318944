"""How the server logs: to stderr, as text or JSON, each line with the id of the request it belongs to."""

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
_MOST_WAITING = 10_000  # lines
_PATIENCE = 2  # s


@contextmanager
def log_to_stderr(format: LogFormat) -> Iterator[None]:
    """Log to stderr while the block runs.

    Lines are written by a thread of their own, so that whoever reads them slowly does not hold up searches.
    """
    writer = logging.StreamHandler()
    writer.setFormatter(JsonFormatter() if format == "json" else logging.Formatter(_TEXT))
    waiting: queue.Queue[logging.LogRecord] = queue.Queue(_MOST_WAITING)
    handler, listener = _WithRequest(waiting), _Writer(waiting, writer)
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # it warns of what clients get wrong
    logging.getLogger("httpx").setLevel(logging.WARNING)
    listener.start()
    try:
        yield
    finally:
        root.removeHandler(handler)
        listener.stop()  # once the last lines are written


class _WithRequest(QueueHandler):
    """Notes the request while it is known; a line too many is dropped."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """The record, ready for another thread."""
        trace = current.get()
        record.request_id = trace.request_id if trace else "-"
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        """Hand the record over, without ever waiting."""
        with suppress(queue.Full):
            self.queue.put_nowait(record)


class _Writer(QueueListener):
    """Writes the lines. Whoever reads them may have stopped for good, so its end is waited for only so long."""

    def __init__(self, waiting: queue.Queue[Any], writer: logging.Handler) -> None:
        super().__init__(waiting, writer)
        self._waiting = waiting

    def stop(self) -> None:
        """Write the last lines."""
        with suppress(queue.Full):
            self._waiting.put(None, timeout=_PATIENCE)
        if self._thread is not None:
            self._thread.join(_PATIENCE)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, request_id, and what else the record brings."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
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
