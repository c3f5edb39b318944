"""Kinds of products that the page has a line drawing of, and families of kinds such as shoes.

Each is one file in templates/kinds. That of a kind has the strokes, its label and a phrase to follow "draw". That of a
family has its members, and a phrase where one word stands for all of them. Both have words of categories.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_DIRECTORY = Path(__file__).resolve().parents[3] / "templates" / "kinds"

Texts = Mapping[str, str]  # language -> text
Words = Mapping[str, list[str]]  # language -> words of categories


@dataclass(frozen=True)
class Kind:
    """One kind of product. The paths are SVG path data on 120 x 120, one a stroke."""

    name: str
    label: Texts
    phrase: Texts
    words: Words
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Family:
    """Several kinds, by name. Without a phrase, the page names its members instead."""

    members: tuple[str, ...]
    words: Words
    phrase: Texts | None = None


@dataclass(frozen=True)
class KindTable:
    """All kinds and all families, by name."""

    kinds: Mapping[str, Kind]
    families: Mapping[str, Family]

    def family_of(self, kind: Kind) -> Family | None:
        """Return the family that has a phrase for a kind, if there is one."""
        families = (family for family in self.families.values() if family.phrase and kind.name in family.members)
        return next(families, None)


@cache
def read_kinds() -> KindTable:
    """Read the files of all kinds and families, once."""
    files = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in sorted(_DIRECTORY.glob("*.toml"))}
    kinds = {
        name: Kind(name, file["label"], file["phrase"], file["words"], tuple(file["paths"]))
        for name, file in files.items()
        if "paths" in file
    }
    families = {
        name: Family(tuple(file["members"]), file["words"], file.get("phrase"))
        for name, file in files.items()
        if "members" in file
    }
    return KindTable(kinds, families)
