"""Address of a Milvus collection: milvus://user:password@host:19530/collection?index=HNSW."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

_PORT = 19530
_SCHEMES = {"milvus": "http", "milvus+tls": "https"}
_COLLECTION = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,200}")
_KIND = re.compile(r"[A-Z0-9_]+")
_EXPECTED = "expected an address such as milvus://host:19530/collection"


@dataclass(frozen=True)
class MilvusAddress:
    """Server, collection and kind of index, such as AUTOINDEX, FLAT or HNSW."""

    uri: str  # without user and password
    collection: str
    kind: str = "AUTOINDEX"
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @staticmethod
    def parse(text: str) -> MilvusAddress:
        """Read an address. Raises ValueError, whose message never has the password."""
        try:
            parts = urlsplit(text)
            port = parts.port or _PORT
        except ValueError as error:
            raise ValueError(f"the index's address cannot be read ({error}): {_EXPECTED}") from None
        collection, options = parts.path.removeprefix("/"), parse_qs(parts.query)
        kind = options.pop("index", ["AUTOINDEX"])[-1]
        if parts.scheme not in _SCHEMES or not parts.hostname:
            raise ValueError(f"the index's address has scheme {parts.scheme!r}, host {parts.hostname!r}: {_EXPECTED}")
        if not _COLLECTION.fullmatch(collection):
            expected = "expected letters, digits and underscores, as in milvus://host:19530/collection"
            raise ValueError(f"the index's collection is {collection!r}: {expected}")
        if options or not _KIND.fullmatch(kind):
            raise ValueError(
                f"the index's address has options {parts.query!r}: expected none, or one such as index=HNSW"
            )
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        credentials = unquote(parts.username or ""), unquote(parts.password or "")
        return MilvusAddress(f"{_SCHEMES[parts.scheme]}://{host}:{port}", collection, kind, *credentials)
