"""Reader of the TOML files and texts that shops write."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any


class InvalidTomlError(ValueError):
    """Text that is not TOML, or a file that cannot be read or is too long."""


def read_text(path: Path, most_bytes: int) -> str:
    """Read a file of UTF-8. Raises InvalidTomlError with the path."""
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        raise InvalidTomlError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > most_bytes:
        raise InvalidTomlError(f"{path} has more than {most_bytes:,} bytes: expected a short TOML file")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidTomlError(f"{path} is not valid TOML: {error}") from None


def parse_toml(text: str, name: str) -> dict[str, Any]:
    """Parse TOML. Raises InvalidTomlError with the name of the text."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise InvalidTomlError(f"{name} is not valid TOML: its values are nested too deeply") from None
    except ValueError as error:  # also a number of more digits than Python reads
        raise InvalidTomlError(f"{name} is not valid TOML: {error}") from None


def read_toml(path: Path, most_bytes: int) -> dict[str, Any]:
    """Read and parse a file. Raises InvalidTomlError with the path."""
    return parse_toml(read_text(path, most_bytes), str(path))
