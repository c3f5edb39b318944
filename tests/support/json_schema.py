"""The part of JSON Schema that the OpenAPI document and the schema of the Helm chart use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

Schema = dict[str, Any]

_TYPES: dict[str, type | tuple[type, ...]] = {
    "null": type(None), "boolean": bool, "integer": int, "number": (int, float), "string": str, "array": list,
    "object": dict,
}  # fmt: skip
_NOTES = {
    "title", "description", "examples", "default", "format", "contentMediaType", "$schema", "definitions",
}  # they forbid nothing  # fmt: skip


def resolve(schema: Schema, document: Schema) -> Schema:
    """Return the schema that a $ref within the document leads to, or the schema itself."""
    while "$ref" in schema:
        target: Any = document
        for name in schema["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        schema = target
    return schema


def find_errors(value: object, schema: Schema, document: Schema) -> Iterator[str]:
    """Yield what is wrong with a value. Raises NotImplementedError for a keyword that is not known here."""
    schema = resolve(schema, document)
    for keyword, expected in sorted(schema.items(), key=lambda item: item[0] != "type"):
        if keyword == "anyOf":
            valid = any(not list(find_errors(value, option, document)) for option in expected)
        elif keyword == "properties":
            present = [(value[name], inner) for name, inner in expected.items() if name in value]  # type: ignore[index,operator]
            for item, inner in present:
                yield from find_errors(item, inner, document)
            continue
        elif keyword == "items":
            for item in value:  # type: ignore[attr-defined]
                yield from find_errors(item, expected, document)
            continue
        elif keyword == "additionalProperties":
            others = [item for name, item in value.items() if name not in schema.get("properties", {})]  # type: ignore[attr-defined]
            if isinstance(expected, dict):
                for item in others:
                    yield from find_errors(item, expected, document)
                continue
            valid = expected or not others
        else:
            valid = keyword in _NOTES or _passes(value, keyword, expected)
        if not valid:
            yield f"{value!r} does not pass {keyword} {expected!r}"
            return


def _passes(value: Any, keyword: str, expected: Any) -> bool:
    """Return whether a value passes a keyword that looks at no other value."""
    if keyword == "type":
        is_bool = isinstance(value, bool)
        return isinstance(value, _TYPES[expected]) and (not is_bool or expected == "boolean")
    checks: dict[str, Callable[[], bool]] = {
        "enum": lambda: value in expected,
        "const": lambda: value == expected,
        "minimum": lambda: value >= expected,
        "maximum": lambda: value <= expected,
        "exclusiveMaximum": lambda: value < expected,
        "exclusiveMinimum": lambda: value > expected,
        "pattern": lambda: re.search(expected, value) is not None,
        "minLength": lambda: len(value) >= expected,
        "maxLength": lambda: len(value) <= expected,
        "minItems": lambda: len(value) >= expected,
        "maxItems": lambda: len(value) <= expected,
        "required": lambda: set(expected) <= set(value),
    }
    if keyword not in checks:
        raise NotImplementedError(f"keyword {keyword!r} of JSON Schema: expected one of {', '.join(checks)}")
    return checks[keyword]()
