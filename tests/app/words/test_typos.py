from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from app.words.typos import bigrams, can_be_meant, distance, first_bigrams, least_shared, max_typos


@pytest.mark.parametrize(
    ("word", "other", "count"),
    [
        ("suede", "suede", 0),
        ("sude", "suede", 1),
        ("suuede", "suede", 1),
        ("suade", "suede", 1),
        ("seude", "suede", 1),
        ("sdeeu", "suede", 3),
        ("leahter", "leather", 1),
        ("snaekres", "sneakers", 2),
        ("", "ab", 2),
    ],
)
def test_typing_errors_are_counted(word: str, other: str, count: int) -> None:
    assert distance(word, other) == distance(other, word) == count


def test_the_beginning_of_a_word_can_be_meant() -> None:
    assert distance("sneek", "sneakers", is_prefix=True) == 1 and distance("sneek", "sneakers") == 4
    assert distance("snea", "sneakers", is_prefix=True) == 0


def test_long_words_may_have_more_errors_than_short_ones() -> None:
    assert [max_typos(word) for word in ("red", "boot", "leather", "sneakers", "gtx2000", "鞋")] == [0, 1, 1, 2, 0, 0]
    assert [can_be_meant(word) for word in ("re", "red", "a42", "鞋")] == [False, True, False, False]


def test_a_word_shares_enough_bigrams_with_every_word_that_it_can_mean() -> None:
    random = np.random.default_rng(0)
    words = ["".join(random.choice(list("abc"), random.integers(3, 10))) for _ in range(300)]
    meant = [
        (word, other, is_prefix)
        for word, other, is_prefix in product(words, words, (False, True))
        if max_typos(word) and distance(word, other, is_prefix=is_prefix) <= max_typos(word)
    ]
    assert len(meant) > 1000
    missed = [pair for pair in meant if len(first_bigrams(pair[0]) & bigrams(pair[1])) < least_shared(pair[0])]
    assert missed == []
