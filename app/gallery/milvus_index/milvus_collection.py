"""Collection of a gallery's photos in Milvus: a row a photo, with the key of the search form and what filters read.

Rows never change: a row is numbered by the revision of its product, which belongs to one state of it, and by the
photo's position. So rows may be written again, by any server, in any order. The row numbered MARKER records up to which
revision the collection is complete.

Searches read with Milvus's level "Bounded", which has all that was written more than a few seconds ago. Everything else
reads with "Strong", which waits until all that was written before can be seen.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from app.core.arrays import Embeddings, Keys, Rows
from app.core.retry_errors import NotReadyError
from app.database.state import CatalogueState
from app.gallery.milvus_index.collection_schema import SIDES, SLOW, TIMEOUT, add_indexes, create_collection
from app.gallery.milvus_index.milvus_address import MilvusAddress
from app.products.rule_numbers import RULE_NUMBERS

MARKER = 0
_FORMAT = 1
_RECONNECT_MS = 1000  # between attempts to reach a server that was away; gRPC's own pauses grow to two minutes
_MOST_CACHED = 50_000  # keys, of about half a kB each
_SAMPLED = 20  # places at which a sample is taken
_PAGE = 1000  # rows, or values in an expression, of one call
_REVISIONS = 250  # of one call, since a product has several rows
_MAY_LOSE = {2, 4, 100, 101}  # errors after which rows may be gone: no connection, no such collection, not loaded
MOST = 16_384  # results that Milvus returns at most


class MilvusError(NotReadyError):
    """Milvus cannot be reached, or refused a call. The message names its address, without user and password."""


class ReplacedError(MilvusError):
    """Rows that were found have been removed, since their products have changed meanwhile."""


class Marker(NamedTuple):
    """Revision up to which a collection is complete, and whether it lost so much that it must not be searched yet."""

    revision: int
    is_filling: bool


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
        self.marker = Marker(0, is_filling=False)  # as it was last read or written
        self.has_failed = True  # whether rows may have been lost since they were last counted
        self.name = f"{address.collection}_{hashlib.sha256(origin.encode()).hexdigest()[:12]}"
        with self._translate_errors():
            self._client = MilvusClient(
                uri=address.uri,
                user=address.user,
                password=address.password,
                timeout=TIMEOUT,
                # without pings while nothing is asked: some servers end a connection after a few of them
                grpc_options={
                    "grpc.max_reconnect_backoff_ms": _RECONNECT_MS,
                    "grpc.keepalive_permit_without_calls": 0,
                },
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
        self.load()

    def load(self) -> None:
        """Have Milvus load the collection, which takes minutes for a large one."""
        with self._translate_errors():
            self._client.load_collection(self.name, timeout=SLOW)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def read_marker(self) -> Marker:
        """Read up to which revision the collection is complete, and keep it in `marker`."""
        rows = self._query("", ids=[MARKER], output_fields=["revision", "product"])
        self.marker = (
            Marker(int(rows[0]["revision"]), bool(rows[0]["product"])) if rows else Marker(0, is_filling=False)
        )
        return self.marker

    def write_marker(self, marker: Marker) -> None:
        """Record up to which revision the collection is complete."""
        numbers = dict.fromkeys(RULE_NUMBERS, 0.0)
        row = {"row": MARKER, "product": int(marker.is_filling), "revision": marker.revision, "price": 0, "terms": []}
        keys = dict.fromkeys(self._sides, [0.0] * self._width)
        with self._translate_errors():
            self._client.upsert(self.name, [row | numbers | keys], timeout=TIMEOUT)
        self.marker = marker

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows of photos."""
        with self._translate_errors():
            for start in range(0, len(rows), _PAGE):
                self._client.upsert(self.name, list(rows[start : start + _PAGE]), timeout=TIMEOUT)

    def remove_older(self, products: Sequence[int], revisions: Sequence[int], until: int) -> None:
        """Remove all rows up to revision `until` of products, given by number, but those of `revisions`."""
        with self._translate_errors():
            for start in range(0, len(products), _PAGE):
                old = f"product in {list(products[start : start + _PAGE])} and revision <= {until}"
                filter_ = f"row > {MARKER} and {old} and revision not in {sorted(revisions)}"
                self._client.delete(self.name, filter=filter_, timeout=TIMEOUT)

    def remove_after(self, revision: int) -> None:
        """Remove all rows of products after a revision."""
        with self._translate_errors():
            self._client.delete(self.name, filter=f"row > {MARKER} and revision > {revision}", timeout=TIMEOUT)

    def remove(self, rows: Rows) -> None:
        """Remove rows (N,)."""
        with self._translate_errors():
            for start in range(0, len(rows), _PAGE):
                self._client.delete(self.name, ids=rows[start : start + _PAGE].tolist(), timeout=TIMEOUT)

    def count(self, until: int) -> int:
        """Count the rows of products up to a revision."""
        return int(self._query(f"row > {MARKER} and revision <= {until}", output_fields=["count(*)"])[0]["count(*)"])

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

    def keys(self, rows: Rows, side: str, *, wait: bool) -> Embeddings:
        """Return the keys (N,D+1) of rows (N,). Raises ReplacedError for rows that no longer exist."""
        cached = {row: self._cached.get((side, row)) for row in set(rows.tolist())}
        missing = [row for row, key in cached.items() if key is None]
        for start in range(0, len(missing), _PAGE):
            page = self._query("", ids=missing[start : start + _PAGE], output_fields=["row", side], wait=wait)
            cached |= {row["row"]: np.array(row[side], np.float32) for row in page}
        keys = {row: key for row, key in cached.items() if key is not None}
        if lost := len(cached) - len(keys):
            raise ReplacedError(f"{lost} photos have been replaced in {self._address.uri} meanwhile; try again", 1)
        self._keep({(side, row): keys[row] for row in missing})
        return np.array([keys[row] for row in rows.tolist()], np.float32).reshape(-1, self._width)

    def _keep(self, keys: Mapping[tuple[str, int], Keys]) -> None:
        """Cache keys by side and row, whose meaning never changes. If the cache is full, keep these alone."""
        self._cached = {**({} if len(self._cached) + len(keys) > _MOST_CACHED else self._cached), **keys}

    def rows_of_revisions(self, revisions: Rows, *, wait: bool) -> Rows:
        """Return all rows of products with revisions (N,), ascending."""
        rows = list[int]()
        for start in range(0, len(revisions), _REVISIONS):
            page = f"row > {MARKER} and revision in {revisions[start : start + _REVISIONS].tolist()}"
            rows += [row["row"] for row in self._query(page, output_fields=["row"], limit=MOST, wait=wait)]
        return np.array(sorted(rows), np.int64)

    def sample_rows(self, count: int, newest: int) -> Rows:
        """Return at most `count` rows spread over the revisions up to the newest one, all if there are no more."""
        starts = np.linspace(0, newest, _SAMPLED, endpoint=False, dtype=np.int64).tolist()
        limits = {0: count} if self.count(newest) <= count else dict.fromkeys(starts, count // _SAMPLED)
        rows = set[int]()
        for start, limit in limits.items():
            places = f"row > {MARKER} and revision >= {start} and revision <= {newest}"
            rows |= {row["row"] for row in self._query(places, output_fields=["row"], limit=limit)}
        return np.array(sorted(rows), np.int64)

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

    def _query(self, expression: str, *, wait: bool = True, **options: Any) -> list[dict[str, Any]]:
        level = "Strong" if wait else "Bounded"
        with self._translate_errors():
            rows = self._client.query(self.name, filter=expression, consistency_level=level, timeout=TIMEOUT, **options)
            return list(rows)

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        from grpc import RpcError, StatusCode
        from pymilvus import MilvusException

        try:
            yield
        except MilvusException as error:
            self.has_failed |= error.code in _MAY_LOSE
            raise MilvusError(f"Milvus at {self._address.uri} does not answer: {error.message}", 5) from error
        except RpcError as error:
            self.has_failed |= error.code() == StatusCode.UNAVAILABLE
            reason = error.code().name.lower().replace("_", " ")
            raise MilvusError(f"Milvus at {self._address.uri} does not answer: {reason}", 5) from error
