"""Checks of every row of a catalogue against the rows that writing its product would give."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, Row, Select, and_, select, text
from sqlalchemy.dialects import sqlite

from app.colours.shares import ColorShare
from app.core.arrays import Embeddings
from app.core.error_text import readable
from app.database.filter_conditions import LIVE
from app.database.labels.tables import labels, product_labels
from app.database.raw_tables import raw_columns
from app.database.rows import DERIVED_COLUMNS, PRODUCT_COLUMNS, embedding_of, row_of
from app.database.state import CatalogueState
from app.database.tables import ColorShares, photos, product_words, products, trait_values, traits, words
from app.products.languages.labels import Label
from app.products.product import Photo, Product
from app.products.product_words import words_of
from app.products.text_keys import comparison_key
from index_builder.gallery.verify.findings import Findings

_ROWS = 500  # products per read, so that their ids fit one IN (...)
_SHA256 = re.compile(r"[0-9a-f]{64}")


class CheckedRows(NamedTuple):
    """Usable parts of a live product's row, for further checks."""

    product_id: str
    revision: int
    names: list[str]  # of its stored photos
    embeddings: Embeddings | None  # (P,W); None unless all of them are usable


def check_rows(connection: Connection, state: CatalogueState, findings: Findings) -> Iterator[list[CheckedRows]]:
    """Check all products and yield them in lists. Rows that belong to no product are checked at the end.

    Raises SQLAlchemyError if the database cannot be read any further.
    """
    if connection.dialect.name == "sqlite":
        _check_file(connection, findings)
        _read_any_text(connection)
    seen: dict[int, str] = {}
    query = select(*raw_columns(products)).order_by(products.c.product_id)
    for rows in connection.execute(query, execution_options={"yield_per": _ROWS}).partitions():
        _check_revisions(rows, state.revision, seen, findings)
        named = [row for row in rows if _is_named(row, findings)]
        yield list(_check_products(connection, named, state, findings))
    _check_orphans(connection, findings)


def _check_file(connection: Connection, findings: Findings) -> None:
    for (line,) in connection.execute(text("PRAGMA integrity_check(20)")):
        if line != "ok":
            findings.add_problem("catalogue", f"the database file is damaged: {line}")


def _read_any_text(connection: Connection) -> None:
    """Make a connection read texts that are not UTF-8 as well, so that their products can be named."""
    driver: Any = connection.connection.driver_connection
    driver.text_factory = lambda stored: stored.decode("utf-8", "surrogateescape")


def _is_named(row: Row[Any], findings: Findings) -> bool:
    """Return whether a product's id is a text, which reading more of the product needs."""
    try:
        row.product_id.encode()
    except (UnicodeEncodeError, AttributeError):
        findings.add_problem(_product_label(row), "its id is not UTF-8 text: expected UTF-8")
        return False
    return True


def _check_revisions(rows: Sequence[Row[Any]], counter: int, seen: dict[int, str], findings: Findings) -> None:
    for row in rows:
        if not isinstance(row.revision, int) or not 1 <= row.revision <= counter:
            findings.add_problem(
                _product_label(row), f"its revision is {row.revision!r}: expected 1 to {counter}, the catalogue's"
            )
        elif row.revision in seen:
            findings.add_problem(
                _product_label(row), f"its revision {row.revision} is that of product {seen[row.revision]} too"
            )
        seen[row.revision] = row.product_id


def _check_products(
    connection: Connection, rows: Sequence[Row[Any]], state: CatalogueState, findings: Findings
) -> Iterator[CheckedRows]:
    own_photos = select(*raw_columns(photos)).where(photos.c.product_id.in_([row.product_id for row in rows]))
    own_traits = _select_traits().where(traits.c.revision.in_([row.revision for row in rows]))
    texts = [row.text_revision for row in rows]
    own_words = select(product_words.c.text_revision, words.c.key, product_words.c.place).where(
        product_words.c.word_id == words.c.id, product_words.c.text_revision.in_(texts)
    )
    own_labels = select(product_labels.c.text_revision, *(labels.c[name] for name in Label._fields)).where(
        product_labels.c.label_id == labels.c.id, product_labels.c.text_revision.in_(texts)
    )
    photos_of, traits_of = dict[str, list[Row[Any]]](), dict[int, list[Row[Any]]]()
    words_by_text, labels_by_text = dict[int, dict[str, int]](), dict[int, set[Label]]()
    for photo in connection.execute(own_photos.order_by(photos.c.product_id, photos.c.position)):
        photos_of.setdefault(photo.product_id, []).append(photo)
    for trait in connection.execute(own_traits):
        traits_of.setdefault(trait.revision, []).append(trait)
    for word in connection.execute(own_words):
        words_by_text.setdefault(word.text_revision, {})[word.key] = word.place
    for revision, *label in connection.execute(own_labels):
        labels_by_text.setdefault(revision, set()).add(Label(*label))
    for row in rows:
        if row.deleted:
            continue  # _check_orphans() reports rows that belong to a deleted product
        its_photos = photos_of.get(row.product_id, [])
        if (product := _check_texts(row, its_photos[:1], traits_of.get(row.revision, []), findings)) is not None:
            _check_words(row, product, words_by_text.get(row.text_revision, {}), findings)
            _check_labels(row, product, labels_by_text.get(row.text_revision, set()), findings)
        names = [photo.name for photo in its_photos if photo.name is not None]
        yield CheckedRows(row.product_id, row.revision, names, _check_photos(row, its_photos, state.width, findings))


def _select_traits() -> Select[Any]:
    columns = traits.c.revision, trait_values.c.name, trait_values.c.key, trait_values.c.value
    return select(*columns).join_from(traits, trait_values, trait_values.c.id == traits.c.value_id)


def _check_texts(
    row: Row[Any], shown: Sequence[Row[Any]], trait_rows: Sequence[Row[Any]], findings: Findings
) -> Product | None:
    """Check that a product's columns and traits are those that its values, and its `shown` photo, give.

    Returns the product if its row is usable.
    """
    try:
        stored = {column.name: _decode_value(column.name, getattr(row, column.name)) for column in PRODUCT_COLUMNS}
        measured = tuple(Photo("", "", colors=_decode_colors(photo.colors)) for photo in shown)
        product = Product(**stored, photos=measured)
        expected = row_of(product) | {"deleted": False}
        expected_traits = {(name, comparison_key(value), value) for name, value in product.traits()}
    except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
        findings.add_problem(_product_label(row), f"its row cannot be used: {error}")
        return None
    derived = {column.name: getattr(row, column.name) for column in DERIVED_COLUMNS}
    for name, value in (stored | derived).items():
        if value != expected[name]:
            findings.add_problem(_product_label(row), f"its {name} is {value!r}: expected {expected[name]!r}")
    stored_traits = {(trait.name, trait.key, trait.value) for trait in trait_rows}
    for name, _, value in sorted(stored_traits - expected_traits):
        findings.add_problem(_product_label(row), f"it is found by {name} {value!r}: expected only its own values")
    for name, _, value in sorted(expected_traits - stored_traits):
        findings.add_problem(_product_label(row), f"it is not found by {name} {value!r}: expected all its values")
    return product


def _check_words(row: Row[Any], product: Product, stored: Mapping[str, int], findings: Findings) -> None:
    """Check that a product is found by its own words."""
    expected = {token.key: use.place for token, use in words_of(product).items()}
    for key, place in sorted(stored.items() - expected.items()):
        problem = f"it is found by the word {key!r} in place {place}: expected only its own words"
        findings.add_problem(_product_label(row), problem)
    for key, place in sorted(expected.items() - stored.items()):
        problem = f"it is not found by the word {key!r} in place {place}: expected all its words"
        findings.add_problem(_product_label(row), problem)


def _check_labels(row: Row[Any], product: Product, stored: set[Label], findings: Findings) -> None:
    """Check that a product has the labels of its translations."""
    for label in sorted(stored ^ product.labels()):
        problem = "it has" if label in stored else "it lacks"
        problem += f" the label {label.text!r} of {label.name} {label.key!r} in {label.language}"
        findings.add_problem(_product_label(row), f"{problem}: expected those of its translations")


def _decode_colors(stored: Any) -> tuple[ColorShare, ...] | None:
    """Convert the stored colours of a photo. Raises ValueError or TypeError for anything but colours."""
    colors: tuple[ColorShare, ...] | None = ColorShares().process_result_value(stored, sqlite.dialect())
    for color, share in colors or ():
        if not re.fullmatch("#[0-9a-f]{6}", color) or not 0 <= share <= 1:
            raise ValueError(f"a photo's colour is {color!r} with a share of {share}: expected '#rrggbb' and 0 to 1")
    return colors


def _decode_value(name: str, value: Any) -> Any:
    """Convert a stored value to that of a product."""
    kind = products.c[name].type
    return kind.process_result_value(value, None) if hasattr(kind, "process_result_value") else value


def _check_photos(
    row: Row[Any], photo_rows: Sequence[Row[Any]], width: int | None, findings: Findings
) -> Embeddings | None:
    """Check a product's photos. Returns their embeddings (P,W), or None unless all of their rows are usable."""
    before = len(findings.problems)
    if not photo_rows:
        findings.add_problem(_product_label(row), "it has no photo: expected at least one embedding")
    if [photo.position for photo in photo_rows] != list(range(len(photo_rows))):
        positions = ", ".join(str(photo.position) for photo in photo_rows)
        findings.add_problem(
            _product_label(row), f"its photos have positions {positions}: expected 0 to {len(photo_rows) - 1}"
        )
    for photo in photo_rows:
        for message in _find_photo_problems(photo, width, len(photo_rows)):
            findings.add_problem(_product_label(row), f"its photo at {photo.position} {message}")
    usable = len(findings.problems) == before
    return np.stack([embedding_of(photo.embedding) for photo in photo_rows]) if usable else None


def _find_photo_problems(photo: Row[Any], width: int | None, count: int) -> Iterator[str]:
    if photo.name is None and count > 1:
        yield "has no name: expected one, since the product has several photos"
    if photo.name is not None and not _SHA256.fullmatch(str(photo.name)):
        yield f"has the name {photo.name!r}: expected a SHA-256"
    size = len(photo.embedding) if isinstance(photo.embedding, bytes) else -1
    if size != 4 * (width or 0):
        yield f"has an embedding of {size} bytes: expected {4 * (width or 0)}, {width} numbers"
    elif not np.isfinite(embedding_of(photo.embedding)).all():
        yield "has an embedding of NaN or infinity: expected finite numbers"


def _check_orphans(connection: Connection, findings: Findings) -> None:
    """Check for photos, traits, words and labels that do not belong to any product."""
    owner = photos.outerjoin(products, and_(products.c.product_id == photos.c.product_id, LIVE))
    orphans = select(photos.c.product_id, photos.c.position).select_from(owner).where(products.c.product_id.is_(None))
    for row in connection.execute(orphans):
        findings.add_problem(
            _product_label(row), f"photo {row.position} is stored, but the product is not: expected no photo"
        )
    trait_owner = traits.outerjoin(products, and_(products.c.revision == traits.c.revision, LIVE))
    unowned = select(traits.c.revision).select_from(trait_owner).where(products.c.product_id.is_(None)).distinct()
    for revision in connection.execute(unowned).scalars():
        findings.add_problem(
            "catalogue", f"traits of revision {revision} are stored, but no product has it: expected none"
        )

    for kind, derived in (("words", product_words), ("labels", product_labels)):
        text_owner = derived.outerjoin(products, and_(products.c.text_revision == derived.c.text_revision, LIVE))
        unowned = select(derived.c.text_revision).select_from(text_owner)
        for revision in connection.execute(unowned.where(products.c.product_id.is_(None)).distinct()).scalars():
            problem = f"{kind} of revision {revision} are stored, but no product has them: expected none"
            findings.add_problem("catalogue", problem)


def _product_label(row: Any) -> str:
    return f"product {readable(str(row.product_id))}"
