"""Rules as TOML, written from JSON's data of the same shape, for people to read and edit."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from app.rules.rule_tables import parse_moment

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_MOMENTS = ("from", "until")


def write_toml(content: Mapping[str, Any]) -> str:
    """Write data that check_rules() has accepted. Its nulls are left out, since TOML has none."""
    lines = [f"{key} = {_write(value)}" for key, value in _given(content) if key != "rule"]
    for rule in content.get("rule", ()):
        lines += ["", "[[rule]]"]
        lines += [f"{key} = {_write_date(value) if key in _MOMENTS else _write(value)}" for key, value in _given(rule)]
    return "\n".join(lines).strip() + "\n"


def _given(table: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(key, value) for key, value in table.items() if value is not None]


def _write(value: Any) -> str:
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{_write_key(key)} = {_write(inner)}" for key, inner in _given(value))
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_write, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _quote(value) if isinstance(value, str) else repr(value)


def _write_key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _quote(key)


def _write_date(value: str) -> str:
    return parse_moment(value).isoformat()


def _quote(text: str) -> str:
    """Quote a text. JSON escapes all that TOML does, except DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
