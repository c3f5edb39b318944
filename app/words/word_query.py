"""What a shopper has typed into the search field, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from app.core.error_text import truncate
from app.words.stemming import Language, is_stop_word
from app.words.tokens import Token, tokens

MOST_CHARACTERS = 200
MOST_WORDS = 20


@dataclass(frozen=True)
class WordQuery:
    """Words that products must have, all of them, as they were typed, and the language of the products' own texts.

    `spoken` is the language of who typed them, if it is known.

    The last word may be the beginning of a longer one, unless a space follows. Raises ValueError for too long a text.
    """

    text: str
    language: Language | None = None
    spoken: Language | None = None

    def __post_init__(self) -> None:
        if len(self.text) > MOST_CHARACTERS:
            problem = f"q has {len(self.text)} characters"
            raise ValueError(f"{problem}: expected at most {MOST_CHARACTERS}")
        if (count := sum(1 for _ in tokens(self.text))) > MOST_WORDS:
            raise ValueError(f"q is {truncate(self.text)}, which has {count} words: expected at most {MOST_WORDS}")

    def tokens(self) -> list[Token]:
        """Return the words that count, without repeats. Words such as "the" count only if there are no others."""
        distinct = list(dict.fromkeys(tokens(self.text)))
        telling = [token for token in distinct if not is_stop_word(token.key, self.language)]
        return [token for token in telling if not is_stop_word(token.key, self.spoken)] or telling or distinct

    @property
    def is_open(self) -> bool:
        """Whether the last word may be the beginning of a longer one."""
        return not self.text[-1:].isspace()


class WordChoice(NamedTuple):
    """One required word: a product has it if it has any of the words `keys`, or one that begins with `prefix`.

    Products with one of the `compounds` of the word have it too, and come after all others.
    """

    typed: str  # the key of the word that was typed; products that have it come first
    keys: tuple[str, ...] = ()
    prefix: str | None = None
    compounds: tuple[str, ...] = ()


class Correction(NamedTuple):
    """Word that no product has, and the words that were taken in its place."""

    typed: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class WordMatch:
    """What became of the words of a query. `choices` are the requirements that are left."""

    choices: tuple[WordChoice, ...] = ()
    corrected: tuple[Correction, ...] = ()
    dropped: tuple[str, ...] = ()  # words that no product has, nor anything like them
