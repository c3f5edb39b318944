from __future__ import annotations

import pytest

from app.gallery.milvus_index.milvus_address import MilvusAddress


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("milvus://db/shoes", MilvusAddress("http://db:19530", "shoes")),
        ("milvus://[::1]:1/shoes_2?index=HNSW", MilvusAddress("http://[::1]:1", "shoes_2", "HNSW")),
        ("milvus+tls://me:p%40ss@db/s", MilvusAddress("https://db:19530", "s", "AUTOINDEX", "me", "p@ss")),
    ],
)
def test_addresses_are_read(text: str, expected: MilvusAddress) -> None:
    assert MilvusAddress.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("db:19530", "has scheme 'db', host None: expected an address such as milvus://host:19530/collection"),
        ("http://me:secret@db/shoes", "has scheme 'http', host 'db': expected an address"),
        ("milvus://me:secret@db:many/shoes", "cannot be read .*expected an address"),
        ("milvus://db", "collection is '': expected letters, digits and underscores"),
        ("milvus://db/my-shoes", "collection is 'my-shoes': expected letters"),
        ("milvus://db/shoes?kind=HNSW", "options 'kind=HNSW': expected none, or one such as index=HNSW"),
    ],
)
def test_other_addresses_are_refused_without_the_password(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        MilvusAddress.parse(text)
    assert "secret" not in str(caught.value)


def test_a_password_is_not_printed() -> None:
    assert "secret" not in repr(MilvusAddress.parse("milvus://me:secret@db/shoes"))
