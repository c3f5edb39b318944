"""Catalogues of format 1, as the first version of Sketchfind made them, are brought up to date when they are opened."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import Connection, create_engine, inspect, select, text

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.catalogue.import_options import ImportOptions, Removal
from app.colours.shares import ColorShare
from app.database.errors import CatalogueError
from app.database.merchandising.stored_rules import read_stored_rules, version_of, write_stored_rules
from app.database.migrations.migrations import _PRIVATE_FIELDS
from app.database.rows import state_in
from app.database.tables import FORMAT, NUMBER_COLUMNS, metadata
from app.database.tables import products as product_table
from app.gallery.gallery import Gallery
from app.gallery.layout import CATALOGUE_FILE
from app.products.filters import Filters
from app.products.languages.translations import Translation
from app.products.product import Photo, Product
from app.words.word_query import WordQuery
from index_builder.gallery.verify.findings import Findings
from index_builder.gallery.verify.rows import check_rows
from tests.support.postgres import Postgres
from tests.support.small_galleries import (
    DIM,
    brute_force,
    matching,
    open_catalogue,
    ranking,
    small_checkpoint,
    vectors,
)

FORMAT_1 = """
CREATE TABLE catalogue ("key" INTEGER NOT NULL, format INTEGER NOT NULL, identity TEXT NOT NULL,
    revision BIGINT NOT NULL, checkpoint TEXT, dim INTEGER, factory TEXT NOT NULL, PRIMARY KEY ("key"));
CREATE TABLE products (product_id TEXT NOT NULL, revision BIGINT NOT NULL, deleted BOOLEAN NOT NULL,
    title TEXT NOT NULL, category TEXT, category_key TEXT, price BIGINT, currency TEXT, link TEXT, color TEXT,
    gender TEXT, photo TEXT NOT NULL, source TEXT NOT NULL, embedding BLOB, PRIMARY KEY (product_id),
    UNIQUE (revision));
CREATE INDEX ix_products_category_key ON products (category_key);
"""
LATER = """
CREATE INDEX ix_products_filters ON products (deleted, category_key, category, color, currency, price, revision);
CREATE TABLE colors (color TEXT NOT NULL, "key" TEXT NOT NULL, PRIMARY KEY (color, "key"));
CREATE INDEX ix_colors_key ON colors ("key");
"""  # added to format 1 when filters by colour came
COLORS = ["Black/Red", "black", "/", "", None]
COUNT = 1203  # products; the last one is deleted


def old_catalogue(directory: Path, *, with_colors: bool = True) -> Path:
    """Write a file of format 1."""
    path = directory / CATALOGUE_FILE
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("PRAGMA journal_mode = WAL;" + FORMAT_1 + (LATER if with_colors else ""))
        first = (1, 1, "i" * 32, COUNT + 1, "a" * 64, DIM, "Flat")
        connection.execute("INSERT INTO catalogue VALUES (?, ?, ?, ?, ?, ?, ?)", first)
        rows = [old_row(number, vector, "T\0") for number, vector in enumerate(vectors(COUNT))]
        connection.executemany(f"INSERT INTO products VALUES ({', '.join('?' * len(rows[0]))})", rows)
        connection.commit()
    return path


def old_catalogue_on_server(url: str) -> None:
    """Write the same on a PostgreSQL server, which rejects NUL in texts."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in (FORMAT_1 + LATER).replace("BLOB", "BYTEA").split(";")[:-1]:
            connection.exec_driver_sql(statement)
        first = (1, 1, "i" * 32, COUNT + 1, "a" * 64, DIM, "Flat")
        connection.exec_driver_sql("INSERT INTO catalogue VALUES (%s, %s, %s, %s, %s, %s, %s)", first)
        rows = [old_row(number, vector, "T") for number, vector in enumerate(vectors(COUNT))]
        connection.exec_driver_sql(f"INSERT INTO products VALUES ({', '.join(['%s'] * len(rows[0]))})", rows)
    engine.dispose()


def old_row(number: int, vector: NDArray[np.float32], title: str) -> tuple[object, ...]:
    """Return a product's row of format 1."""
    deleted = number == COUNT - 1
    price = None if number % 7 == 0 else 599_000 + number
    photo, source = ("", "") if number == 5 else (f"photo {number}", f"source {number}")
    revision = COUNT + 1 if deleted else number + 1
    words = (f"{title}{number}" + "x" * 3000, "Shoes > Boots", "shoes > boots")
    traits = (price, "EUR", "https://x", COLORS[number % 5], "Men")
    return (f"p{number}", revision, deleted, *words, *traits, photo, source, None if deleted else vector.tobytes())


@pytest.mark.parametrize("with_colors", [True, False])
def test_nothing_is_lost(tmp_path: Path, *, with_colors: bool) -> None:
    path = old_catalogue(tmp_path, with_colors=with_colors)
    catalogue = Catalogue(sqlite_url(path))
    assert_nothing_is_lost(catalogue)
    catalogue.close()
    with closing(sqlite3.connect(path)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert names == set(metadata.tables)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_nothing_is_lost_on_a_server(postgres: Postgres) -> None:
    url = postgres.place()
    old_catalogue_on_server(url)
    with ThreadPoolExecutor(3) as pool:
        opened = list(pool.map(lambda _: Catalogue(url), range(3)))
    assert_nothing_is_lost(opened[0])
    assert opened[1].revision() == COUNT + 2
    for catalogue in opened:
        catalogue.close()


def remove_languages(connection: Connection) -> None:
    """Remove what formats before 9 lack."""
    connection.execute(text("ALTER TABLE catalogue DROP COLUMN mirrored"))
    connection.execute(text("ALTER TABLE products DROP COLUMN translations"))
    connection.execute(text("ALTER TABLE words DROP COLUMN languages"))
    for name in ("labels", "product_labels"):
        connection.execute(text(f"DROP TABLE {name}"))


def remove_private_fields(connection: Connection) -> None:
    """Remove what formats before 8 lack."""
    remove_languages(connection)
    connection.execute(text("DROP INDEX IF EXISTS ix_products_filters"))
    for name in (*_PRIVATE_FIELDS, *(column.name for column in NUMBER_COLUMNS.values())):
        connection.execute(text(f"ALTER TABLE products DROP COLUMN {name}"))


def remove_words(connection: Connection) -> None:
    """Remove what formats before 6 lack."""
    remove_private_fields(connection)
    connection.execute(text("DROP INDEX IF EXISTS ix_products_text_revision"))
    connection.execute(text("ALTER TABLE products DROP COLUMN text_revision"))
    for name in ("words", "product_words", "word_bigrams"):
        connection.execute(text(f"DROP TABLE {name}"))


def assert_nothing_is_lost(catalogue: Catalogue) -> None:
    """Whether all of format 1 is there, and can be written to."""
    state = catalogue.state()
    assert (state.identity, state.revision, state.checkpoint, state.dim) == ("i" * 32, COUNT + 1, "a" * 64, DIM)
    assert catalogue.size() == COUNT - 1 and catalogue.get(f"p{COUNT - 1}") is None
    product = catalogue.get("p1")
    assert product is not None and product.revision == 2
    assert (product.category, product.price, product.gender) == ("Shoes > Boots", Decimal("59.9001"), "Men")
    assert product.title.startswith("T1x") and len(product.title) == 2000
    assert product.photos == (Photo("photo 1", "source 1"),)
    bare = catalogue.get("p5")
    assert bare is not None and bare.photos == ()
    np.testing.assert_array_equal(catalogue.embedding("p5"), vectors(COUNT)[5:6])
    assert catalogue.facets().colors == {"Black": 482, "Red": 241}
    assert catalogue.facets(Filters(genders=("men",), colors=("red",))).size == 241
    changes = catalogue.changes(0)
    assert [change.revision for change in changes] == [*range(1, COUNT), COUNT + 1]
    assert changes[-1].embeddings is None
    assert catalogue.put([product], vectors(1, 9)) == COUNT + 2


def test_a_saved_index_stays_usable(tmp_path: Path) -> None:
    catalogue = Catalogue(sqlite_url(old_catalogue(tmp_path)))
    gallery = Gallery.open(tmp_path, small_checkpoint(), catalogue)
    sketch = vectors(1, 3)[0]
    photos = {f"p{number}": vector for number, vector in enumerate(vectors(COUNT)[:-1])}
    assert ranking(gallery.snapshot, catalogue, sketch, 50) == brute_force(sketch, photos)[:50]
    gallery.close()


def test_several_who_open_it_at_once_migrate_it_once(tmp_path: Path) -> None:
    path = old_catalogue(tmp_path)
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(lambda _: Catalogue(sqlite_url(path)), range(6)))
    for catalogue in opened:
        assert (catalogue.size(), catalogue.revision()) == (COUNT - 1, COUNT + 1)
        catalogue.close()


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = old_catalogue(tmp_path)

    def fail(*_arguments: object) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr("app.database.migrations.migrations.insert_products", fail)
        with pytest.raises(OSError, match="power cut"):
            Catalogue(sqlite_url(path))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT format FROM catalogue").fetchone() == (1,)
        assert connection.execute("SELECT count(embedding) FROM products").fetchone() == (COUNT - 1,)
    assert Catalogue(sqlite_url(path)).size() == COUNT - 1


def test_sizes_of_format_2_are_told_apart(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = ["41/42", "38 2/3", None, "42", "41/42", "S, M", "41/42"]
    products = [Product(f"p{number}", "T", size=size, color="Red/Blue") for number, size in enumerate(sizes)]
    catalogue = open_catalogue(directory)
    with monkeypatch.context() as patch:
        patch.setattr("app.products.product.size_labels", lambda text, *_: [text] if text else [])
        catalogue.put(products, vectors(len(products)))
    catalogue.delete(["p4"])
    assert catalogue.facets().sizes == {"38 2/3": 1, "41/42": 2, "42": 1, "S, M": 1}
    with catalogue.transaction() as connection:
        remove_words(connection)
        connection.execute(text("UPDATE catalogue SET format = 2"))
    with ThreadPoolExecutor(3) as pool:
        opened = [*pool.map(lambda _: open_catalogue(directory), range(3))]
    facets = opened[0].facets()
    assert facets.sizes == {"38 2/3": 1, "41": 2, "42": 3, "M": 1, "S": 1} and facets.colors == {"Blue": 6, "Red": 6}
    assert facets.size == 6 and opened[1].facets(Filters(sizes=("41/42",))).size == 2
    assert opened[2].revision() == catalogue.revision() == len(products) + 1
    product = opened[0].get("p0")
    assert product is not None and (product.size, product.revision) == ("41/42", 1)
    findings = Findings()
    with opened[0].moment() as connection:
        assert [len(rows) for rows in check_rows(connection, state_in(connection), findings)] == [6]
    assert findings.problems == []


def test_groups_and_size_systems_of_format_3_become_fields(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    attributes = [(("item_group_id", "shoe"), ("size_system", "EU"), ("heel", "high")), (), (("size_type", "tall"),)]
    products = [Product(f"p{n}", "T", size="41/42", attributes=pairs) for n, pairs in enumerate(attributes)]
    catalogue.put(products, vectors(len(products)))
    with catalogue.transaction() as connection:
        remove_words(connection)
        connection.execute(text("DROP INDEX IF EXISTS ix_products_group"))
        connection.execute(text("ALTER TABLE operations DROP COLUMN options"))
        for name in ("group_id", "size_system", "size_type"):
            connection.execute(text(f"ALTER TABLE products DROP COLUMN {name}"))
        connection.execute(text("UPDATE catalogue SET format = 3"))
    with ThreadPoolExecutor(3) as pool:
        opened, *_ = pool.map(lambda _: open_catalogue(directory), range(3))
    first, second, third = opened.page()
    assert (first.group_id, first.size_system, first.attributes) == ("shoe", "EU", (("heel", "high"),))
    assert (second.group_id, second.size_system, second.attributes) == (None, None, ())
    assert (third.group_id, third.size_type, [p.revision for p in opened.page()]) == (None, "tall", [1, 2, 3])
    facets = opened.facets()
    assert facets.sizes == dict.fromkeys(["41", "41 tall", "42", "42 tall", "EU 41", "EU 42"], 1)
    assert facets.attributes == {"heel": {"high": 1}}
    findings = Findings()
    with opened.moment() as connection:
        assert [len(rows) for rows in check_rows(connection, state_in(connection), findings)] == [3]
        names = {index["name"] for index in inspect(connection).get_indexes("products")}
    assert findings.problems == [] and "ix_products_group" in names
    assert ("ix_products_filters" in names) == (connection.dialect.name == "sqlite")


def test_imports_of_format_4_have_no_options(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    job = catalogue.operations.add("a")
    with catalogue.transaction() as connection:
        remove_words(connection)
        connection.execute(text("ALTER TABLE operations DROP COLUMN options"))
        connection.execute(text("UPDATE catalogue SET format = 4"))
    with ThreadPoolExecutor(3) as pool:
        opened, *_ = pool.map(lambda _: open_catalogue(directory), range(3))
    assert opened.operations.get("a") == job
    later = ImportOptions(Removal(20, 3, 12))
    assert opened.operations.add("b", later).options == opened.operations.get_existing("b").options == later


def test_photos_of_format_6_have_no_colours_until_they_are_measured(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    products = [Product("a", "A", photos=(Photo("f" * 64, "s", colors=(ColorShare("#c0252d", 1.0),)),))]
    catalogue.put(products, vectors(1))
    with catalogue.transaction() as connection:
        connection.execute(text("ALTER TABLE photos DROP COLUMN colors"))
        connection.execute(text("DELETE FROM traits"))
        connection.execute(text("UPDATE catalogue SET format = 6"))
    with ThreadPoolExecutor(3) as pool:
        opened, *_ = pool.map(lambda _: open_catalogue(directory), range(3))
    product = opened.get("a")
    assert product is not None and product.measured_colors is None and product.revision == 1
    assert opened.facets().colors == {}


def test_products_of_format_7_are_found_by_their_measured_colours(directory: Path) -> None:
    photo = Photo("f" * 64, "s", colors=(ColorShare("#c0252d", 1.0),))
    catalogue = open_catalogue(directory)
    catalogue.put(
        [Product("a", "Boot", photos=(photo,)), Product("b", "Boot", color="Fire", photos=(photo,))], vectors(2)
    )
    with catalogue.transaction() as connection:
        connection.execute(text("DELETE FROM product_words WHERE word_id IN (SELECT id FROM words WHERE key = 'rot')"))
        connection.execute(text("UPDATE catalogue SET format = 7"))
    assert matching(open_catalogue(directory), Filters(words=WordQuery("rote boots", "de"))) == [1]


def test_products_of_format_5_are_found_by_words(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.database.migrations.migrations._PRODUCTS", 2)
    catalogue = open_catalogue(directory)
    products = [Product(f"p{n}", f"Red boot {n}", description="warm" if n % 2 else None) for n in range(5)]
    catalogue.put(products, vectors(len(products)))
    catalogue.delete(["p1"])
    with catalogue.transaction() as connection:
        remove_words(connection)
        connection.execute(text("UPDATE catalogue SET format = 5"))
    with ThreadPoolExecutor(3) as pool:
        opened, *_ = pool.map(lambda _: open_catalogue(directory), range(3))
    assert sorted(matching(opened, Filters(words=WordQuery("red boots", "en")))) == [1, 3, 4, 5]
    assert matching(opened, Filters(words=WordQuery("wamr"))) == [4]
    findings = Findings()
    with opened.moment() as connection:
        assert [len(rows) for rows in check_rows(connection, state_in(connection), findings)] == [4]
        names = {index["name"] for index in inspect(connection).get_indexes("products")}
    assert findings.problems == [] and "ix_products_text_revision" in names
    opened.put([Product("p1", "Blue boot")], vectors(1))
    opened.delete(["p3"])
    assert matching(opened, Filters(words=WordQuery("blue"))) == [7]


def test_products_of_format_8_have_texts_in_one_language(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    catalogue.put([Product("a", "Red boots"), Product("b", "Blue hat")], vectors(2))
    with catalogue.transaction() as connection:
        remove_languages(connection)
        connection.execute(text("UPDATE catalogue SET format = 8"))
    with ThreadPoolExecutor(3) as pool:
        opened, *_ = pool.map(lambda _: open_catalogue(directory), range(3))
    assert [product.translations for product in opened.page()] == [(), ()] and opened.revision() == 2
    assert matching(opened, Filters(words=WordQuery("boot ", "en"))) == [1]
    german = Product("b", "Blue hat", translations=(Translation("de", "title", "Blaue Boote"),))
    opened.put([german], vectors(1))
    assert opened.get("b") == replace(german, revision=3)
    assert matching(opened, Filters(words=WordQuery("boot ", "en"))) == [1, 3]


def test_custom_labels_and_costs_of_format_7_become_private(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    labels = (("custom_label_0", "Clearance"), ("custom_label_1", "7,5"), ("cost_of_goods_sold", "30 EUR"))
    photo = Photo("f" * 64, "s", colors=(ColorShare("#c0252d", 1.0),))
    private: dict[str, Any] = {"price": Decimal(60), "currency": "EUR", "photos": (photo,)}
    sale = (("regular_price", "80 EUR"), ("heel", "high"))
    products = [
        Product("a", "A", attributes=(*labels, *sale), **private),
        Product("b", "B", attributes=sale, **private),
    ]
    catalogue.put([*products, Product("c", "C")], vectors(3))
    with catalogue.transaction() as connection:
        remove_private_fields(connection)
        connection.execute(text("UPDATE catalogue SET format = 7"))
    with ThreadPoolExecutor(3) as pool:
        opened, *_ = pool.map(lambda _: open_catalogue(directory), range(3))
    first, second, third = opened.page()
    assert (first.custom_label_0, first.custom_label_1, first.cost_of_goods_sold) == ("clearance", "7,5", "30 EUR")
    assert first.attributes == second.attributes == (("heel", "high"), ("regular_price", "80 EUR"))
    assert [product.revision for product in (first, second, third)] == [1, 2, 3]
    numbers = NUMBER_COLUMNS["margin"], NUMBER_COLUMNS["discount"], NUMBER_COLUMNS["custom_label_1"]
    findings = Findings()
    with opened.moment() as connection:
        rows = connection.execute(select(*numbers).order_by(product_table.c.product_id)).all()
        assert [len(rows) for rows in check_rows(connection, state_in(connection), findings)] == [3]
    assert [tuple(row) for row in rows] == [(50.0, 25.0, 7.5), (None, 25.0, None), (None, None, None)]
    assert findings.problems == []
    facets = opened.facets(Filters(words=WordQuery("clearance")))
    assert facets.words is not None and facets.words.dropped == ("clearance",)
    assert set(facets.attributes) == {"heel", "regular_price"} and facets.colors == {"red": 2}


def test_rules_can_be_stored_in_a_catalogue_of_format_8(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    with catalogue.transaction() as connection:
        connection.execute(text("DROP TABLE stored_rules"))
        connection.execute(text("UPDATE catalogue SET format = 8"))
    with ThreadPoolExecutor(3) as pool:
        opened, other, _ = pool.map(lambda _: open_catalogue(directory), range(3))
    with opened.transaction() as connection:
        write_stored_rules(connection, "bound = 0.1", version_of(""))
    with other.moment() as connection:
        assert read_stored_rules(connection) == "bound = 0.1"


def test_what_is_no_catalogue_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = old_catalogue(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE catalogue SET format = 99")
        connection.commit()
    with pytest.raises(CatalogueError, match=f"catalogue has format 99: expected {FORMAT}"):
        Catalogue(sqlite_url(path))
    shop = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(shop)) as connection:
        connection.execute("CREATE TABLE products (id INTEGER)")
    with pytest.raises(CatalogueError, match=r"the database has tables \(products\) that are not a catalogue"):
        Catalogue(sqlite_url(shop))


def test_photos_of_format_9_are_embedded_one_way_round(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    catalogue.put([Product("a", "A")], vectors(1))
    with catalogue.transaction() as connection:
        connection.execute(text("ALTER TABLE catalogue DROP COLUMN mirrored"))
        connection.execute(text("UPDATE catalogue SET format = 9"))
    opened = open_catalogue(directory)
    assert not opened.state().is_mirrored
    np.testing.assert_array_equal(opened.embedding("a"), vectors(1))
