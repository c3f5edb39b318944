"""Feeds as JSON Lines: one object per line, whose values are texts, numbers, booleans, or lists of these."""

from __future__ import annotations

import json
from collections.abc import Iterator

from app.catalogue.import_jobs import FeedProblem
from app.core.error_text import truncate
from app.feeds.line_reader import Lines
from app.feeds.records import FeedRecord, Fields, add_value


def read_json_lines(lines: Lines) -> Iterator[FeedRecord | FeedProblem]:
    """Read the objects of a file. A line that is not a valid object gives a problem. Raises FeedError."""
    for line in lines:
        lines.record_bytes = 0
        if not line.strip():
            continue
        where = f"line {lines.number}"
        try:
            yield FeedRecord(where, _read_fields(json.loads(line, parse_float=str, parse_int=str)))
        except json.JSONDecodeError as error:
            yield FeedProblem(where, f"it is not valid JSON ({error.msg} at column {error.colno}): expected an object")
        except RecursionError:
            yield FeedProblem(where, "it is nested too deeply: expected an object of texts and numbers")
        except ValueError as error:
            yield FeedProblem(where, str(error))


def _read_fields(value: object) -> Fields:
    """Read the fields of a JSON object. Raises ValueError."""
    if not isinstance(value, dict):
        raise ValueError(f'it is {truncate(value)}: expected an object such as {{"id": "7", "image_link": "…"}}')
    fields: Fields = {}
    for name, content in value.items():
        for item in content if isinstance(content, list) else [content]:
            if item is not None:
                add_value(fields, name, _to_text(name, item))
    return fields


def _to_text(name: str, value: object) -> str:
    """Return a JSON value as a text. Raises ValueError, which names the field."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):  # numbers too, which are parsed as texts
        return value
    raise ValueError(f"{truncate(name)} is {truncate(value)}: expected a text, a number, or a list of these")
