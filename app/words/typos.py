"""Typing errors: how many a word may have, and which known words it can mean."""

from __future__ import annotations

from app.words.tokens import is_ideograph

_ONE_TYPO, _TWO_TYPOS = 4, 8  # letters of a word that may have so many
_LOST_BIGRAMS = 3  # of a word by one typo, at most: exchanged letters change the most


def max_typos(word: str) -> int:
    """Return how many typing errors a word may have: none if it is short, has a digit, or is Chinese or Japanese."""
    if len(word) < _ONE_TYPO or any(map(str.isdigit, word)) or is_ideograph(word):
        return 0
    return 2 if len(word) >= _TWO_TYPOS else 1


def can_be_meant(word: str) -> bool:
    """Return whether a word with a typing error may mean this one."""
    return len(word) >= _ONE_TYPO - 1 and not any(map(str.isdigit, word)) and not is_ideograph(word)


def distance(word: str, other: str, *, is_prefix: bool = False) -> int:
    """Count the typing errors between two words: letters added, left out, replaced, or exchanged with the next one.

    With `is_prefix`, the beginning of `other` counts that is nearest to `word`.
    """
    before, row = list[int](), list(range(len(other) + 1))
    for i, letter in enumerate(word, 1):
        older, before, row = before, row, [i]
        for j, candidate in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != candidate))
            if i > 1 and j > 1 and letter == other[j - 2] and word[i - 2] == candidate:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return min(row) if is_prefix else row[-1]


def bigrams(word: str) -> set[str]:
    """Return all sequences of two letters of a word, with a space before it and one after it."""
    return _sequences(f" {word} ")


def first_bigrams(word: str) -> set[str]:
    """Return those bigrams that every word has that begins with this one."""
    return _sequences(f" {word}")


def least_shared(word: str) -> int:
    """Return how many of its first bigrams a word shares at least with a word that it can mean."""
    return max(1, len(first_bigrams(word)) - _LOST_BIGRAMS * max_typos(word))


def _sequences(text: str) -> set[str]:
    return {text[i : i + 2] for i in range(len(text) - 1)}
