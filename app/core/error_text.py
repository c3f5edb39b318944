"""Words for what is wrong with a value that somebody gave us: what, the value, and what was expected."""

from __future__ import annotations

import json
from collections.abc import Iterable

from pydantic_core import ErrorDetails

_LONGEST = 80  # characters of a value that are repeated in a message
MOST_LINK = 200  # characters of a link or a path, which often differ only after many
MOST_MESSAGE = 2000  # characters of a whole message


def expected_one_of(known: Iterable[str], why_none: str) -> str:
    """What was expected: one of these, or none, because of this."""
    listed = ", ".join(known)
    return f"expected one of {listed}" if listed else f"expected none, as {why_none}"


def cut(text: str, most: int = _LONGEST) -> str:
    """Return the text, or its beginning and an ellipsis where it has more than `most` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def truncate(value: object, most: int = _LONGEST) -> str:
    """A value as it is shown in a message: at most `most` characters of it, however large it is."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)  # as whoever sent it wrote it
    try:
        text = repr(value[: most + 1] if isinstance(value, str | bytes | list) else value)
    except ValueError:  # an integer with more digits than Python prints
        text = "a very long number"
    return cut(text, most)


def readable(text: str) -> str:
    """A text with names of files as it can be printed: the bytes of those that are not UTF-8 as \\xe9."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def path_of(location: tuple[int | str, ...]) -> str:
    """Where in a JSON body: ("strokes", 3, 0) -> "strokes[3][0]". Names are the client's, so they are cut."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{cut(part)}" for part in location]
    return "".join(parts).lstrip(".") or "the body"


def describe_validation_error(error: ErrorDetails, name: str) -> str:
    """One of pydantic's errors, in one line."""
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


def _expected(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if "ge" in context:
        return f"at least {context['ge']}"
    if "le" in context:
        return f"at most {context['le']}"
    words = error["msg"].removeprefix("Input should be ").removeprefix("String should have ")
    words = words.partition(", unable to ")[0]
    return words[:1].lower() + words[1:]
