"""The tables of labels, derived from the translations of products. They belong to the same revisions as words."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table

from app.database.tables import metadata, products

_Text = products.c.product_id.type

labels = Table(
    "labels",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("language", _Text, nullable=False),
    Column("name", _Text, nullable=False),  # category or color
    Column("key", _Text, nullable=False),  # of the value, by which values are compared
    Column("text", _Text, nullable=False),
)
Index("ix_labels_value", labels.c.language, labels.c.name, labels.c.key)

product_labels = Table(
    "product_labels",
    metadata,
    Column("label_id", Integer, primary_key=True, autoincrement=False),
    Column("text_revision", BigInteger, primary_key=True, autoincrement=False, index=True),  # of the product
    sqlite_with_rowid=False,
)
