from __future__ import annotations

import pytest

from app.words.tokens import Token, tokens


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Red  SUEDE-boots, 42!", ["red", "suede", "boots", "42"]),
        ("Women's and men’s T-shirt", ["women", "and", "men", "t", "shirt"]),
        ("Größe: Äpfel & Schuhe", ["grosse", "apfel", "schuhe"]),
        ("l'été à la crème, cœur", ["l", "ete", "a", "la", "creme", "coeur"]),
        ("Niño, smørrebrød, Łódź, İstanbul", ["nino", "smorrebrod", "lodz", "istanbul"]),
        ("红色ab皮鞋 ブーツ", ["红", "色", "ab", "皮", "鞋", "ブ", "ー", "ツ"]),
        ("한국어 신발", ["한국어", "신발"]),
        ("ﬁne snake_case", ["fine", "snake", "case"]),
        (" ?! ", []),
    ],
)
def test_texts_are_split_into_keys(text: str, keys: list[str]) -> None:
    assert [token.key for token in tokens(text)] == keys


def test_decomposed_letters_are_those_that_are_composed() -> None:
    assert list(tokens("Mu\u0308tze")) == list(tokens("Mütze")) == [Token("mutze", "mütze")]


def test_a_very_long_word_is_cut() -> None:
    assert [len(token.key) for token in tokens("x" * 5000 + " ß" + "ß" * 70)] == [64, 64]
