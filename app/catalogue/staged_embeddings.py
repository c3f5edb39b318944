"""A staging table for the embeddings of all photos by another checkpoint, until they replace those in use.

The table is emptied when they do. Until then it keeps the embeddings of each checkpoint, so that an interrupted
re-embedding can resume.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    LargeBinary,
    MetaData,
    Table,
    Text,
    and_,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from app.catalogue.catalogue import Catalogue
from app.database.rows import chunks
from app.database.sql_lists import is_any_of
from app.database.state import EmbeddingsOrigin, next_identity
from app.database.tables import catalogue as _record
from app.database.tables import photos, products

_BOTH_WAYS = " both ways round"  # after the checkpoint

_staged = Table(
    "reembedded",
    MetaData(),
    Column("checkpoint", Text, primary_key=True),
    Column("name", photos.c.name.type, primary_key=True),
    Column("embedding", LargeBinary, nullable=False),
)


class StagedEmbeddings:
    """The staged embeddings (W,) of one origin; W is `dim`, or twice that if they are of both ways round."""

    def __init__(self, catalogue: Catalogue, origin: EmbeddingsOrigin, dim: int) -> None:
        self.origin, self.dim = origin, dim
        self._key = origin.checkpoint + (_BOTH_WAYS if origin.is_mirrored else "")
        with catalogue.transaction() as connection:
            _staged.create(connection, checkfirst=True)

    def counts(self, connection: Connection) -> tuple[int, int]:
        """Count the embedded photos, and all photos."""
        mine = select(func.count()).where(_staged.c.checkpoint == self._key)
        names = select(func.count(photos.c.name.distinct()))
        return int(connection.execute(mine).scalar_one()), int(connection.execute(names).scalar_one())

    def missing(self, connection: Connection, after: str = "", limit: int | None = None) -> list[str]:
        """Return the photos that are not embedded yet, in the order of their names, from the first after `after`."""
        query = select(photos.c.name).distinct().where(photos.c.name > after, ~exists().where(self._of_photo()))
        return [str(name) for name in connection.execute(query.order_by(photos.c.name).limit(limit)).scalars()]

    def missing_since(self, connection: Connection, revision: int, limit: int | None) -> list[str]:
        """Return the photos that are not embedded yet of the first `limit` products that changed after a revision."""
        newer = select(products.c.product_id).where(products.c.revision > revision)
        newer = newer.order_by(products.c.revision).limit(limit)
        query = select(photos.c.name).distinct().where(photos.c.product_id.in_(newer), photos.c.name.is_not(None))
        return [str(name) for name in connection.execute(query.where(~exists().where(self._of_photo()))).scalars()]

    def stored(self, connection: Connection, names: Sequence[str]) -> set[str]:
        """Return those of the photos that are embedded."""
        query = select(_staged.c.name).where(_staged.c.checkpoint == self._key, is_any_of(_staged.c.name, names))
        return set(connection.execute(query).scalars())

    def join(self, joined: FromClause) -> tuple[FromClause, ColumnElement[Any]]:
        """Return a join of photos with their staged embeddings, NULL where there is none, and the column of these."""
        return joined.outerjoin(_staged, self._of_photo()), _staged.c.embedding

    def add(self, connection: Connection, embeddings: Mapping[str, NDArray[np.float32]]) -> None:
        """Stage embeddings (W,) of photos by name."""
        rows = [
            {"checkpoint": self._key, "name": name, "embedding": np.asarray(value, "<f4").tobytes()}
            for name, value in embeddings.items()
        ]
        if rows:
            connection.execute(insert(_staged), rows)

    def promote(self, connection: Connection) -> None:
        """Replace the catalogue's embeddings by the staged ones, which must exist for all photos."""
        staged = select(_staged.c.embedding).where(self._of_photo()).scalar_subquery()
        connection.execute(update(photos).values(embedding=staged))
        identity = next_identity(str(connection.execute(select(_record.c.identity)).scalar_one()))
        origin = {"checkpoint": self.origin.checkpoint, "mirrored": self.origin.is_mirrored}
        switched = update(_record).values(**origin, dim=self.dim, identity=identity)
        connection.execute(switched)
        connection.execute(delete(_staged))  # not dropped: servers may read it for a challenger

    def _of_photo(self) -> ColumnElement[bool]:
        return and_(_staged.c.checkpoint == self._key, _staged.c.name == photos.c.name)


def owners(connection: Connection, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return the products that have one of these photos, as (product id, photo name)."""
    query = select(photos.c.product_id, photos.c.name).order_by(photos.c.product_id, photos.c.position)
    results = [connection.execute(query.where(is_any_of(photos.c.name, chunk))) for chunk in chunks(names)]
    return [(row.product_id, row.name) for rows in results for row in rows]


def without_photo(connection: Connection) -> list[str]:
    """Return the ids of products that have an embedding but no photo to embed again."""
    query = select(photos.c.product_id).where(photos.c.name.is_(None)).order_by(photos.c.product_id)
    return list(connection.execute(query).scalars())
