"""pgvector: vectors in PostgreSQL, whose server the package `pgserver` brings and starts."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from app.core.arrays import Embeddings, Keys, Rows
from app.index.segment import batches
from benchmarks.search.peers.peer import CANDIDATES, LINKS, WIDTHS, Setting, VectorPeer
from model.network.distances import Distance

if TYPE_CHECKING:
    import psycopg

_BYTES_PER_VALUE = 6  # of a vector in the index's pages, which are rarely full
_SPARE = 512 * 2**20  # bytes of the server's memory beside the index
_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"


class Pgvector(VectorPeer):
    """A table with a graph, on a server of its own, whose buffers hold all of it."""

    name: ClassVar[str] = "pgvector, HNSW"
    packages: ClassVar[tuple[str, ...]] = ("pgserver", "psycopg")

    def __init__(self, distance: Distance, folder: Path) -> None:
        super().__init__(distance, folder)
        self._server: Any = None
        self._setting: Setting = {}
        self._connections: dict[int, psycopg.Connection[Any]] = {}  # by thread

    @property
    def settings(self) -> Sequence[Sequence[Setting]]:
        """Candidates that a search keeps on its way."""
        return [[{"hnsw.ef_search": width} for width in WIDTHS]]

    def build(self, embeddings: Embeddings) -> None:
        """Copy embeddings (N,D) into a table and index them."""
        self.folder.chmod(0o755)  # a server that root starts has a user of its own
        memory = len(embeddings) * self.form.dim * _BYTES_PER_VALUE + _SPARE
        self._server = self._start(memory)
        connection = self._connect()
        connection.execute("CREATE EXTENSION vector")
        connection.execute(f"CREATE TABLE photos (id bigint PRIMARY KEY, vector vector({self.form.dim}))")
        with connection.cursor().copy("COPY photos FROM STDIN (FORMAT binary)") as copy:
            copy.write(_SIGNATURE)
            for rows in batches(np.arange(len(embeddings))):
                copy.write(_to_binary(self.form.encode_keys(embeddings[rows]), rows))
            copy.write(_END)
        connection.execute(f"SET maintenance_work_mem = '{memory // 2**20}MB'")
        options = f"m = {LINKS}, ef_construction = {CANDIDATES}"
        connection.execute(f"CREATE INDEX photos_graph ON photos USING hnsw (vector vector_l2_ops) WITH ({options})")
        connection.execute("CHECKPOINT")

    def apply(self, setting: Setting) -> None:
        """Use a number of candidates."""
        self._setting = setting
        self._disconnect()  # parameters are those of a connection

    def find(self, vector: Keys, n: int) -> Rows:
        """Find the rows (n,) nearest to a vector (1,Q)."""
        statement = "SELECT id FROM photos ORDER BY vector <-> %s::vector LIMIT %s"
        found = self._connect().execute(statement, (_to_text(vector), n), prepare=True).fetchall()
        return np.array([row for (row,) in found], np.int64)

    def insert(self, embedding: Embeddings, row: int) -> None:
        """Add an embedding (1,D) as a row."""
        values = (row, _to_text(self.form.encode_keys(embedding)))
        self._connect().execute("INSERT INTO photos VALUES (%s, %s::vector)", values)

    def process_ids(self) -> list[int]:
        """Return the server's first process."""
        return [self._server.get_pid()] if self._server else []

    def close(self) -> None:
        """Stop the server."""
        self._disconnect()
        if self._server:
            self._server.cleanup()
            self._server = None

    def _start(self, memory: int) -> Any:
        """Start a server with so many bytes of buffers, which it allocates when it starts again."""
        get_server = import_module("pgserver").get_server
        server = get_server(self.folder, cleanup_mode="stop")
        with import_module("psycopg").connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(f"ALTER SYSTEM SET shared_buffers = '{memory // 2**20}MB'")
        server.cleanup()
        return get_server(self.folder, cleanup_mode="stop")

    def _connect(self) -> psycopg.Connection[Any]:
        """Return this thread's connection with the setting in use."""
        thread = threading.get_ident()
        if thread not in self._connections:
            connection = import_module("psycopg").connect(self._server.get_uri(), autocommit=True)
            connection.execute("SET max_parallel_workers_per_gather = 0")
            connection.execute("SET max_parallel_maintenance_workers = 0")
            for name, value in self._setting.items():
                connection.execute(f"SET {name} = {value}")
            self._connections[thread] = connection
        return self._connections[thread]

    def _disconnect(self) -> None:
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()


def _to_text(vector: Keys) -> str:
    return "[" + ",".join(map(str, vector[0].tolist())) + "]"


def _to_binary(vectors: Keys, rows: Rows) -> bytes:
    """Encode vectors (m,Q) with their rows as tuples of COPY: their fields with lengths, all in network order."""
    dim = vectors.shape[1]
    fields = [("fields", ">i2"), ("id_size", ">i4"), ("id", ">i8"), ("size", ">i4"), ("dim", ">i2"), ("unused", ">i2")]
    tuples = np.zeros(len(rows), np.dtype([*fields, ("vector", ">f4", (dim,))]))
    tuples["fields"], tuples["id_size"], tuples["id"] = 2, 8, rows
    tuples["size"], tuples["dim"], tuples["vector"] = 4 + 4 * dim, dim, vectors
    return tuples.tobytes()
