"""Feeds as tables (TSV, CSV): a header, then one product per line, separated by tabs, commas or semicolons."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence

from app.catalogue.import_jobs import FeedProblem
from app.core.error_text import cut
from app.feeds.line_reader import MAX_LINE_BYTES, Lines
from app.feeds.records import FeedRecord, Fields, add_value, field_name

ID = "id"
REQUIRED = (ID, "image_link")
"""Columns without which a table has no products."""

_BARE_RETURN = re.compile(r"\r(?!\n|\Z)")  # a carriage return within a line

csv.field_size_limit(MAX_LINE_BYTES)  # by default csv fails at fields over 128 KiB


def read_table(lines: Lines, required: Sequence[str]) -> Iterator[FeedRecord | FeedProblem]:
    """Read the lines of a table. Raises FeedError unless its first line names at least the required columns."""
    header = _replace_returns(next(lines, ""))
    delimiter = max("\t,;", key=header.count)
    try:
        names = _read_header(lines, next(csv.reader([header], delimiter=delimiter), []), required)
        lines.record_bytes = 0
        start = lines.number + 1
        for values in csv.reader(map(_replace_returns, lines), delimiter=delimiter):
            if any(map(str.strip, values)):
                yield _build_record(f"line {start}", names, values)
            lines.record_bytes, start = 0, lines.number + 1
    except csv.Error as error:
        raise lines.error(f"{error}: expected a table with tabs or commas, in UTF-8") from None


def _replace_returns(line: str) -> str:
    """Replace carriage returns within a line by spaces, since csv would take them for line ends and stop."""
    return _BARE_RETURN.sub(" ", line)


def _read_header(lines: Lines, header: list[str], required: Sequence[str]) -> list[str]:
    """Return the field names of a table's header. Raises FeedError if a required one is missing."""
    names = [field_name(name) for name in header]
    missing = [name for name in required if name not in names]
    if missing:
        present = cut(", ".join(names), 200) or "nothing"
        raise lines.error(f"it has no column {' and no '.join(missing)}: found {present} in its first line")
    return names


def _build_record(where: str, names: list[str], values: list[str]) -> FeedRecord | FeedProblem:
    """Build the record of a line, or its problem if it has more values than there are columns."""
    if len(values) > len(names) and any(map(str.strip, values[len(names) :])):
        return FeedProblem(where, f"it has {len(values)} values: expected {len(names)}, one per column")
    fields: Fields = {}
    for name, value in zip(names, values, strict=False):
        add_value(fields, name, value)
    return FeedRecord(where, fields)
