"""Changes of fields in the catalogue, which leave photos and embeddings as they are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np

from app.catalogue.product_patches import PatchOutcome, patch_products
from app.products.filters import Filters
from app.products.product_patch import ProductPatch
from tests.support.small_galleries import matching, open_catalogue, products, vectors, with_photos


def test_a_patch_changes_fields_revision_and_traits_but_no_photo(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    shoe = with_photos("a", 3, color="Black/Red", brand="Acme")
    catalogue.put([shoe, with_photos("b", 1, color="Black")], vectors(4))
    [outcome] = patch_products(catalogue, [ProductPatch("a", {"price": Decimal(5), "color": "Blue"})])
    expected = replace(shoe, price=Decimal(5), color="Blue", revision=3)
    assert outcome == PatchOutcome(expected, is_changed=True)
    assert catalogue.get("a") == expected and catalogue.revision() == 3
    np.testing.assert_array_equal(catalogue.embedding("a"), vectors(3))
    [change] = catalogue.changes(2)
    assert (change.product_id, change.revision) == ("a", 3)
    np.testing.assert_array_equal(change.embeddings, vectors(3))
    assert matching(catalogue, Filters(colors=("Blue",))) == [3]
    assert matching(catalogue, Filters(colors=("Black",))) == [2]
    assert matching(catalogue, Filters(brands=("Acme",))) == [3]


def test_a_changed_price_keeps_the_traits(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    catalogue.put([with_photos(name, 1, color="Black/Red", size="41 / 42", brand="Acme") for name in "ab"], vectors(2))
    before = catalogue.facets()
    patch_products(catalogue, [ProductPatch("a", {"price": Decimal(5)}), ProductPatch("b", {"title": "B"})])
    assert sorted(matching(catalogue, Filters(colors=("Red",)))) == [3, 4]
    assert (catalogue.facets().colors, catalogue.facets().sizes) == (before.colors, before.sizes)


def test_each_patch_has_its_outcome_and_an_error_does_not_prevent_the_others(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    catalogue.put(products("ab"), vectors(2))
    catalogue.delete(["b"])
    before = catalogue.revision()
    outcomes = patch_products(
        catalogue,
        [
            ProductPatch("a", {"title": "a"}),
            ProductPatch("b", {"title": "gone"}),
            ProductPatch("a", {"availability": "maybe"}),
            ProductPatch("a", {"title": "first"}),
            ProductPatch("a", {"title": "second"}),
        ],
    )
    assert [outcome.is_changed for outcome in outcomes] == [False, False, False, True, True]
    assert outcomes[1] == PatchOutcome(None) and "'maybe' is unknown" in (outcomes[2].error or "")
    stored = catalogue.get("a")
    assert stored is not None and (stored.title, stored.revision) == ("second", before + 1)
    assert catalogue.revision() == before + 1


def test_nothing_changed_takes_no_revision(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    catalogue.put(products("a"), vectors(1))
    there_and_back = [ProductPatch("a", {"title": title}) for title in ("b", "a")]
    for patches in ([], [ProductPatch("a", {})], [ProductPatch("x", {})], there_and_back):
        patch_products(catalogue, patches)
    assert catalogue.revision() == 1


def test_patches_at_once_lose_nothing(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    catalogue.put(products("a"), vectors(1))

    def patch(number: int) -> list[PatchOutcome]:
        return patch_products(catalogue, [ProductPatch("a", {}, {f"n{number}": ["x"]})])

    with ThreadPoolExecutor(8) as pool:
        assert all(outcome.is_changed for outcomes in pool.map(patch, range(24)) for outcome in outcomes)
    stored = catalogue.get("a")
    assert stored is not None and len(stored.attributes) == 24 and catalogue.revision() == 25
