"""The catalogue's tables, in SQL that SQLite and PostgreSQL both speak."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import BigInteger, Boolean, Column, Dialect, Index, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.types import TypeDecorator

FORMAT = 1
"""Version of the tables below; a catalogue of another version is refused."""

_PLACES = 4  # decimals kept of a price
_LARGEST = 2**62


class Money(TypeDecorator[Decimal]):
    """Decimals kept as whole ten-thousandths: SQLite has no exact decimals of its own."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Decimal -> ten-thousandths; a filter's absurdly large bound becomes the largest that fits."""
        return None if value is None else min(int(value.scaleb(_PLACES).to_integral_value()), _LARGEST)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        """Ten-thousandths -> Decimal with the usual two decimals, or four where they carry something."""
        if value is None:
            return None
        return Decimal(value).scaleb(-_PLACES) if value % 100 else Decimal(value // 100).scaleb(-2)


metadata = MetaData()

catalogue = Table(
    "catalogue",
    metadata,
    Column("key", Integer, primary_key=True, autoincrement=False),  # always 1: one row
    Column("format", Integer, nullable=False),
    Column("identity", Text, nullable=False),  # random; an index says which catalogue it was made from
    Column("revision", BigInteger, nullable=False),  # of the last change
    Column("checkpoint", Text),  # SHA-256 of the checkpoint that made the embeddings
    Column("dim", Integer),
    Column("factory", Text, nullable=False),  # faiss.index_factory string
)

products = Table(
    "products",
    metadata,
    Column("product_id", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False, unique=True),
    Column("deleted", Boolean, nullable=False),  # a tombstone: tells those who follow, then means nothing
    Column("title", Text, nullable=False),
    Column("category", Text),
    Column("category_key", Text, index=True),
    Column("price", Money),
    Column("currency", Text),
    Column("link", Text),
    Column("color", Text),
    Column("gender", Text),
    Column("photo", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("embedding", LargeBinary),  # float32, little-endian; NULL in a tombstone
)

# all that filters and facets read, so that they need not pass over the embeddings
Index(
    "ix_products_filters",
    *(products.c[name] for name in ("deleted", "category_key", "category", "color", "currency", "price", "revision")),
)

colors = Table(  # "Black/Red" is two rows; which products have it is in `products` alone
    "colors",
    metadata,
    Column("color", Text, primary_key=True),  # as products have it
    Column("key", Text, primary_key=True, index=True),  # one of the colours that it names
)
