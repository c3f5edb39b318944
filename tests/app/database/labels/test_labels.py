"""Products in several languages: filters stay those of the canonical values, words are found in every language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from app.catalogue.catalogue import Catalogue
from app.catalogue.product_patches import patch_products
from app.database.labels.reading import read_labels
from app.database.rows import state_in
from app.products.filters import Filters
from app.products.languages.labels import Labels
from app.products.languages.translations import Translation
from app.products.product import Product
from app.products.product_patch import ProductPatch
from app.words.word_query import WordQuery
from index_builder.gallery.verify.findings import Findings
from index_builder.gallery.verify.rows import check_rows
from tests.support.small_galleries import URL_FILE, matching, open_catalogue, vectors

CATEGORIES = {"Shoes > Boots": "Schuhe > Stiefel", "Shoes > Sandals": "Schuhe > Sandalen", "Bags": "Taschen"}
COLORS = {"red": "Rot", "black": "Schwarz", "red/black": "Rot/Schwarz"}


@pytest.fixture(params=["sqlite", "postgresql"])
def catalogue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Catalogue]:
    if request.param == "postgresql":
        (tmp_path / URL_FILE).write_text(request.getfixturevalue("postgres").place())
    catalogue = open_catalogue(tmp_path)
    yield catalogue
    catalogue.close()


def make_shop(count: int, share: float) -> list[Product]:
    """Draw products of which a share has German texts."""
    random = np.random.default_rng(5)
    shop = []
    for number in range(count):
        category, color = str(random.choice(list(CATEGORIES))), str(random.choice(list(COLORS)))
        german = [("category", CATEGORIES[category]), ("color", COLORS[color]), ("title", f"Ware {number}")]
        texts = tuple(Translation("de", *text) for text in german if random.random() < share)
        shop.append(Product(f"p{number}", f"Item {number}", category=category, color=color, translations=texts))
    return shop


def labels_in(catalogue: Catalogue, language: str) -> Labels:
    with catalogue.moment() as connection:
        return read_labels(connection, language)


def passing(products: Sequence[Product], category: str, color: str) -> set[str]:
    """Return the ids that a plain loop over the products' own values finds."""
    return {
        product.product_id
        for product in products
        if (product.category or "").startswith(category) and color in (product.color or "").split("/")
    }


def test_filters_are_those_of_canonical_values_whatever_is_translated(catalogue: Catalogue) -> None:
    shop = make_shop(150, 0.7)
    catalogue.put(shop, vectors(len(shop)))
    bare = [Product(p.product_id, p.title, category=p.category, color=p.color) for p in shop]
    for category in ("Shoes", *CATEGORIES):
        for color in ("red", "black"):
            revisions = matching(catalogue, Filters(category, colors=(color,)))
            names = {f"p{revision - 1}" for revision in revisions}
            assert names == passing(shop, category, color) == passing(bare, category, color) != set()
    facets, labels = catalogue.facets(), labels_in(catalogue, "de")
    assert {path: labels.category(path) for path in facets.categories} == CATEGORIES | {"Shoes": "Schuhe"}
    assert {name: labels.color(name) for name in facets.colors} == {"red": "Rot", "black": "Schwarz"}
    assert matching(catalogue, Filters("Schuhe")) == matching(catalogue, Filters(colors=("rot",))) == []
    assert labels_in(catalogue, "fr").category("Bags") == "Bags"
    catalogue.put(bare, vectors(len(shop)))
    assert catalogue.facets() == facets and labels_in(catalogue, "de") == Labels({})


def test_labels_and_words_follow_patches_and_deletions(catalogue: Catalogue) -> None:
    rot, tasche = Translation("de", "color", "Rot"), Translation("de-AT", "category", "Taschen")
    products = [Product(f"p{n}", "Bag", category="Bags", color="red", translations=(rot, tasche)) for n in range(2)]
    catalogue.put(products, vectors(2))
    patch_products(catalogue, [ProductPatch("p0", {"price": None, "brand": "Acme"})])
    patch_products(catalogue, [ProductPatch("p1", {}, translations={("de", "color"): "Dunkelrot"})])
    labels = labels_in(catalogue, "de")
    assert (labels.color("Red"), labels.category("bags")) == ("Dunkelrot", "Taschen")  # the one that sorts first
    assert len(matching(catalogue, Filters(words=WordQuery("tasche")))) == 2  # "Taschen" by the rules of German
    assert len(matching(catalogue, Filters(words=WordQuery("rote ")))) == 1
    assert len(matching(catalogue, Filters(words=WordQuery("die roten taschen", "en", "de")))) == 1
    findings = Findings()
    with catalogue.moment() as connection:
        assert [len(rows) for rows in check_rows(connection, state_in(connection), findings)] == [2]
    assert findings.problems == []
    catalogue.delete(["p1"])
    assert labels_in(catalogue, "de").color("red") == "Rot"
    patch_products(catalogue, [ProductPatch("p0", {}, translations={("de", "color"): None})])
    assert labels_in(catalogue, "de").color("red") == "red"
    product = catalogue.get("p0")
    assert product is not None and product.translations == (tasche,)


def test_each_language_has_its_own_forms_of_words(catalogue: Catalogue) -> None:
    texts = {"de": "Stühle", "fr": "Manteaux", "es": "Lápices", "it": "Orologi", "pl": "Krzesła"}
    products = [
        Product(code, "Thing", translations=(Translation(code, "title", text),)) for code, text in texts.items()
    ]
    catalogue.put([*products, Product("own", "Stuhls")], vectors(6))

    def find(text: str) -> set[str]:
        filters = Filters(words=WordQuery(f"{text} ", "en"))
        with catalogue.view() as view:
            return {product.product_id for product in view.at_revisions(matching(catalogue, filters)).values()}

    assert find("Stuhl") == {"de", "own"}  # "Stuhls" is a form in English
    assert find("stuhlen") == {"de"}  # and in German only there, where the texts are German
    assert [find(word) for word in ("manteau", "lápiz", "orologio")] == [{"fr"}, {"es"}, {"it"}]
    assert find("krzesła") == {"pl"}
