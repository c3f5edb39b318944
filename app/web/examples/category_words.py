"""Recognition of a kind of product in the name of a category, in the languages of the page."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache

from app.web.examples.kinds import KindTable, Words, read_kinds

_COMPOUNDING = ("de", "zh")  # languages whose longer words end with the thing itself: Stehlampen, 运动鞋
_SHORTEST_ENDING = 4  # letters of a German ending; a shorter one, such as "hut", ends too many other words
_WORD = re.compile(r"[^\W\d_]+")
_PREPOSITIONS = {"de", "du", "des", "d", "a", "au", "aux", "para", "con", "en", "pour", "avec", "for", "with", "of"}
_PREPOSITIONS |= {"fur", "mit", "aus", "von"}


class CategoryWords:
    """The words of all kinds and families, for looking up categories."""

    def __init__(self, table: KindTable) -> None:
        entries = {name: family.members for name, family in table.families.items()}
        words = {name: family.words for name, family in table.families.items()}
        entries |= {name: (name,) for name in table.kinds}
        words |= {name: kind.words for name, kind in table.kinds.items()}
        self._kinds = {word: entries[name] for name in words for word in _normalise_all(words[name])}
        self._endings = self._find_endings(words, entries)
        self._longest = max((word.count(" ") + 1 for word in self._kinds), default=0)

    def find_kinds(self, category: str) -> tuple[str, ...]:
        """Return the names of the kinds in a category path, from its last part that is known. Empty if none is."""
        for part in reversed(category.split(">")):
            names = self._find_in_part(_normalise(part).split())
            if names:
                return names
        return ()

    def _find_in_part(self, words: list[str]) -> tuple[str, ...]:
        """Return the kinds of one part of a path, for which the thing itself counts: "Lampes de table" are lamps."""
        for count in range(min(self._longest, len(words)), 1, -1):
            for start in range(len(words) - count, -1, -1):
                names = self._kinds.get(" ".join(words[start : start + count]))
                if names:
                    return names
        heads = list(_before_preposition(words))
        for word in reversed(heads):
            if word in self._kinds:
                return self._kinds[word]
        return next((names for word in reversed(heads) if (names := self._find_by_ending(word))), ())

    def _find_by_ending(self, word: str) -> tuple[str, ...]:
        """Return the kinds of the longest known ending of a word."""
        return next((names for ending, names in self._endings if word.endswith(ending)), ())

    @staticmethod
    def _find_endings(
        words: Mapping[str, Words], entries: Mapping[str, tuple[str, ...]]
    ) -> list[tuple[str, tuple[str, ...]]]:
        endings = {
            ending: entries[name]
            for name, by_language in words.items()
            for language in _COMPOUNDING
            for ending in map(_normalise, by_language.get(language, []))
            if language == "zh" or len(ending) >= _SHORTEST_ENDING
        }
        return sorted(endings.items(), key=lambda item: -len(item[0]))


@cache
def read_category_words() -> CategoryWords:
    """Read the words of all kinds and families, once."""
    return CategoryWords(read_kinds())


def _normalise_all(words: Words) -> list[str]:
    return [_normalise(word) for texts in words.values() for word in texts]


def _normalise(text: str) -> str:
    """Return the words of a text in lower case without accents: "Sacs à dos" -> "sacs a dos"."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(_WORD.findall(plain))


def _before_preposition(words: list[str]) -> Iterator[str]:
    """Yield the words before the first preposition that is not the first word."""
    for position, word in enumerate(words):
        if position and word in _PREPOSITIONS:
            return
        yield word
