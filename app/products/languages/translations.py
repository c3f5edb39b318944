"""Texts of a product in further languages, beside its own ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from app.core.error_text import expected_one_of, truncate
from app.products.languages.codes import best_languages, find_language, read_language
from app.products.text_keys import category_path

FIELDS = ("title", "category", "description", "color", "link")
"""Fields of a product that may have texts in several languages."""

MOST_LANGUAGES = 30  # of a product, beside its own texts

_FIELD_NAMES = {**{name: name for name in FIELDS}, "product_type": "category"}
_NAME = re.compile(rf"({'|'.join(_FIELD_NAMES)})_(.+)")
NAME_FORM = rf"^({'|'.join(_FIELD_NAMES)})_[A-Za-z]{{2}}([-_][A-Za-z]{{4}})?([-_]([A-Za-z]{{2}}|[0-9]{{3}}))?$"
"""Form of the names that split_name() splits, as a regular expression of JSON Schema."""

Place = tuple[str, str]
"""Language and field of a text."""


class Translation(NamedTuple):
    """Text of a product's field in a language."""

    language: str
    field: str
    text: str


def split_name(name: str) -> Place | None:
    """Return the place of a field's name in feeds and requests: "title_de" is ("de", "title"). None for other names."""
    match = _NAME.fullmatch(name)
    language = find_language(match[2]) if match else None
    return (language, _FIELD_NAMES[match[1]]) if match and language else None


def join_name(language: str, field: str) -> str:
    """Return the name that split_name() splits."""
    return f"{field}_{language}"


def normalise_translations(given: Iterable[Sequence[str]]) -> tuple[Translation, ...]:
    """Return translations in their order, one for each place, without empty texts. Raises ValueError."""
    texts: dict[Place, str] = {}
    for language, field, text in given:
        if field not in FIELDS:
            raise ValueError(f"field {truncate(field)} has no translations: {expected_one_of(FIELDS, '')}")
        if plain := category_path(text) if field == "category" else text.strip():
            texts[read_language(language), field] = plain
    if (count := len({language for language, _ in texts})) > MOST_LANGUAGES:
        raise ValueError(f"there are texts in {count} languages: expected at most {MOST_LANGUAGES}")
    return tuple(Translation(*place, text) for place, text in sorted(texts.items()))


def merge_texts(stored: Iterable[Translation], given: Mapping[Place, str | None]) -> tuple[Translation, ...]:
    """Return the stored translations with the given texts in their places, None to remove one. Raises ValueError."""
    texts = {(language, field): text for language, field, text in stored} | dict(given)
    return normalise_translations((*place, text) for place, text in texts.items() if text is not None)


def replace_languages(stored: Iterable[Translation], given: Mapping[Place, str | None]) -> tuple[Translation, ...]:
    """Return the given translations, and those stored ones whose language none of them has. Raises ValueError."""
    languages = {language for language, _ in given}
    return merge_texts((text for text in stored if text.language not in languages), given)


def find_text(translations: Iterable[Translation], field: str, wanted: str) -> str | None:
    """Return the text of a field in the best language for a wanted one, None if there is none."""
    texts = {language: text for language, name, text in translations if name == field}
    return next((texts[language] for language in best_languages(texts, wanted)), None)
