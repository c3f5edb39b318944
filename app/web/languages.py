"""The page's words in several languages, and which of them a browser wants.

A language is one file in templates/messages: sentences by area and name, with places for values in {braces}. The page
and its scripts take every word from there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

Messages = Mapping[str, Mapping[str, str]]  # area -> name -> sentence

DEFAULT = "en"  # of browsers that want none of ours
_DIRECTORY = Path(__file__).resolve().parents[2] / "templates" / "messages"
_WISH = re.compile(r"\s*([a-z]{1,8})(?:-[\w-]*)?\s*(?:;\s*q\s*=\s*(\d(?:\.\d*)?)\s*)?", re.I)


@dataclass(frozen=True)
class Language:
    """One language: its code (BCP 47) and its messages."""

    code: str
    messages: Messages

    def say(self, key: str, **values: object) -> str:
        """The sentence of a key such as "drawing.undo", with numbers written as people of the language do."""
        area, name = key.split(".")
        shown = {place: self.number(value) if isinstance(value, int) else value for place, value in values.items()}
        return self.messages[area][name].format(**shown)

    def number(self, value: int) -> str:
        """An integer with the language's thousands separator."""
        return f"{value:,}".replace(",", self.messages["page"]["thousands"])


def read_languages(directory: Path = _DIRECTORY) -> dict[str, Language]:
    """All languages there are, by code."""
    return {path.stem: Language(path.stem, json.loads(path.read_text("utf-8"))) for path in directory.glob("*.json")}


def wanted(languages: Mapping[str, Language], accept: str, chosen: str | None = None) -> Language:
    """The language that was chosen, else the best of an Accept-Language header that we have, else English.

    Regions are ignored: somebody who wants "fr-CA" gets French. What cannot be read in the header is passed over.
    """
    wishes = [(chosen, 2.0)] if chosen else []
    for part in accept.split(","):
        wish = _WISH.fullmatch(part)
        if wish:
            wishes.append((wish[1], float(wish[2] or 1)))
    for code, weight in sorted(wishes, key=lambda wish: -wish[1]):  # stable: equal wishes stay in their order
        base = code.partition("-")[0].lower()
        if weight > 0 and base in languages:
            return languages[base]
    return languages[DEFAULT]
