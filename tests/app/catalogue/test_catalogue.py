from __future__ import annotations

import re
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import event

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.database.errors import CatalogueError, CheckpointMismatchError
from app.products.filters import Filters
from app.products.product import Photo, Product
from tests.support.forks import forked
from tests.support.small_galleries import DIM, at_revisions, matching, open_catalogue, products, vectors


def test_a_product_comes_back_as_it_was_put(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    product = Product(
        "id é/1",
        "T",
        "A  >b ",
        Decimal("1234567.8901"),
        "EUR",
        link="https://x",
        color="red",
        gender="men",
        brand="Läufer",
        size="38 ½",
        availability="preorder",
        description="Schön\n" * 1000,
        attributes=(("Sole  Material", " Gum "), ("fit", "wide"), ("fit", "Narrow")),
        photos=tuple(Photo(f"name {n}", f"source {n}", f"https://x/{n}" if n else "") for n in range(3)),
    )
    assert catalogue.put([product], vectors(3)) == 1
    stored = catalogue.get("id é/1")
    assert stored is not None and stored == replace(product, revision=1)
    assert stored.category == "A > b"
    assert stored.attributes == (("fit", "Narrow"), ("fit", "wide"), ("sole material", "Gum"))
    assert (stored.photo, Product("a", "A").photo) == ("name 0", "")
    assert catalogue.page() == [stored]
    np.testing.assert_array_equal(catalogue.embedding("id é/1"), vectors(3))
    catalogue.put([replace(product, photos=product.photos[2:])], vectors(1, 4))
    assert catalogue.get_many(["id é/1"])["id é/1"].photo == "name 2"
    np.testing.assert_array_equal(catalogue.embedding("id é/1"), vectors(1, 4))


def test_photos_of_many_products_stay_with_their_own(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    counts = [number % 4 for number in range(700)]
    things = [
        Product(f"p{number}", "T", photos=tuple(Photo(f"{number}/{n}", "s") for n in range(count)))
        for number, count in enumerate(counts)
    ]
    embeddings = vectors(sum(max(count, 1) for count in counts))
    catalogue.put(things, embeddings)
    stored = catalogue.get_many([product.product_id for product in things])
    assert [replace(stored[product.product_id], revision=0) for product in things] == things
    changes = [change.embeddings for change in catalogue.changes(0)]
    assert [len(rows) for rows in changes if rows is not None] == [max(count, 1) for count in counts]
    np.testing.assert_array_equal(np.concatenate([rows for rows in changes if rows is not None]), embeddings)
    ends = np.cumsum([max(count, 1) for count in counts])
    np.testing.assert_array_equal(catalogue.embedding("p7"), embeddings[ends[6] : ends[7]])


@pytest.mark.parametrize("price", ["0", "5", "59.90", "0.0001", "999999999999"])
def test_prices_are_exact(directory: Path, price: str) -> None:
    catalogue = open_catalogue(directory)
    catalogue.put([Product("a", "A", price=Decimal(price))], vectors(1))
    assert catalogue.get("a") == Product("a", "A", price=Decimal(price), revision=1)


def test_every_change_gets_the_next_revision_and_is_told_once(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    catalogue.put(products("abc"), vectors(3))
    catalogue.put(products("b"), vectors(1, seed=9))
    assert len(catalogue.delete(["a", "nobody", "a"])) == 1
    assert (catalogue.revision(), catalogue.size()) == (5, 2)
    changes = catalogue.changes(0)
    assert [(c.product_id, c.revision, c.embeddings is None) for c in changes] == [
        ("c", 3, False),
        ("b", 4, False),
        ("a", 5, True),
    ]
    np.testing.assert_array_equal(changes[1].embeddings, vectors(1, seed=9))
    assert [c.product_id for c in catalogue.changes(0, limit=2)] == ["c", "b"]
    assert [c.product_id for c in catalogue.changes(4)] == ["a"]
    assert catalogue.changes(5) == []


def test_a_deleted_product_is_gone_and_can_come_back(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    catalogue.put(products("ab", "Shoes"), vectors(2))
    catalogue.delete(["a"])
    assert catalogue.get("a") is None and catalogue.embedding("a") is None
    assert [p.product_id for p in catalogue.page()] == ["b"]
    assert catalogue.live() == {"b": 2}
    assert at_revisions(catalogue, [1, 2, 3]).keys() == {2}
    assert catalogue.categories() == {"Shoes": 1}
    assert matching(catalogue, Filters(category="Shoes")) == [2]
    catalogue.put(products("a"), vectors(1))
    assert catalogue.live() == {"b": 2, "a": 4}
    assert len(catalogue.delete(["a", "b"])) == 2
    assert len(catalogue.delete(["a", "b"])) == 0
    assert catalogue.revision() == 6


def test_pages_follow_one_another(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    catalogue.put(products(["e", "a", "d", "b", "c"]), vectors(5))
    assert [p.product_id for p in catalogue.page(limit=2)] == ["a", "b"]
    assert [p.product_id for p in catalogue.page("b", 2)] == ["c", "d"]
    assert [p.product_id for p in catalogue.page("d", 2)] == ["e"]
    assert catalogue.page("e", 2) == []


def test_many_ids_can_be_asked_for_at_once(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    names = [f"p{number}" for number in range(1300)]
    catalogue.put(products(names), vectors(1300))
    assert catalogue.get_many(names).keys() == set(names)
    assert len(at_revisions(catalogue, range(1, 1301))) == 1300
    assert len(catalogue.delete(names[:1100])) == 1100
    assert catalogue.size() == 200


def test_what_is_found_by_a_key_is_found_without_passing_all_products(tmp_path: Path) -> None:
    catalogue = Catalogue(sqlite_url(tmp_path / "catalogue.sqlite"))
    catalogue.bind("a" * 64, DIM)
    catalogue.put([Product(name, "T") for name in "abc"], vectors(3))
    asked: list[tuple[str, Any]] = []
    engine = catalogue._reading
    for listened in (engine, catalogue._writing):
        event.listen(listened, "before_cursor_execute", lambda _c, _u, sql, values, *_: asked.append((sql, values)))
    assert {*at_revisions(catalogue, [1, 3, 9])} == {1, 3} and {*catalogue.get_many(["a", "x"])} == {"a"}
    assert catalogue.embedded("b") is not None and len(catalogue.page("a")) == 2
    assert len(catalogue.delete(["a"])) == 1
    reads = [query for query in asked if query[0].startswith("SELECT products.")]
    assert len(reads) == 5
    for sql, values in reads:
        with engine.connect() as connection:
            plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all())
        assert "sqlite_autoindex_products" in plan and "filters" not in plan, sql
    catalogue.close()


def test_another_checkpoint_is_refused_with_both_hashes(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    catalogue.bind("a" * 64, DIM)
    with pytest.raises(CheckpointMismatchError, match=f"{'a' * 64}.*{'b' * 64}"):
        catalogue.bind("b" * 64, DIM)


def test_embeddings_that_do_not_fit_change_nothing(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    nothing = np.full((1, DIM), np.nan, np.float32)
    for things, embeddings, reason in (
        (products("a"), vectors(2), r"shape \(2, 8\): expected \(1, 8\)"),
        ([Product("a", "A", photos=(Photo("p", "s"), Photo("q", "s")))], vectors(1), r"expected \(2, 8\)"),
        (products("a"), nothing, "NaN"),
        (products("aa"), vectors(2), "'a' comes twice"),
    ):
        with pytest.raises(CatalogueError, match=reason):
            catalogue.put(things, embeddings)
    assert (catalogue.revision(), catalogue.size()) == (0, 0)
    unbound = Catalogue(sqlite_url(directory / "other.sqlite"))
    with pytest.raises(CatalogueError, match="no checkpoint yet"):
        unbound.put(products("a"), vectors(1))


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\0b", "x" * 513, "\ud800"])
def test_unusable_product_ids_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"product id .* is not usable"):
        Product(name, "T")


def test_a_price_is_what_is_kept_of_it(directory: Path) -> None:
    product = Product("a", "A", price=Decimal("59.900000000000006"))  # as JSON of floats has it
    assert product.price == Decimal("59.9")
    catalogue = open_catalogue(directory)
    catalogue.put([product], vectors(1))
    assert catalogue.get("a") == replace(product, revision=1)


def test_unusable_prices_are_refused() -> None:
    for text in ("-1", "NaN", "Infinity", "1e12", "1e40", "999999999999.99996"):
        with pytest.raises(ValueError, match=r"price .* is not usable"):
            Product("a", "A", price=Decimal(text))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"title": "x" * 2001}, "title has 2,001 characters: expected at most 2,000"),
        ({"brand": "a\0b"}, r"brand 'a\\x00b' is not usable"),
        ({"color": "\ud800"}, "color .* is not usable"),
        ({"description": "x" * 10_001}, "description has 10,001 characters: expected at most 10,000"),
        ({"availability": "soon"}, "availability 'soon' is unknown: expected in_stock, out_of_stock, preorder, back"),
        ({"attributes": (("a", "b"),) * 101}, "101 attributes: expected at most 100"),
        ({"attributes": (("fit", "x" * 1001),)}, "attribute 'fit' has 1,001 characters: expected at most 1,000"),
        ({"attributes": ((" ", "b"),)}, "attribute ' ' is not usable: expected 1 to 100 characters, no colon"),
        ({"attributes": (("a:b", "b"),)}, "attribute 'a:b' is not usable"),
        ({"attributes": (("x" * 101, "b"),)}, "attribute 'x+… is not usable"),
        (
            {"attributes": (("Brand", "b"),)},
            "attribute 'brand' is not usable: expected a name other than a product's fields",
        ),
        ({"attributes": (("fit", " "),)}, "attribute 'fit' is empty"),
        ({"photos": (Photo("p", "s"),) * 21}, "'a' has 21 photos: expected at most 20"),
        ({"photos": (Photo("p", "s", "x" * 2001),)}, "a photo's link has 2,001 characters"),
    ],
)
def test_unusable_fields_are_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Product("a", **{"title": "A"} | fields)


def test_writers_at_once_lose_nothing(directory: Path) -> None:
    """Each writer has its own connections, as in its own process."""

    def write(number: int) -> None:
        catalogue = open_catalogue(directory)
        for turn in range(10):
            catalogue.put(products([f"{number}-{turn}", f"{number}-x", "shared"]), vectors(3))
        catalogue.delete([f"{number}-x"])
        catalogue.close()

    open_catalogue(directory)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    catalogue = open_catalogue(directory)
    assert catalogue.size() == 4 * 10 + 1
    assert catalogue.revision() == 4 * (10 * 3 + 1)
    revisions = [change.revision for change in catalogue.changes(0)]
    assert revisions == sorted(set(revisions)) and revisions[-1] == catalogue.revision()


def write_on_and_on(directory: Path) -> None:
    """Put products, and print a line when they are acknowledged."""
    catalogue = open_catalogue(directory)
    for turn in range(100000):
        catalogue.put(products([f"{turn}-{n}" for n in range(5)]), vectors(5))
        print(turn, flush=True)


def test_a_killed_writer_leaves_all_it_acknowledged_and_nothing_by_halves(directory: Path) -> None:
    with forked(write_on_and_on, directory) as writer:
        acknowledged = [int(writer.output.readline()) for _ in range(7)]
        writer.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in writer.output.read().split("\n") if re.fullmatch(r"\d+", line)]
    catalogue = open_catalogue(directory)
    live = catalogue.live()
    assert {f"{turn}-{n}" for turn in acknowledged for n in range(5)} <= live.keys()
    assert len(live) % 5 == 0 and len(live) == catalogue.revision()
