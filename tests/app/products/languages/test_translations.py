"""Texts in further languages: their codes, names and merging."""

from __future__ import annotations

import pytest

from app.products.languages.codes import best_languages, find_language, read_language
from app.products.languages.labels import Label, best_labels, find_labels
from app.products.languages.translations import Translation, join_name, merge_texts, replace_languages, split_name
from app.products.product import Product

GERMAN, FRENCH = Translation("de", "title", "Stiefel"), Translation("fr", "title", "Botte")


@pytest.mark.parametrize(
    ("text", "code"),
    [("de", "de"), (" DE", "de"), ("pt_br", "pt-BR"), ("zh-hant-tw", "zh-Hant-TW"), ("es-419", "es-419")],
)
def test_codes_are_written_as_in_bcp_47(text: str, code: str) -> None:
    assert read_language(text) == code
    assert split_name(join_name(code, "title")) == (code, "title")


@pytest.mark.parametrize("text", ["", "jp", "german", "deu", "d", "de-", "de-AT-1996", "de\0"])
def test_what_is_not_a_code_is_refused(text: str) -> None:
    assert find_language(text) is None
    with pytest.raises(ValueError, match="is unknown: expected a code of ISO 639-1 such as 'de'"):
        read_language(text)


def test_the_best_language_is_the_one_most_like_the_wanted_one() -> None:
    stored = ["en", "de-CH", "de", "de-AT", "da"]
    assert best_languages(stored, "de-AT") == ["de-AT", "de", "de-CH"]
    assert best_languages(stored, "de") == ["de", "de-AT", "de-CH"]
    assert best_languages(["zh-Hans-CN"], "zh") == ["zh-Hans-CN"] and best_languages(stored, "fr") == []


@pytest.mark.parametrize(
    "name", ["title", "title_", "title_html", "material_de", "color_rgb", "link_template", "titl_de"]
)
def test_other_names_are_not_those_of_texts(name: str) -> None:
    assert split_name(name) is None
    assert split_name("product_type_de") == split_name("category_de") == ("de", "category")


def test_texts_are_merged_one_by_one_or_by_language() -> None:
    more = {("de", "color"): "Rot", ("fr", "title"): None}
    assert merge_texts([GERMAN, FRENCH], more) == (Translation("de", "color", "Rot"), GERMAN)
    assert replace_languages([GERMAN, FRENCH], {("de", "color"): " Rot "}) == (
        Translation("de", "color", "Rot"),
        FRENCH,
    )
    assert replace_languages([GERMAN, FRENCH], {("de", "title"): None}) == (FRENCH,)


def test_a_product_has_the_text_of_the_best_language_else_its_own() -> None:
    texts = (FRENCH, Translation("de-AT", "category", "Schuhe>  Stiefel"), GERMAN)
    boot = Product("boot", "Boot", category="Shoes > Boots", translations=texts)
    assert boot.translations == (GERMAN, Translation("de-AT", "category", "Schuhe > Stiefel"), FRENCH)
    assert [boot.text("title", code) for code in ("de", "de-CH", "fr-CA", "es", None)] == [
        *("Stiefel", "Stiefel", "Botte", "Boot", "Boot")
    ]
    assert boot.text("category", "de") == "Schuhe > Stiefel" and boot.text("link", "de") is None


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([("xx", "title", "T")], "language 'xx' is unknown"),
        ([("de", "brand", "B")], "field 'brand' has no translations: expected one of title, category"),
        ([("de", "title", "T" * 2001)], "title_de has 2,001 characters: expected at most 2,000"),
        ([(f"de-{n:03}", "title", "T") for n in range(31)], "texts in 31 languages: expected at most 30"),
    ],
)
def test_unusable_texts_are_refused(texts: list[tuple[str, str, str]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Product("p", "P", translations=tuple(Translation(*text) for text in texts))


def test_labels_are_those_of_each_step_and_each_colour() -> None:
    texts = [Translation("de", "category", "Schuhe > Stiefel"), Translation("de", "color", "Schwarz/Rot")]
    assert find_labels("Shoes > Boots", "Black / Red", texts) == {
        Label("category", "shoes", "de", "Schuhe"),
        Label("category", "shoes > boots", "de", "Schuhe > Stiefel"),
        Label("color", "black", "de", "Schwarz"),
        Label("color", "red", "de", "Rot"),
    }
    other = [Translation("de", "category", "Schuhe"), Translation("de", "color", "Bunt")]
    assert find_labels("Shoes > Boots", "Black/Red", other) == {Label("category", "shoes > boots", "de", "Schuhe")}
    assert find_labels(None, None, texts) == set()


def test_a_step_without_a_label_keeps_its_name() -> None:
    labels = best_labels(find_labels("Shoes > Boots", None, [Translation("de", "category", "Schuhe > Stiefel")]), "de")
    assert labels.category("shoes > Clogs > New") == "Schuhe > Clogs > New"
    assert (labels.category("Bags"), labels.color("red")) == ("Bags", "red")
