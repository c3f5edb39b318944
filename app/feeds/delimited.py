"""Feeds as tables: a header, then a product a line, with tabs, commas or semicolons between (TSV, CSV)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from app.catalogue.import_jobs import FeedProblem
from app.core.error_text import cut
from app.feeds.line_reader import MAX_LINE_BYTES, Lines
from app.feeds.records import FeedRecord, Fields, add_value, field_name

REQUIRED = ("id", "image_link")

_BARE_RETURN = re.compile(r"\r(?!\n|\Z)")  # one that does not end its line

csv.field_size_limit(MAX_LINE_BYTES)  # csv has 128 KiB of its own, over which it reads no further


def read_table(lines: Lines) -> Iterator[FeedRecord | FeedProblem]:
    """The lines of a table. Raises FeedError unless its first line names at least id and image_link."""
    header = _without_returns(next(lines, ""))
    delimiter = max("\t,;", key=header.count)
    try:
        names = _names(lines, next(csv.reader([header], delimiter=delimiter), []))
        lines.spent = 0
        start = lines.number + 1
        for values in csv.reader(map(_without_returns, lines), delimiter=delimiter):
            if any(map(str.strip, values)):
                yield _record(f"line {start}", names, values)
            lines.spent, start = 0, lines.number + 1
    except csv.Error as error:
        raise lines.error(f"{error}: expected a table with tabs or commas, in UTF-8") from None


def _without_returns(line: str) -> str:
    """The line with spaces for carriage returns within it: csv would take them for line ends, and read no further."""
    return _BARE_RETURN.sub(" ", line)


def _names(lines: Lines, header: list[str]) -> list[str]:
    names = [field_name(name) for name in header]
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        found = cut(", ".join(names), 200) or "nothing"
        raise lines.error(f"it has no column {' and no '.join(missing)}: found {found} in its first line")
    return names


def _record(where: str, names: list[str], values: list[str]) -> FeedRecord | FeedProblem:
    if len(values) > len(names) and any(map(str.strip, values[len(names) :])):
        return FeedProblem(where, f"it has {len(values)} values: expected {len(names)}, one a column")
    fields: Fields = {}
    for name, value in zip(names, values, strict=False):
        add_value(fields, name, value)
    return FeedRecord(where, fields)
