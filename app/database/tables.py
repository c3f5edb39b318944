"""The catalogue's tables, for SQLite and PostgreSQL."""

from __future__ import annotations

import json
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    and_,
)
from sqlalchemy.types import TypeDecorator

from app.colours.shares import ColorShare
from app.products.prices import decimal_of
from app.products.product import CUSTOM_LABELS, PRICE_PLACES
from app.products.rule_numbers import RULE_NUMBERS

FORMAT = 10
"""The version of the tables below; app/database/migrations/migrations.py migrates older ones."""

_LARGEST = 2**62
_NUMBER_COLUMNS = {name: f"{name}_number" for name in RULE_NUMBERS}
# texts sort as in Python, not by the language of a database
_Text = Text().with_variant(Text(collation="C"), "postgresql")


class Money(TypeDecorator[Decimal]):
    """Decimals stored as whole ten-thousandths, since SQLite has no exact decimals."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Convert a Decimal to ten-thousandths. A filter's bound that is too large becomes the largest that fits."""
        return None if value is None else min(int(value.scaleb(PRICE_PLACES).to_integral_value()), _LARGEST)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        """Convert ten-thousandths to a Decimal."""
        return None if value is None else decimal_of(value)


class TextRows(TypeDecorator[tuple[tuple[str, ...], ...]]):
    """Rows of texts, such as names and values, stored as a JSON list of lists."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[tuple[str, ...], ...] | None, dialect: Dialect) -> str | None:
        """Convert rows to JSON."""
        return None if value is None else json.dumps(value, ensure_ascii=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[tuple[str, ...], ...]:
        """Convert JSON to rows."""
        return tuple(map(tuple, json.loads(value))) if value else ()


class ColorShares(TypeDecorator[tuple[ColorShare, ...]]):
    """Colours with their shares, stored as a JSON list of lists."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[ColorShare, ...] | None, dialect: Dialect) -> str | None:
        """Convert colours to JSON."""
        return None if value is None else json.dumps(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[ColorShare, ...] | None:
        """Convert JSON to colours."""
        return None if value is None else tuple(ColorShare(str(rgb), float(share)) for rgb, share in json.loads(value))


metadata = MetaData()

catalogue = Table(
    "catalogue",
    metadata,
    Column("key", Integer, primary_key=True, autoincrement=False),  # always 1: one row
    Column("format", Integer, nullable=False),
    Column("identity", _Text, nullable=False),  # random; an index records the identity of its catalogue
    Column("revision", BigInteger, nullable=False),  # of the last change
    Column("checkpoint", _Text),  # SHA-256 of the checkpoint that made the embeddings
    Column("dim", Integer),
    Column("factory", _Text, nullable=False),  # faiss.index_factory string
    Column("mirrored", Boolean),  # whether photos are embedded both ways round; NULL in older catalogues: they are not
)

keys = Table(  # API keys; see app/catalogue/api_keys.py
    "keys",
    metadata,
    Column("name", Text, primary_key=True),
    Column("scope", Text, nullable=False),  # read or write
    Column("sha256", Text, nullable=False),  # of the key, which is not stored
    Column("created", Text, nullable=False),  # UTC, ISO 8601
)

admin_sessions = Table(  # see app/catalogue/admin/sessions.py
    "admin_sessions",
    metadata,
    Column("token_sha256", _Text, primary_key=True),
    Column("key_sha256", _Text, nullable=False),  # of the API key that opened it
    Column("expires", Float, nullable=False),  # s since 1970
)

products = Table(
    "products",
    metadata,
    Column("product_id", _Text, primary_key=True),
    Column("revision", BigInteger, nullable=False, unique=True),
    Column("deleted", Boolean, nullable=False),  # a tombstone, for readers that follow the changes
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
    Column("size_system", _Text),
    Column("size_type", _Text),
    Column("group_id", _Text),
    Column("availability", _Text),
    Column("attributes", TextRows, nullable=False),
    Column("translations", TextRows),  # language, field, text
    Column("description", _Text),
    *(Column(name, _Text) for name in (*CUSTOM_LABELS, "cost_of_goods_sold")),
    *(Column(name, Float) for name in _NUMBER_COLUMNS.values()),  # derived, see app/products/rule_numbers.py
    Column("text_revision", BigInteger, index=True),  # at which its words were written; NULL for a tombstone
)

# all columns of filters, so that SQLite does not read descriptions; PostgreSQL stores long texts separately
Index(
    "ix_products_filters",
    *(products.c[name] for name in ("deleted", "category_key", "category", "currency", "price", "availability")),
    products.c.revision,
    products.c.group_id,
    products.c.text_revision,
    *(products.c[name] for name in (*CUSTOM_LABELS, *_NUMBER_COLUMNS.values())),
).ddl_if(dialect="sqlite")

NUMBER_COLUMNS = {name: products.c[column] for name, column in _NUMBER_COLUMNS.items()}
"""The columns of app/products/rule_numbers.py, by the names of the numbers."""

IS_GROUPED = products.c.group_id.is_not(None)
Index(
    "ix_products_group",
    *(products.c.group_id, products.c.revision),
    sqlite_where=IS_GROUPED,
    postgresql_where=IS_GROUPED,
)

photos = Table(
    "photos",
    metadata,
    Column("product_id", _Text, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),  # 0 for the one that is shown
    Column("name", _Text, index=True),  # NULL if only the embedding is stored
    Column("source", _Text, nullable=False),
    Column("link", _Text, nullable=False),
    Column("embedding", LargeBinary, nullable=False),  # float32, little-endian; with the mirrored one after it, if any
    Column("colors", ColorShares),  # of the product on it; NULL if they are not measured
)

IS_FIRST_PHOTO = and_(photos.c.product_id == products.c.product_id, photos.c.position == 0)
"""The condition of a join of products with the photos that are shown."""

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
    Column("options", _Text),  # JSON
)

feed_checks = Table(  # see app/catalogue/feed_schedule.py
    "feed_checks",
    metadata,
    Column("url_sha256", _Text, primary_key=True),
    Column("next_at", Float, nullable=False),  # s since 1970
    Column("failures", Integer, nullable=False),
    Column("etag", _Text, nullable=False),
    Column("modified", _Text, nullable=False),
    Column("job_id", _Text),
)

# derived from `products`, so that filters and facets compare numbers; "Black/Red" is two colours, "41/42" two sizes
trait_values = Table(
    "trait_values",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", _Text, nullable=False),
    Column("key", _Text, nullable=False),  # the key by which values are compared
    Column("value", _Text, nullable=False),  # in one spelling; each spelling has its own id
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

# derived from `products` too; words have a revision of their own, since a change of prices or stock leaves them alone
words = Table(
    "words",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("key", _Text, nullable=False, unique=True),  # the key by which words are compared
    Column("spelling", _Text, nullable=False),  # of the first product that had it
    Column("languages", Integer),  # bits of app/words/word_languages.py; NULL is OWN
)

product_words = Table(
    "product_words",
    metadata,
    Column("word_id", Integer, primary_key=True, autoincrement=False),
    Column("text_revision", BigInteger, primary_key=True, autoincrement=False, index=True),  # of the product
    Column("place", Integer, nullable=False),  # the most telling one; see app/products/product_words.py
    sqlite_with_rowid=False,
)

word_bigrams = Table(  # of words that may be meant by a typing error; see app/words/typos.py
    "word_bigrams",
    metadata,
    Column("bigram", _Text, primary_key=True),
    Column("word_id", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
