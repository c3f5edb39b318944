"""The embeddings of all photos by another checkpoint, gathered beside those in use until they take their place.

They lie in a table of their own, which goes with the switch. What was gathered for a checkpoint stays there until
then, so whoever is stopped goes on where he was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    MetaData,
    Table,
    Text,
    and_,
    exists,
    func,
    insert,
    select,
    update,
)

from app.catalogue.catalogue import Catalogue
from app.database.rows import chunks
from app.database.sql_lists import is_any_of
from app.database.state import next_identity
from app.database.tables import catalogue as _record
from app.database.tables import photos

_gathered = Table(
    "reembedded",
    MetaData(),
    Column("checkpoint", Text, primary_key=True),
    Column("name", photos.c.name.type, primary_key=True),
    Column("embedding", LargeBinary, nullable=False),
)


class StagedEmbeddings:
    """What is gathered for one checkpoint (SHA-256) of embeddings (dim,)."""

    def __init__(self, catalogue: Catalogue, checkpoint: str, dim: int) -> None:
        self._catalogue, self._checkpoint, self._dim = catalogue, checkpoint, dim
        with catalogue.transaction() as connection:
            _gathered.create(connection, checkfirst=True)

    def counts(self, connection: Connection) -> tuple[int, int]:
        """How many photos are embedded, and how many there are in all."""
        mine = select(func.count()).where(_gathered.c.checkpoint == self._checkpoint)
        names = select(func.count(photos.c.name.distinct()))
        return int(connection.execute(mine).scalar_one()), int(connection.execute(names).scalar_one())

    def missing(self, connection: Connection, after: str = "", limit: int | None = None) -> list[str]:
        """Photos that are not embedded yet, in the order of their names, from the first after `after`."""
        query = select(photos.c.name).distinct().where(photos.c.name > after, ~exists().where(self._of_photo()))
        return [str(name) for name in connection.execute(query.order_by(photos.c.name).limit(limit)).scalars()]

    def add(self, connection: Connection, embeddings: Mapping[str, NDArray[np.float32]]) -> None:
        """Gather embeddings (D,) of photos by name."""
        rows = [
            {"checkpoint": self._checkpoint, "name": name, "embedding": np.asarray(value, "<f4").tobytes()}
            for name, value in embeddings.items()
        ]
        if rows:
            connection.execute(insert(_gathered), rows)

    def promote(self, connection: Connection) -> None:
        """Have the catalogue use the gathered embeddings, which there are of all photos, from this transaction on."""
        made = select(_gathered.c.embedding).where(self._of_photo()).scalar_subquery()
        connection.execute(update(photos).values(embedding=made))
        identity = next_identity(str(connection.execute(select(_record.c.identity)).scalar_one()))
        switched = update(_record).values(checkpoint=self._checkpoint, dim=self._dim, identity=identity)
        connection.execute(switched)
        _gathered.drop(connection)

    def _of_photo(self) -> ColumnElement[bool]:
        return and_(_gathered.c.checkpoint == self._checkpoint, _gathered.c.name == photos.c.name)


def owners(connection: Connection, names: Sequence[str]) -> list[tuple[str, str]]:
    """The products that have one of these photos, each with the photo's name."""
    query = select(photos.c.product_id, photos.c.name).order_by(photos.c.product_id, photos.c.position)
    found = [connection.execute(query.where(is_any_of(photos.c.name, chunk))) for chunk in chunks(names)]
    return [(row.product_id, row.name) for rows in found for row in rows]


def without_photo(connection: Connection) -> list[str]:
    """The products of which only an embedding is kept, and no photo to embed again."""
    query = select(photos.c.product_id).where(photos.c.name.is_(None)).order_by(photos.c.product_id)
    return list(connection.execute(query).scalars())
