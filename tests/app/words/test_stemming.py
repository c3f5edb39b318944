from __future__ import annotations

from collections.abc import Sequence

import pytest

from app.words.stemming import Language, common_beginning, is_stop_word, stem
from app.words.tokens import word_key

FORMS: list[tuple[Language, Sequence[str]]] = [
    ("en", ["boot", "boots"]),
    ("en", ["dress", "dresses"]),
    ("en", ["watch", "watches"]),
    ("en", ["box", "boxes"]),
    ("en", ["shoe", "shoes"]),
    ("en", ["lace", "laces"]),
    ("en", ["accessory", "accessories"]),
    ("de", ["rot", "rote", "roten", "rotem", "roter", "rotes"]),
    ("de", ["weiß", "weiße", "weißen", "weißes"]),
    ("de", ["Schuh", "Schuhe", "Schuhen", "Schuhs"]),
    ("de", ["Stuhl", "Stühle", "Stühlen"]),
    ("de", ["Jacke", "Jacken"]),
    ("de", ["Herr", "Herren"]),
    ("de", ["Uhr", "Uhren"]),
    ("de", ["Kleid", "Kleider", "Kleidern"]),
    ("de", ["Glas", "Gläser", "Gläsern"]),
    ("de", ["grün", "grüne", "grünen"]),
    ("de", ["Sofa", "Sofas"]),
    ("de", ["Stiefel", "Stiefeln"]),
    ("fr", ["vert", "verte", "verts", "vertes"]),
    ("fr", ["gris", "grise", "grises"]),
    ("fr", ["chapeau", "chapeaux"]),
    ("fr", ["cheval", "chevaux"]),
    ("fr", ["brodé", "brodée", "brodés", "brodées"]),
    ("fr", ["chaussure", "chaussures"]),
    ("es", ["rojo", "roja", "rojos", "rojas"]),
    ("es", ["azul", "azules"]),
    ("es", ["luz", "luces"]),
    ("es", ["zapatilla", "zapatillas"]),
    ("it", ["rosso", "rossa", "rossi", "rosse"]),
    ("it", ["bianco", "bianca", "bianchi", "bianche"]),
    ("it", ["grigio", "grigia", "grigi", "grigie"]),
    ("it", ["stivale", "stivali"]),
]
DIFFERENT: list[tuple[Language, Sequence[str]]] = [
    ("en", ["red", "reds!", "reed", "boss", "boots", "bus"]),
    ("de", ["rot", "rosa", "Schal", "Schuh", "Bus", "See"]),
    ("fr", ["robe", "rouge", "sac", "bas", "bois"]),
    ("es", ["rojo", "rosa", "bota", "bolso"]),
    ("it", ["rosso", "rosa", "borsa", "scarpa"]),
]


@pytest.mark.parametrize(("language", "forms"), FORMS)
def test_forms_of_a_word_have_one_stem(language: Language, forms: Sequence[str]) -> None:
    keys = [word_key(form) for form in forms]
    assert len({stem(key, language) for key in keys}) == 1
    assert all(key.startswith(common_beginning(other, language)) for key in keys for other in keys)


@pytest.mark.parametrize(("language", "words"), DIFFERENT)
def test_other_words_have_other_stems(language: Language, words: Sequence[str]) -> None:
    assert len({stem(word_key(word), language) for word in words}) == len(words)


def test_without_a_language_a_word_is_its_own_stem() -> None:
    assert stem("boots", None) == "boots" and not is_stop_word("the", None)


def test_short_words_keep_their_letters() -> None:
    languages: list[Language] = ["de", "en", "es", "fr", "it"]
    assert {stem(word, language) for language in languages for word in ("as", "es", "te", "e")} == {
        "as",
        "es",
        "te",
        "e",
    }


def test_stop_words_are_of_their_language() -> None:
    assert is_stop_word("the", "en") and is_stop_word("fur", "de") and not is_stop_word("the", "de")
