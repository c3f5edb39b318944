"""Lines of a text file, read one at a time, with limits on their number and size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from app.feeds.records import FeedError

MAX_LINE_BYTES = 2**20
MAX_LINES = 10_000_000


class Lines(Iterator[str]):
    """Lines of a UTF-8 file, with their ends and without a byte order mark. `number` is that of the last line, from 1.

    `record_bytes` counts the bytes of the current record, which may span many lines. The caller sets it to 0 after each
    record. Raises FeedError for bytes that are not UTF-8, and over the limits.
    """

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file, self._path = file, path
        self.number = self.record_bytes = 0

    def __next__(self) -> str:
        data = self._file.readline(MAX_LINE_BYTES + 1)
        if not data:
            raise StopIteration
        self.number += 1
        self.record_bytes += len(data)
        if self.record_bytes > MAX_LINE_BYTES:
            raise self.error(f"line {self.number} is too long: expected at most {MAX_LINE_BYTES:,} bytes per product")
        if self.number > MAX_LINES:
            raise self.error(f"there are too many lines: expected at most {MAX_LINES:,}")
        try:
            return data.decode("utf-8-sig" if self.number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            byte = data[error.start]
            raise self.error(f"byte 0x{byte:02x} in line {self.number} is not UTF-8: expected text in UTF-8") from None

    def error(self, reason: str) -> FeedError:
        """Return a FeedError that names this file."""
        return FeedError(f"feed {self._path.name} cannot be read: {reason}")
