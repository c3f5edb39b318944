"""Texts of the page in every language, and the choice of a language for a browser."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from app.web.languages import Language, choose_language, read_languages

ROOT = Path(__file__).resolve().parents[3]
LANGUAGES = read_languages()


def flatten_texts(language: Language) -> dict[str, str]:
    """Return the texts of a language by key, such as "drawing.undo"."""
    return {f"{area}.{name}": text for area, names in language.messages.items() for name, text in names.items()}


def find_used_keys() -> set[str]:
    """Return every key in the templates, the scripts and app/web."""
    templates = [path for path in (ROOT / "templates").rglob("*") if path.is_file() and path.suffix != ".json"]
    files = [*templates, *(ROOT / "static/js").rglob("*.js"), *(ROOT / "app/web").rglob("*.py")]
    source = "".join(path.read_text() for path in files)
    areas = "|".join(LANGUAGES["en"].messages)
    return set(re.findall(rf'"((?:{areas})\.(?!js")\w+)"', source))  # "widget.js" is a file


def test_the_five_languages_are_there() -> None:
    assert set(LANGUAGES) == {"de", "en", "es", "fr", "zh"}


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_no_sentence_and_no_place_in_one_is_missing(code: str) -> None:
    english, theirs = flatten_texts(LANGUAGES["en"]), flatten_texts(LANGUAGES[code])
    assert list(theirs) == list(english)
    for key, text in theirs.items():
        assert text.strip() or key == "page.thousands"
        assert sorted(re.findall(r"\{\w*\}", text)) == sorted(re.findall(r"\{\w*\}", english[key])), key


def test_what_the_page_says_is_there_and_what_is_there_is_said() -> None:
    by_python = {"page.thousands"}
    assert find_used_keys() | by_python == set(flatten_texts(LANGUAGES["en"]))


@pytest.mark.parametrize(
    ("accept", "code"),
    [
        ("", "en"),
        ("de", "de"),
        ("fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        ("zh-Hans-CN", "zh"),
        ("en;q=0.5, es;q=0.9", "es"),
        ("pt-BR, de;q=0.3", "de"),
        ("ja, ko", "en"),
        ("de;q=0, fr", "fr"),
        ("*;q=0.1, ;;;, es;q=1.0", "es"),
        ("DE-de ; q=0.7", "de"),
    ],
)
def test_the_browser_gets_what_it_wants_most(accept: str, code: str) -> None:
    assert choose_language(LANGUAGES, accept).code == code


def test_a_choice_goes_before_the_browser_s_wish() -> None:
    assert choose_language(LANGUAGES, "de", "fr").code == "fr"
    assert choose_language(LANGUAGES, "de", "xx").code == "de"


def test_numbers_are_written_as_people_of_the_language_do() -> None:
    assert LANGUAGES["de"].say("page.size", size=12345) == "12.345 Produkte zu finden"
    assert LANGUAGES["en"].say("page.size", size=12345) == "12,345 products to find"


def test_the_page_comes_in_the_wanted_language(client: httpx.Client) -> None:
    page = client.get("/", headers={"Accept-Language": "de-CH, en;q=0.5"})
    assert (
        page.headers["content-language"] == "de" and page.headers["vary"] == "Accept-Language, Cookie, Accept-Encoding"
    )
    assert '<html lang="de">' in page.text and "Rückgängig" in page.text
    assert '<html lang="es">' in client.get("/?lang=es", headers={"Accept-Language": "de"}).text
