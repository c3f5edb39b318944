"""Hooks of schemathesis, which cannot write JSON Lines by itself.

    SCHEMATHESIS_HOOKS=benchmarks.reliability.schemathesis_hooks st run http://127.0.0.1:8000/openapi.json ...

docs/reliability.md has the whole command.
"""

from __future__ import annotations

import json

import schemathesis


def write_lines(_context: object, value: object) -> bytes:
    """Write a body as JSON Lines: a text as it is, anything else as an object of two lines."""
    if isinstance(value, (bytes, str)):
        return value if isinstance(value, bytes) else value.encode()
    return b"\n".join([json.dumps(value).encode()] * 2)


schemathesis.serializer("application/jsonl", "application/x-ndjson")(write_lines)
