"""The lines of a text file, one at a time and none of them large."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from app.feeds.records import FeedError

MAX_LINE_BYTES = 2**20
MAX_LINES = 10_000_000


class Lines(Iterator[str]):
    """Lines with their ends, of UTF-8 with or without its mark. `number` is that of the last one, 1 for the first.

    `spent` counts bytes since whoever reads last set it to 0: a quoted field may run over many lines.
    Raises FeedError for what is not UTF-8, and over the limits.
    """

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file, self._path = file, path
        self.number = self.spent = 0

    def __next__(self) -> str:
        data = self._file.readline(MAX_LINE_BYTES + 1)
        if not data:
            raise StopIteration
        self.number += 1
        self.spent += len(data)
        if self.spent > MAX_LINE_BYTES:
            raise self.error(f"line {self.number} is too long: expected at most {MAX_LINE_BYTES:,} bytes a product")
        if self.number > MAX_LINES:
            raise self.error(f"there are too many lines: expected at most {MAX_LINES:,}")
        try:
            return data.decode("utf-8-sig" if self.number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            byte = data[error.start]
            raise self.error(f"byte 0x{byte:02x} in line {self.number} is not UTF-8: expected text in UTF-8") from None

    def error(self, reason: str) -> FeedError:
        """What to raise about this file."""
        return FeedError(f"feed {self._path.name} cannot be read: {reason}")
