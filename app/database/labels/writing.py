"""Writing of products' labels, in the transaction that writes the products."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, delete, func, insert, select

from app.database.labels.tables import labels, product_labels
from app.database.rows import chunks
from app.database.sql_lists import is_any_of
from app.database.tables import products
from app.products.languages.labels import Label
from app.products.product import Product


def insert_labels(connection: Connection, new: Sequence[Product]) -> None:
    """Insert the labels of products, whose revisions are those of their texts too."""
    pairs = [(product.revision, label) for product in new for label in product.labels()]
    if not pairs:
        return
    ids = _claim_ids(connection, {label for _, label in pairs})
    rows = [{"label_id": ids[label], "text_revision": revision} for revision, label in pairs]
    connection.execute(insert(product_labels), rows)


def remove_labels(connection: Connection, product_ids: Sequence[str]) -> None:
    """Delete the labels of products, of which there must be few enough for one statement."""
    revisions = select(products.c.text_revision).where(is_any_of(products.c.product_id, product_ids))
    connection.execute(delete(product_labels).where(product_labels.c.text_revision.in_(revisions)))


def _claim_ids(connection: Connection, wanted: Collection[Label]) -> dict[Label, int]:
    """Return the ids of labels, after adding those that are missing."""
    ids: dict[Label, int] = {}
    columns = labels.c.name, labels.c.key, labels.c.language, labels.c.text, labels.c.id
    languages = sorted({label.language for label in wanted})
    for chunk in chunks(label.key for label in wanted):
        known = select(*columns).where(labels.c.language.in_(languages), is_any_of(labels.c.key, chunk))
        ids |= {Label(*row): number for *row, number in connection.execute(known)}
    if missing := sorted(set(wanted) - ids.keys()):
        last = connection.execute(select(func.coalesce(func.max(labels.c.id), 0))).scalar_one()
        new = {label: number for number, label in enumerate(missing, last + 1)}
        connection.execute(insert(labels), [{"id": number, **label._asdict()} for label, number in new.items()])
        ids |= new
    return ids
