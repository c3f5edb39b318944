"""Collection of a gallery's photos in Milvus: a row a photo, with the key of the search form and what filters read.

Rows never change: a row is numbered by the revision of its product, which belongs to one state of it, and by the
photo's position. So rows may be written again, by any server, in any order. The row numbered MARKER records up to which
revision the collection is complete.

Searches read with Milvus's level "Bounded", without waiting: all that was written more than a few seconds ago.
Everything else reads with "Strong": all that was written before.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from app.core.arrays import Embeddings, Keys, Rows
from app.core.retry_errors import NotReadyError
from app.database.state import CatalogueState
from app.gallery.milvus_index.collection_schema import SIDES, TIMEOUT, add_indexes, create_collection
from app.gallery.milvus_index.milvus_address import MilvusAddress
from app.products.product import MAX_PHOTOS
from app.products.rule_numbers import RULE_NUMBERS

MARKER = 0
_FORMAT = 1
_POSITIONS = 32  # numbers of rows of one revision
_RECONNECT_MS = 1000  # between attempts to reach a server that was away; gRPC's own pauses grow to two minutes
_MOST_CACHED = 50_000  # keys, of about half a kB each
_SAMPLED = 20  # places at which a sample is taken
_PAGE = 1000  # rows, or values in an expression, of one call
MOST = 16_384  # results that Milvus returns at most

assert MAX_PHOTOS <= _POSITIONS


class MilvusError(NotReadyError):
    """Milvus cannot be reached, or refused a call. The message names its address, without user and password."""


def rows_at(revisions: Rows, positions: Rows) -> Rows:
    """Return the numbers (N,) of the rows of photos, by the revisions of their products and their positions."""
    return revisions * _POSITIONS + positions


def revisions_at(rows: Rows) -> Rows:
    """Return the revisions (N,) of the products that rows (N,) belong to."""
    return rows // _POSITIONS


def positions_at(rows: Rows) -> Rows:
    """Return the positions (N,) of rows (N,) among the photos of their products."""
    return rows % _POSITIONS


class MilvusCollection:
    """Connection to the collection of a catalogue and its checkpoint, with keys (D+1,) of a width. Raises MilvusError.

    Safe to use from many threads.
    """

    def __init__(self, address: MilvusAddress, state: CatalogueState, width: int) -> None:
        from pymilvus import MilvusClient  # here, since only galleries in Milvus have it

        origin = f"{_FORMAT} {state.identity} {state.checkpoint} {state.is_mirrored} {address.kind}"
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # it logs what it raises, as does this project
        self._address = address
        self._sides, self._width = SIDES[: 1 + state.is_mirrored], width
        self._cached: dict[tuple[str, int], Keys] = {}
        self.completed = 0  # revision up to which the collection is known to be complete
        self.has_failed = True  # whether rows may have been lost since they were last counted
        self.is_filling = False  # whether rows were lost, and are not all written again yet
        self.name = f"{address.collection}_{hashlib.sha256(origin.encode()).hexdigest()[:12]}"
        with self._translate_errors():
            self._client = MilvusClient(
                uri=address.uri,
                user=address.user,
                password=address.password,
                timeout=TIMEOUT,
                grpc_options={"grpc.max_reconnect_backoff_ms": _RECONNECT_MS},
            )

    def exists(self) -> bool:
        """Return whether there is such a collection."""
        with self._translate_errors():
            return bool(self._client.has_collection(self.name, timeout=TIMEOUT))

    def open(self) -> None:
        """Make the collection if there is none, and have Milvus load it."""
        with self._translate_errors():
            if not self.exists():
                create_collection(self._client, self.name, self._sides, self._width)
            add_indexes(self._client, self.name, self._sides, self._address.kind)
            self._client.load_collection(self.name, timeout=TIMEOUT)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def read_completed(self) -> int:
        """Read up to which revision the collection is complete, 0 if it is new, and keep it in `completed`."""
        markers = self._query("", ids=[MARKER], output_fields=["revision"])
        self.completed = int(markers[0]["revision"]) if markers else 0
        return self.completed

    def write(self, rows: Sequence[Mapping[str, Any]], products: Sequence[int], until: int) -> None:
        """Write rows of products, given by number, in place of all older ones of them up to revision `until`."""
        with self._translate_errors():
            for start in range(0, len(rows), _PAGE):
                self._client.upsert(self.name, list(rows[start : start + _PAGE]), timeout=TIMEOUT)
            new = sorted({row["revision"] for row in rows})
            for start in range(0, len(products), _PAGE):
                old = f"product in {list(products[start : start + _PAGE])} and revision <= {until}"
                self._client.delete(self.name, filter=f"{old} and revision not in {new}", timeout=TIMEOUT)

    def complete(self, until: int, *, anew: bool = False) -> None:
        """Record that the collection is complete up to a revision, unless it is further, or begins `anew`."""
        if not anew and until < self.read_completed():
            return
        marker = {
            "row": MARKER,
            "product": 0,
            "revision": until,
            "price": 0,
            "terms": [],
            **dict.fromkeys(RULE_NUMBERS, 0.0),
        }
        vectors = dict.fromkeys(self._sides, [0.0] * self._width)
        with self._translate_errors():
            self._client.upsert(self.name, [marker | vectors], timeout=TIMEOUT)
        self.completed = until

    def remove(self, rows: Rows) -> None:
        """Remove rows (N,)."""
        with self._translate_errors():
            for start in range(0, len(rows), _PAGE):
                self._client.delete(self.name, ids=rows[start : start + _PAGE].tolist(), timeout=TIMEOUT)

    def count(self) -> int:
        """Count the rows, without the marker."""
        return int(self._query(f"row > {MARKER}", output_fields=["count(*)"])[0]["count(*)"])

    def search(self, queries: Embeddings, limit: int, expression: str, side: str, *, wait: bool) -> list[Rows]:
        """Return for each of queries (B,D+1) the rows (m,) of the nearest photos, m <= limit, nearest first.

        With `wait`, the search waits until it can see all that was written before. The keys are cached, since they will
        be asked for, and other writers may have replaced them by then.
        """
        with self._translate_errors():
            hits = self._client.search(
                self.name,
                data=list(queries),
                anns_field=side,
                limit=limit,
                filter=f"row > {MARKER} and {expression}",
                output_fields=[side],
                consistency_level="Strong" if wait else "Bounded",
                timeout=TIMEOUT,
            )
        self._keep({(side, hit.id): np.array(hit.get(side), np.float32) for of_query in hits for hit in of_query})
        return [np.array([hit.id for hit in of_query], np.int64) for of_query in hits]

    def keys(self, rows: Rows, side: str) -> Embeddings:
        """Return the keys (N,D+1) of rows (N,). Raises MilvusError for rows that no longer exist."""
        cached = {row: self._cached.get((side, row)) for row in set(rows.tolist())}
        missing = [row for row, key in cached.items() if key is None]
        for start in range(0, len(missing), _PAGE):
            page = self._query("", ids=missing[start : start + _PAGE], output_fields=["row", side])
            cached |= {row["row"]: np.array(row[side], np.float32) for row in page}
        keys = {row: key for row, key in cached.items() if key is not None}
        if lost := len(cached) - len(keys):
            raise MilvusError(f"{lost} photos have been replaced in {self._address.uri} meanwhile; try again", 1)
        self._keep({(side, row): keys[row] for row in missing})
        return np.array([keys[row] for row in rows.tolist()], np.float32).reshape(-1, self._width)

    def _keep(self, keys: Mapping[tuple[str, int], Keys]) -> None:
        """Cache keys by side and row, whose meaning never changes. If the cache is full, empty it first."""
        self._cached = {**({} if len(self._cached) + len(keys) > _MOST_CACHED else self._cached), **keys}

    def rows_of_revisions(self, revisions: Rows) -> Rows:
        """Return all rows of products with revisions (N,), ascending."""
        return self._rows_where("revision", revisions.tolist())

    def rows_of_products(self, products: Sequence[int]) -> Rows:
        """Return all rows of products, given by number, ascending."""
        return self._rows_where("product", products)

    def sample_rows(self, count: int, newest: int) -> Rows:
        """Return at most `count` rows spread over the revisions up to the newest one, all if there are no more."""
        rows = set[int]()
        for start in np.linspace(0, newest, _SAMPLED, dtype=np.int64).tolist():
            places = f"row > {MARKER} and revision >= {start} and revision <= {newest}"
            limit = count if not start else count // _SAMPLED
            rows |= {row["row"] for row in self._query(places, output_fields=["row"], limit=limit)}
        return np.random.default_rng(0).permutation(np.array(sorted(rows), np.int64))[:count]

    def pages(self) -> Iterator[list[dict[str, Any]]]:
        """Yield all rows but the marker in pages, with their revisions."""
        with self._translate_errors():
            pages = self._client.query_iterator(
                self.name,
                batch_size=_PAGE,
                filter=f"row > {MARKER}",
                output_fields=["row", "revision"],
                timeout=TIMEOUT,
            )
            while page := pages.next():
                yield page
            pages.close()

    def _rows_where(self, name: str, values: Sequence[int]) -> Rows:
        rows = list[int]()
        for start in range(0, len(values), _PAGE // 4):  # a product has several rows, and Milvus limits their number
            page = list(values[start : start + _PAGE // 4])
            rows += [
                row["row"]
                for row in self._query(f"row > {MARKER} and {name} in {page}", output_fields=["row"], limit=MOST)
            ]
        return np.array(sorted(rows), np.int64)

    def _query(self, expression: str, **options: Any) -> list[dict[str, Any]]:
        with self._translate_errors():
            return list(self._client.query(self.name, filter=expression, timeout=TIMEOUT, **options))

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        from pymilvus import MilvusException

        try:
            yield
        except MilvusException as error:
            self.has_failed = True
            raise MilvusError(f"Milvus at {self._address.uri} does not answer: {error.message}", 5) from error
