"""The steps of writes to a catalogue. Each runs in a transaction that has called claim_revisions()."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Text, bindparam, delete, func, insert, select, update

from app.database.errors import ConcurrentChangeError
from app.database.filter_conditions import LIVE_BY_KEY
from app.database.rows import chunks, row_of
from app.database.sql_lists import is_any_of
from app.database.tables import catalogue, photos, products, trait_values, traits
from app.database.word_index.writing import insert_words, remove_words, replace_words
from app.products.product import Product
from app.products.product_words import has_same_words
from app.products.text_keys import comparison_key


def claim_revisions(connection: Connection, count: int) -> int:
    """Claim the next `count` revisions and return the last. Other writers wait from here until the commit."""
    connection.execute(update(catalogue).values(revision=catalogue.c.revision + count))
    return int(connection.execute(select(catalogue.c.revision)).scalar_one())


def check_unchanged(connection: Connection, seen: Mapping[str, int]) -> None:
    """Check that products have the revisions given by id, 0 for a missing one. Raises ConcurrentChangeError if not."""
    now: dict[str, int] = {}
    for chunk in chunks(seen):
        query = select(products.c.product_id, products.c.revision)
        query = query.where(LIVE_BY_KEY, is_any_of(products.c.product_id, chunk))
        now.update({row.product_id: row.revision for row in connection.execute(query)})
    changed = {name for name, revision in seen.items() if now.get(name, 0) != revision}
    if changed:
        raise ConcurrentChangeError(changed)


def unchanged_since(connection: Connection, product_ids: Sequence[str], revision: int) -> list[str]:
    """Return the ids of those live products that have not changed after a revision."""
    unchanged: list[str] = []
    for chunk in chunks(product_ids):
        query = select(products.c.product_id).where(LIVE_BY_KEY, products.c.revision <= revision)
        unchanged.extend(connection.execute(query.where(is_any_of(products.c.product_id, chunk))).scalars())
    return unchanged


def remove_rows(connection: Connection, product_ids: Sequence[str]) -> None:
    """Delete the rows of products, tombstones included, with their photos and traits, to make room for new ones."""
    for chunk in chunks(product_ids):
        _remove_parts(connection, chunk)
        connection.execute(delete(products).where(is_any_of(products.c.product_id, chunk)))


def tombstone_products(connection: Connection, product_ids: Sequence[str]) -> dict[str, int]:
    """Turn live products into tombstones, each with a new revision. Return the revisions by id."""
    claim_revisions(connection, 0)  # before reading, so that other writers wait
    live: list[str] = []
    for chunk in chunks(product_ids):
        query = select(products.c.product_id).where(LIVE_BY_KEY, is_any_of(products.c.product_id, chunk))
        live.extend(connection.execute(query).scalars())
    for chunk in chunks(live):
        _remove_parts(connection, chunk)
    first = claim_revisions(connection, len(live)) - len(live) + 1
    revisions = {name: number for number, name in enumerate(live, first)}
    tombstone = update(products).where(products.c.product_id == bindparam("target", type_=Text))
    tombstone = tombstone.values(deleted=True, revision=bindparam("number"), text_revision=None)
    if live:
        connection.execute(tombstone, [{"target": name, "number": number} for name, number in revisions.items()])
    return revisions


def insert_products(connection: Connection, new: Sequence[Product]) -> None:
    """Insert products, their traits and their words, with the revisions that they have. Photos are not written."""
    if not new:
        return
    connection.execute(insert(products), [row_of(product) | {"text_revision": product.revision} for product in new])
    insert_traits(connection, new)
    insert_words(connection, new)


def insert_traits(connection: Connection, new: Sequence[Product]) -> None:
    """Insert the traits of products, with the revisions that they have."""
    pairs = [(product.revision, *trait) for product in new for trait in product.traits()]
    ids = _claim_ids(connection, {(name, value) for _, name, value in pairs})
    rows = [{"revision": revision, "value_id": ids[name, value]} for revision, name, value in pairs]
    if rows:
        connection.execute(insert(traits), rows)


def _claim_ids(connection: Connection, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the ids of trait values by (name, value), after adding those that are missing."""
    ids: dict[tuple[str, str], int] = {}
    columns = trait_values.c.name, trait_values.c.value, trait_values.c.id
    for chunk in chunks(comparison_key(value) for _, value in wanted):
        known = connection.execute(select(*columns).where(is_any_of(trait_values.c.key, chunk)))
        ids |= {(name, value): number for name, value, number in known}
    missing = sorted(set(wanted) - ids.keys())
    if missing:
        last = connection.execute(select(func.coalesce(func.max(trait_values.c.id), 0))).scalar_one()
        new = {pair: number for number, pair in enumerate(missing, last + 1)}
        rows = [
            {"id": new[name, value], "name": name, "key": comparison_key(value), "value": value} for name, value in new
        ]
        connection.execute(insert(trait_values), rows)
        ids |= new
    return ids


def update_products(connection: Connection, pairs: Sequence[tuple[Product, Product]]) -> None:
    """Replace the fields, traits and words of live products, given as (old, new) with new revisions.

    Photos are left alone, and so are the words of products whose texts stay.
    """
    if not pairs:
        return
    statement = update(products).where(products.c.product_id == bindparam("target", type_=Text))
    connection.execute(statement, [{"target": new.product_id, **row_of(new)} for _, new in pairs])
    moved = [{"old": old.revision, "new": new.revision} for old, new in pairs if new.has_same_traits(old)]
    if moved:
        move = update(traits).where(traits.c.revision == bindparam("old")).values(revision=bindparam("new"))
        connection.execute(move, moved)
    others = [(old, new) for old, new in pairs if not new.has_same_traits(old)]
    for chunk in chunks(old.revision for old, _ in others):
        connection.execute(delete(traits).where(is_any_of(traits.c.revision, chunk)))
    insert_traits(connection, [new for _, new in others])
    replace_words(connection, [new for old, new in pairs if not has_same_words(old, new)])


def insert_photos(connection: Connection, new: Sequence[Product], embeddings: NDArray[np.float32]) -> None:
    """Insert the products' photos with their embeddings (P,D); a product without photos has one embedding."""
    owners = [(product.product_id, *place) for product in new for place in enumerate(product.photos or [None])]
    rows = [
        {
            "product_id": product_id,
            "position": position,
            "name": photo.name if photo else None,
            "source": photo.source if photo else "",
            "link": photo.link if photo else "",
            "embedding": np.asarray(embedding, "<f4").tobytes(),
            "colors": photo.colors if photo else None,
        }
        for (product_id, position, photo), embedding in zip(owners, embeddings, strict=True)
    ]
    if rows:
        connection.execute(insert(photos), rows)


def _remove_parts(connection: Connection, product_ids: Sequence[str]) -> None:
    """Delete photos, traits and words of products, of which there must be few enough for one statement."""
    revisions = select(products.c.revision).where(is_any_of(products.c.product_id, product_ids))
    connection.execute(delete(traits).where(traits.c.revision.in_(revisions)))
    remove_words(connection, product_ids)
    connection.execute(delete(photos).where(is_any_of(photos.c.product_id, product_ids)))
