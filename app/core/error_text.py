"""Texts of errors about invalid values: what is wrong, the value, and what is accepted."""

from __future__ import annotations

import json
from collections.abc import Iterable

from pydantic_core import ErrorDetails, ValidationError

_LONGEST = 80  # characters of a value in a message
MOST_LINK = 200  # characters of a link or a path, whose beginnings are often equal
MOST_MESSAGE = 2000  # characters of a message


def expected_one_of(known: Iterable[str], why_none: str) -> str:
    """Describe the accepted values: one of `known`, or none because of `why_none`."""
    listed = ", ".join(known)
    return f"expected one of {listed}" if listed else f"expected none, as {why_none}"


def cut(text: str, most: int = _LONGEST) -> str:
    """Return the text, shortened to `most` characters with an ellipsis if it is longer."""
    return text if len(text) <= most else text[: most - 1] + "…"


def truncate(value: object, most: int = _LONGEST) -> str:
    """Format a value of any size for a message, in at most `most` characters."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)  # as in the JSON of the request
    try:
        text = repr(value[: most + 1] if isinstance(value, str | bytes | list) else value)
    except ValueError:  # an integer with more digits than Python prints
        text = "a very long number"
    return cut(text, most)


def readable(text: str) -> str:
    r"""Make a text with file names printable: bytes that are not UTF-8 become escapes such as \xe9."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def path_of(location: tuple[int | str, ...]) -> str:
    """Format a place in a JSON body: ("strokes", 3, 0) -> "strokes[3][0]". Long names are cut: clients choose them."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{cut(part)}" for part in location]
    return "".join(parts).lstrip(".") or "the body"


def describe_validation_error(error: ErrorDetails, name: str) -> str:
    """Describe one of pydantic's errors in one line."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "missing":
        return f"{name} is missing: it is required"
    if kind == "json_invalid":
        return f"{name} is not valid JSON: {context['error']}"
    if kind == "too_long":
        return f"{name} has {context['actual_length'] or 'more'} items: expected at most {context['max_length']}"
    if kind == "too_short":
        return f"{name} has {context['actual_length']} items: expected at least {context['min_length']}"
    return f"{name} is {truncate(error['input'])}: expected {_expected(error)}"


def describe_first_error(error: ValidationError) -> tuple[str, str]:
    """Return the place of the first of pydantic's errors in a JSON body, and its description in one line."""
    first = error.errors(include_url=False)[0]
    where = path_of(first["loc"])
    return where, describe_validation_error(first, where)


def _expected(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if "ge" in context:
        return f"at least {context['ge']}"
    if "le" in context:
        return f"at most {context['le']}"
    if "pattern" in context:
        return f"a text that matches {context['pattern']}"
    words = error["msg"].removeprefix("Input should be ").removeprefix("String should have ")
    words = words.partition(", unable to ")[0]
    return words[:1].lower() + words[1:]
