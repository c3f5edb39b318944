"""The catalogue's tables, in SQL that SQLite and PostgreSQL both speak."""

from __future__ import annotations

import json
from decimal import Decimal

from sqlalchemy import BigInteger, Boolean, Column, Dialect, Float, Index, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.types import TypeDecorator

from app.products.product import PRICE_PLACES

FORMAT = 3
"""Version of the tables below; app/database/migrations.py brings older ones up to it."""

_LARGEST = 2**62
# one order of texts everywhere, Python's, and not that of a database's language
_Text = Text().with_variant(Text(collation="C"), "postgresql")


class Money(TypeDecorator[Decimal]):
    """Decimals kept as whole ten-thousandths: SQLite has no exact decimals of its own."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Decimal -> ten-thousandths; a filter's absurdly large bound becomes the largest that fits."""
        return None if value is None else min(int(value.scaleb(PRICE_PLACES).to_integral_value()), _LARGEST)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        """Ten-thousandths -> Decimal with the usual two decimals, or four where they carry something."""
        if value is None:
            return None
        return Decimal(value).scaleb(-PRICE_PLACES) if value % 100 else Decimal(value // 100).scaleb(-2)


class Pairs(TypeDecorator[tuple[tuple[str, str], ...]]):
    """Names and values, kept as a JSON list of lists."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[tuple[str, str], ...] | None, dialect: Dialect) -> str | None:
        """Pairs -> JSON."""
        return None if value is None else json.dumps(value, ensure_ascii=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[tuple[str, str], ...]:
        """JSON -> pairs."""
        return tuple((name, text) for name, text in json.loads(value or "[]"))


metadata = MetaData()

catalogue = Table(
    "catalogue",
    metadata,
    Column("key", Integer, primary_key=True, autoincrement=False),  # always 1: one row
    Column("format", Integer, nullable=False),
    Column("identity", _Text, nullable=False),  # random; an index says which catalogue it was made from
    Column("revision", BigInteger, nullable=False),  # of the last change
    Column("checkpoint", _Text),  # SHA-256 of the checkpoint that made the embeddings
    Column("dim", Integer),
    Column("factory", _Text, nullable=False),  # faiss.index_factory string
)

keys = Table(  # who may do what; see app/catalogue/api_keys.py
    "keys",
    metadata,
    Column("name", Text, primary_key=True),
    Column("scope", Text, nullable=False),  # read or write
    Column("sha256", Text, nullable=False),  # of the key, which is kept nowhere
    Column("created", Text, nullable=False),  # UTC, ISO 8601
)

products = Table(
    "products",
    metadata,
    Column("product_id", _Text, primary_key=True),
    Column("revision", BigInteger, nullable=False, unique=True),
    Column("deleted", Boolean, nullable=False),  # a tombstone: tells those who follow, then means nothing
    Column("title", _Text, nullable=False),
    Column("category", _Text),
    Column("category_key", _Text),
    Column("price", Money),
    Column("currency", _Text),
    Column("link", _Text),
    Column("color", _Text),
    Column("gender", _Text),
    Column("brand", _Text),
    Column("size", _Text),
    Column("availability", _Text),
    Column("attributes", Pairs, nullable=False),
    Column("description", _Text),
)

# all that filters read, so that they need not pass over descriptions; PostgreSQL keeps long texts elsewhere by itself
Index(
    "ix_products_filters",
    *(products.c[name] for name in ("deleted", "category_key", "category", "currency", "price", "availability")),
    products.c.revision,
).ddl_if(dialect="sqlite")

photos = Table(
    "photos",
    metadata,
    Column("product_id", _Text, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),  # 0 for the one that is shown
    Column("name", _Text, index=True),  # NULL for a photo of which only the embedding is kept
    Column("source", _Text, nullable=False),
    Column("link", _Text, nullable=False),
    Column("embedding", LargeBinary, nullable=False),  # float32, little-endian
)

operations = Table(  # see app/catalogue/import_jobs.py
    "operations",
    metadata,
    Column("id", _Text, primary_key=True),
    Column("state", _Text, nullable=False),
    Column("created", Float, nullable=False),  # s since 1970
    Column("updated", Float, nullable=False),
    Column("total", Integer),
    Column("counts", _Text, nullable=False),  # JSON
    Column("errors", _Text, nullable=False),  # JSON
    Column("message", _Text),
)

# made from `products`, so that filters and facets compare numbers; "Black/Red" is two colours here, "41/42" two sizes
trait_values = Table(
    "trait_values",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", _Text, nullable=False),
    Column("key", _Text, nullable=False),  # what values are compared by
    Column("value", _Text, nullable=False),  # in one spelling; each has an id of its own
)
Index("ix_trait_values_key", trait_values.c.key, trait_values.c.name)

traits = Table(
    "traits",
    metadata,
    Column("revision", BigInteger, primary_key=True, autoincrement=False),  # of the product
    Column("value_id", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
Index("ix_traits_value", traits.c.value_id, traits.c.revision)
