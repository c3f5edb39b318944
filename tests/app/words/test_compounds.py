from __future__ import annotations

import pytest

from app.words.compounds import ends_of_compound, has_compounds, is_compound_with_end, possible_forms
from app.words.stemming import stem


@pytest.mark.parametrize(
    ("compound", "word", "expected"),
    [
        ("wildlederschuhe", "schuh", True),
        ("handtasche", "taschen", True),
        ("turnschuh", "schuhe", True),
        ("schuhschranke", "schuh", False),  # it begins with the word
        ("schuhregalschuhe", "schuh", True),
        ("etikette", "kette", False),  # three letters before
        ("schuhe", "schuh", False),  # a form of the word
    ],
)
def test_a_compound_ends_with_a_form_of_a_word(compound: str, word: str, expected: bool) -> None:
    assert is_compound_with_end(compound, stem(word, "de"), "de") == expected


@pytest.mark.parametrize(
    ("compound", "word", "end", "expected"),
    [
        ("wildlederschuhe", "wildleder", "schuhe", True),
        ("damenschuhe", "dame", "schuhe", True),
        ("lederhut", "leder", "hut", False),  # three letters
        ("aktentasche", "tasche", "tasche", False),
        ("schuhe", "schuh", "", False),
    ],
)
def test_ends_of_a_compound_follow_a_form_of_a_word(compound: str, word: str, end: str, expected: bool) -> None:
    assert (end in ends_of_compound(compound, stem(word, "de"), "de")) == expected


def test_a_word_is_among_its_possible_forms() -> None:
    assert {"jacke", "jacken"} <= possible_forms("jacke", "de") and "kleider" in possible_forms("kleid", "de")


def test_only_german_words_of_four_letters_have_compounds() -> None:
    assert has_compounds("schuh", "de")
    assert not (has_compounds("hut", "de") or has_compounds("shoe", "en") or has_compounds("typ42", "de"))
