"""Filters by words in SQL: the same as a plain loop over the products, in both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from app.catalogue.catalogue import Catalogue
from app.catalogue.product_patches import patch_products
from app.database.filter_conditions import where_clauses
from app.products.filters import Filters
from app.products.product import Product
from app.products.product_patch import ProductPatch
from app.words.stemming import Language
from app.words.word_query import Correction, WordMatch, WordQuery
from tests.support.small_galleries import URL_FILE, matching, open_catalogue, vectors
from tests.support.word_loop import WordLoop

COLORS = ["red", "reddish", "blue", "dark red", "black"]
MATERIALS = ["suede", "leather", "canvas", "wool"]
KINDS = ["boot", "boots", "sneaker", "sneakers", "board", "boat shoes", "ballet shoe"]
TYPED = [*COLORS, *MATERIALS, *KINDS, "the", "xq", "zzzzz", "42", "lace"]


def make_shop() -> list[Product]:
    random = np.random.default_rng(3)

    def pick(choices: list[str]) -> str:
        return choices[random.integers(len(choices))]

    return [
        Product(
            f"p{number}",
            f"{pick(COLORS)} {pick(KINDS)} {number % 50}",
            brand=pick(["Acme", "Läufer", ""]) or None,
            color=pick(COLORS),
            attributes=(("material", pick(MATERIALS)),) if number % 3 else (),
            description=f"Made of {pick(MATERIALS)} with laces" if number % 4 else None,
        )
        for number in range(200)
    ]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def catalogue(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    directory = tmp_path_factory.mktemp("shop")
    if request.param == "postgresql":
        (directory / URL_FILE).write_text(request.getfixturevalue("postgres").place())
    catalogue = open_catalogue(directory)
    catalogue.put([Product("gone", "zzzzz suedo boott")], vectors(1))
    catalogue.delete(["gone"])
    catalogue.put(make_shop(), vectors(200))
    yield catalogue
    catalogue.close()


def find(catalogue: Catalogue, text: str, language: Language | None = None) -> tuple[set[str], WordMatch]:
    """Return the ids of the products that have the words, and what became of the words."""
    with catalogue.view() as view:
        filters, match = view.look_up(Filters(words=WordQuery(text, language)))
        assert match is not None
        return {product.product_id for product in view.at_revisions(view.matching(filters).tolist()).values()}, match


def mistyped(word: str, random: np.random.Generator) -> str:
    """Return a word with a typing error."""
    place, letter = int(random.integers(len(word))), "abcdefghijklmnopqrstuvwxyz"[random.integers(26)]
    changed = [
        word[:place] + word[place + 1 :],
        word[:place] + letter + word[place:],
        word[:place] + letter + word[place + 1 :],
        word[:place] + word[place + 1 : place + 2] + word[place] + word[place + 2 :],
    ]
    return changed[random.integers(4)]


@pytest.mark.parametrize("language", ["en", None])
def test_words_are_those_of_a_plain_loop(catalogue: Catalogue, language: Language | None) -> None:
    random, loop = np.random.default_rng(1), WordLoop(make_shop(), language)
    seen = {"corrected": 0, "dropped": 0, "nothing": 0}
    for _ in range(250):
        words = [TYPED[random.integers(len(TYPED))] for _ in range(random.integers(1, 4))]
        words = [mistyped(word, random) if random.random() < 0.4 else word for word in words]
        text = " ".join(words)[: int(random.integers(1, 40))] + " " * int(random.random() < 0.3)
        expected = loop.passing(text)
        names, match = find(catalogue, text, language)
        assert names == expected, text
        assert {word: list(meant) for word, meant in match.corrected} == loop.corrected, text
        assert list(match.dropped) == loop.dropped, text
        seen["corrected"] += bool(loop.corrected)
        seen["dropped"] += bool(loop.dropped)
        seen["nothing"] += not expected
    assert min(seen.values()) > 10


def test_words_are_required_beside_other_filters(catalogue: Catalogue) -> None:
    filters = Filters(colors=("red",), words=WordQuery("suede boots ", "en"))
    loop = WordLoop(make_shop(), "en")
    expected = loop.passing("suede boots ") & {p.product_id for p in make_shop() if "red" in p.colors}
    facets = catalogue.facets(filters)
    assert len(matching(catalogue, filters)) == facets.size == len(expected) > 0
    assert facets.words == WordMatch(facets.words.choices) if facets.words else False
    assert sum(facets.colors.values()) == len(loop.passing("suede boots "))


def test_words_have_to_be_looked_up(catalogue: Catalogue) -> None:
    with pytest.raises(ValueError, match=r"the words 'red' are as typed: expected the choices of resolve_words\(\)"):
        where_clauses(Filters(words=WordQuery("red")))


LANGUAGES: list[tuple[Language | None, list[str], list[tuple[str, set[int]]]]] = [
    (
        "en",
        ["Red suede boots", "Red leather dress", "Blue boot"],
        [("red su", {0}), ("boots ", {0, 2}), ("dresses ", {1}), ("the red boot", {0}), ("bl", {2}), ("leahter", {1})],
    ),
    (
        "de",
        ["Roter Lederstuhl", "Graue Stühle aus Größe", "Weiße Schuhe"],
        [("rot led", {0}), ("grauer stuhl ", {1}), ("STÜHLE", {0, 1}), ("grosse ", {1}), ("shcuhe", {2})],
    ),
    (
        "fr",
        ["Bottes rouges en cuir", "Chaussure d'été dorée", "Chapeau gris"],
        [("botte rou", {0}), ("ete dore ", {1}), ("CHAPEAUX", {2}), ("grise", {2}), ("chausure", {1}), ("cuir", {0})],
    ),
    (
        "es",
        ["Zapatos rojos de niño", "Bota azul", "Camisas azules de la niña"],
        [("zapato rojo", {0}), ("azul ", {1, 2}), ("nino", {0, 2}), ("zpatos", {0}), ("cami", {2}), ("las botas", {1})],
    ),
    (
        "it",
        ["Scarpe rosse di pelle", "Stivale grigio", "Borsa rossa"],
        [("rosso ", {0, 2}), ("stivali grigi ", {1}), ("bors", {2}), ("scrape", {0}), ("della pelle", {0})],
    ),
    (
        None,
        ["红色皮鞋", "蓝色布鞋", "红色 Nike 运动鞋"],
        [("红", {0, 2}), ("皮鞋", {0}), ("红鞋", {0, 2}), ("nik", {2}), ("nkie 红", {2}), ("红犬", {0, 2})],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("language", "titles", "queries"), LANGUAGES)
def test_beginnings_forms_and_typing_errors_in_six_languages(
    directory: Path, language: Language | None, titles: list[str], queries: list[tuple[str, set[int]]]
) -> None:
    catalogue = open_catalogue(directory)
    catalogue.put([Product(f"p{number}", title) for number, title in enumerate(titles)], vectors(len(titles)))
    names = {text: find(catalogue, text, language)[0] for text, _ in queries}
    assert names == {text: {f"p{number}" for number in numbers} for text, numbers in queries}


def test_what_became_of_the_words_is_in_the_shops_and_the_shoppers_spelling(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    catalogue.put([Product("a", "Grüne STÜHLE"), Product("b", "grune Tische")], vectors(2))
    _, match = find(catalogue, "grün Sthüle Qwertz", "de")
    assert match.corrected == (Correction("sthüle", ("stühle",)),)
    assert match.dropped == ("qwertz",)


def test_words_follow_every_change_at_once(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    catalogue.put([Product("a", "Red boot", description="warm"), Product("b", "Blue boot")], vectors(2))
    assert find(catalogue, "boot")[0] == {"a", "b"}
    patch_products(catalogue, [ProductPatch("a", {"description": "cool"}), ProductPatch("b", {"price": Decimal(5)})])
    assert find(catalogue, "warm") == ({"a", "b"}, WordMatch(dropped=("warm",)))
    assert find(catalogue, "cool boot")[0] == {"a"} and find(catalogue, "blue boot")[0] == {"b"}
    catalogue.put([Product("b", "Green sandal")], vectors(1))
    assert find(catalogue, "blue")[1].dropped == ("blue",) and find(catalogue, "green sandal")[0] == {"b"}
    catalogue.delete(["a"])
    assert find(catalogue, "boot")[1].dropped == ("boot",)
    stored = catalogue.get("b")
    assert stored is not None
    catalogue.put([replace(stored, product_id="a")], vectors(1))
    assert find(catalogue, "green")[0] == {"a", "b"}


def test_a_correction_takes_the_most_frequent_of_the_nearest_words(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    titles = ["boat"] * 2 + ["boar"] * 4 + ["coal", "boas", "boaz", "boap", "boam", "toad"]
    catalogue.put([Product(f"p{n}", title) for n, title in enumerate(titles)], vectors(len(titles)))
    assert find(catalogue, "boaq ")[1].corrected == (Correction("boaq", ("boar", "boat", "boam", "boap", "boas")),)


GERMAN = [
    "Wildlederschuhe", "Schuhe aus Leder", "Lederjacke", "Handtasche", "Etikette", "Kette", "Ballerinas", "Ball",
    "Damenschuh", "Damen Schal", "Jacken", "Taschen", "Schuhschrank", "Halskette", "Turnschuhe und Tasche",
]  # fmt: skip


def test_german_compounds_are_found_by_their_parts_and_follow_all_others(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    shop = [Product(title.replace(" ", "-").lower(), title) for title in GERMAN]
    shop.append(Product("hint", "Hut", description="hält warm zu Schuhen"))
    catalogue.put(shop, vectors(len(shop)))
    loop = WordLoop(shop, "de")
    compounds = {
        "schuhe": {"wildlederschuhe", "damenschuh", "turnschuhe-und-tasche"},
        "leder ": {"lederjacke"},
        "wildleder ": {"wildlederschuhe"},
        "jacke": {"lederjacke"},
        "tasche": {"handtasche"},
        "kette ": {"halskette"},
        "dame ": {"damenschuh"},
        "ball ": set[str](),
        "schuhe leder ": set[str](),
    }
    for text, more in compounds.items():
        with catalogue.view() as view:
            filters, match = view.look_up(Filters(words=WordQuery(text, "de")))
            assert not filters.is_empty and match is not None and not match.dropped and not match.corrected
            passing = view.at_revisions(view.matching(filters).tolist())
            names = {revision: product.product_id for revision, product in passing.items()}
            costs = view.measure_words(match)
        plain = loop.passing(text) - more if text != "wildleder " else set()
        assert set(names.values()) == plain | more, text
        if plain and more:
            last = max(costs[revision] for revision, name in names.items() if name in plain)
            assert last < min(costs[revision] for revision, name in names.items() if name in more), text
    assert "wildlederschuhe" not in find(catalogue, "schuhe ", "en")[0]
