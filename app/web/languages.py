"""Texts of the page in several languages, and the choice of a language for a browser.

A language is one file in templates/messages: texts by area and name, with placeholders in {braces}. The page and its
scripts take every text from there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

Messages = Mapping[str, Mapping[str, str]]  # area -> name -> text

DEFAULT = "en"  # for browsers that accept none of the languages
_DIRECTORY = Path(__file__).resolve().parents[2] / "templates" / "messages"
_ACCEPTED = re.compile(r"\s*([a-z]{1,8})(?:-[\w-]*)?\s*(?:;\s*q\s*=\s*(\d(?:\.\d*)?)\s*)?", re.I)


@dataclass(frozen=True)
class Language:
    """One language: its code (BCP 47) and its messages."""

    code: str
    messages: Messages

    def say(self, key: str, **values: object) -> str:
        """Return the text of a key such as "drawing.undo", with integers in the language's number format."""
        area, message = key.split(".")
        texts = {name: self.number(value) if isinstance(value, int) else value for name, value in values.items()}
        return self.messages[area][message].format(**texts)

    def with_texts(self, texts: Mapping[str, str]) -> Language:
        """Return the language with other texts, by keys such as "drawing.undo"."""
        messages = {area: dict(names) for area, names in self.messages.items()}
        for key, text in texts.items():
            area, message = key.split(".")
            messages[area][message] = text
        return replace(self, messages=messages)

    def number(self, value: int) -> str:
        """Format an integer with the language's thousands separator."""
        return f"{value:,}".replace(",", self.messages["page"]["thousands"])


def read_languages(directory: Path = _DIRECTORY) -> dict[str, Language]:
    """Return all languages, by code."""
    return {path.stem: Language(path.stem, json.loads(path.read_text("utf-8"))) for path in directory.glob("*.json")}


def choose_language(languages: Mapping[str, Language], accept: str, chosen: str | None = None) -> Language:
    """Return the chosen language, else the best available of an Accept-Language header, else English.

    Regions are ignored: "fr-CA" selects French. Malformed parts of the header are ignored.
    """
    weights = [(chosen, 2.0)] if chosen else []
    for part in accept.split(","):
        match = _ACCEPTED.fullmatch(part)
        if match:
            weights.append((match[1], float(match[2] or 1)))
    for code, weight in sorted(weights, key=lambda item: -item[1]):  # stable: equal weights keep their order
        base = code.partition("-")[0].lower()
        if weight > 0 and base in languages:
            return languages[base]
    return languages[DEFAULT]
