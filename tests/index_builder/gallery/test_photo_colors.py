"""Measured colours are facets and filters of products whose feed has none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.catalogue.catalogue import Catalogue
from app.catalogue.product_patches import patch_products
from app.colours.color_words import COLOR_WORDS
from app.colours.shares import ColorShare
from app.database.rows import state_in
from app.products.filters import Filters
from app.products.product import Photo, Product
from app.products.product_patch import ProductPatch
from app.web.languages import read_languages
from app.words.word_query import WordQuery
from index_builder.gallery.photo_colors import count_unmeasured, record_colors, unmeasured_photos
from index_builder.gallery.verify.findings import Findings
from index_builder.gallery.verify.rows import check_rows
from tests.support.small_galleries import matching, open_catalogue, vectors

RED, TEAL, BLACK = "#c0252d", "#237377", "#202020"
PARTS = (ColorShare(RED, 0.6), ColorShare(BLACK, 0.4))


def product(name: str, *, color: str | None = None, colors: tuple[ColorShare, ...] | None = PARTS) -> Product:
    return Product(name, name, color=color, photos=(Photo(f"{ord(name):064x}", name, colors=colors),))


def assert_sound(catalogue: Catalogue) -> None:
    findings = Findings()
    with catalogue.moment() as connection:
        list(check_rows(connection, state_in(connection), findings))
    assert findings.problems == []


def test_products_are_found_by_the_names_of_measured_colours_in_five_languages(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    catalogue.put([product("a"), product("b", color="Crimson"), product("c", colors=None)], vectors(3))
    found = {
        word: matching(catalogue, Filters(words=WordQuery(word))) for word in ("red", "Rot", "rojo", "rouge", "红")
    }
    assert set(map(tuple, found.values())) == {(1,)}
    record_colors(catalogue, {f"{ord('c'):064x}": PARTS})
    assert matching(catalogue, Filters(words=WordQuery("schwarz"))) == [1, 4]
    for code, language in read_languages().items():
        place = ["en", "de", "es", "fr", "zh"].index(code)
        assert {name: words[place] for name, words in COLOR_WORDS.items()}.items() <= language.messages[
            "colours"
        ].items()


def test_measured_colours_stand_in_for_those_of_the_feed(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    products = [product("a"), product("b", color="Crimson"), product("c", colors=None)]
    catalogue.put(products, vectors(3))
    assert catalogue.get_many("abc") == {p.product_id: replace(p, revision=n) for n, p in enumerate(products, 1)}
    assert catalogue.facets().colors == {"Crimson": 1, "black": 1, "red": 1}
    assert catalogue.facets(Filters(colors=("red",))).size == 1
    assert_sound(catalogue)


def test_a_colour_by_patch_wins_until_it_is_removed(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    catalogue.put([product("a")], vectors(1))
    patch_products(catalogue, [ProductPatch("a", {"color": "Crimson"})])
    assert catalogue.facets().colors == {"Crimson": 1}
    patch_products(catalogue, [ProductPatch("a", {"color": None})])
    assert catalogue.facets().colors == {"black": 1, "red": 1}
    assert_sound(catalogue)


def test_colours_are_recorded_later_with_new_revisions(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    catalogue.put([product("a", colors=None), product("b", color="Crimson", colors=None), product("c")], vectors(3))
    names = unmeasured_photos(catalogue, "", 10)
    assert count_unmeasured(catalogue) == 2 and names == [f"{ord(name):064x}" for name in "ab"]
    assert unmeasured_photos(catalogue, names[0], 10) == names[1:]
    teal = (ColorShare(TEAL, 1.0),)
    record_colors(catalogue, dict.fromkeys([*names, f"{ord('c'):064x}", "f" * 64], teal))
    assert [p.measured_colors for p in catalogue.page()] == [teal, teal, PARTS]
    assert [p.revision for p in catalogue.page()] == [4, 5, 3] and catalogue.revision() == 5
    assert catalogue.facets().colors == {"Crimson": 1, "black": 1, "blue": 1, "red": 1}
    assert count_unmeasured(catalogue) == 0
    assert_sound(catalogue)
