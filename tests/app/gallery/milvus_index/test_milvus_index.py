"""What can go wrong between a catalogue and its collection: it is noticed, and the collection is filled again."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.database.state import CatalogueState
from app.gallery.gallery import Gallery
from app.gallery.milvus_index import collection_writer
from app.gallery.milvus_index.milvus_address import MilvusAddress
from app.gallery.milvus_index.milvus_collection import MilvusCollection, MilvusError, rows_at
from app.search.retriever import Retriever
from benchmarks.reliability.milvus_kills import retry
from index_builder.gallery.verify.collection import CollectionCheck
from index_builder.gallery.verify.findings import Findings
from index_builder.gallery.verify.rows import check_rows
from tests.support.embedding_searches import search_embeddings
from tests.support.milvus_lite import milvus_process, new_collection
from tests.support.small_galleries import brute_force, open_catalogue, products, small_checkpoint, vectors

COUNT = 60

_names = count()


@pytest.fixture
def address() -> MilvusAddress:
    return new_collection(f"broken{next(_names)}")


@pytest.fixture
def photos(tmp_path: Path) -> dict[str, NDArray[np.float32]]:
    """Fill a catalogue. Returns the embeddings by product id."""
    embeddings = {f"p{number:03d}": vector for number, vector in enumerate(vectors(COUNT))}
    open_catalogue(tmp_path).put(products(list(embeddings)), np.stack(list(embeddings.values())))
    return embeddings


def opened(directory: Path, address: MilvusAddress) -> Gallery:
    return Gallery.open(directory, small_checkpoint(), open_catalogue(directory), milvus=address)


def collection_of(directory: Path, address: MilvusAddress) -> MilvusCollection:
    return MilvusCollection(address, open_catalogue(directory).state(), small_checkpoint().network.distance.search_dim)


def nearest(gallery: Gallery, sketch: NDArray[np.float32]) -> list[str]:
    results = search_embeddings(Retriever(small_checkpoint(), gallery, device="cpu"), sketch[None], 2 * COUNT)
    return [result.product.product_id for result in results[0].results]


def problems(directory: Path, address: MilvusAddress) -> list[str]:
    """Verify a collection against the catalogue. Returns problems and notes."""
    catalogue, findings = open_catalogue(directory), Findings()
    check = CollectionCheck(address, catalogue, small_checkpoint().network.distance, catalogue.state(), findings)
    with catalogue.moment() as connection:
        for batch in check_rows(connection, catalogue.state(), Findings()):
            check.check(batch)
    check.finish()
    return [str(finding) for finding in (*findings.problems, *findings.notes)]


def remove(collection: MilvusCollection, revisions: list[int]) -> None:
    collection.remove(rows_at(np.array(revisions, np.int64), np.zeros(len(revisions), np.int64)))


def test_a_collection_that_lost_photos_is_filled_again(
    tmp_path: Path, address: MilvusAddress, photos: dict[str, NDArray[np.float32]], caplog: pytest.LogCaptureFixture
) -> None:
    opened(tmp_path, address).close()
    assert problems(tmp_path, address) == []
    remove(collection_of(tmp_path, address), [3, 50])
    assert problems(tmp_path, address) == [
        "product p002: Milvus has 0 photos of it: expected 1",
        "product p049: Milvus has 0 photos of it: expected 1",
    ]
    gallery, sketch = opened(tmp_path, address), vectors(1, 5)[0]
    assert f"in Milvus has {COUNT - 2} of {COUNT} photos: all are written again" in caplog.text
    assert nearest(gallery, sketch) == brute_force(sketch, photos) and problems(tmp_path, address) == []


def test_filling_goes_on_where_it_stopped(
    tmp_path: Path, address: MilvusAddress, photos: dict[str, NDArray[np.float32]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection_writer, "_BATCH", 10)
    write, written = MilvusCollection.write, list[int]()

    def fail_at_31(self: MilvusCollection, rows: list[dict[str, int]], *rest: object) -> None:
        written.extend(row["revision"] for row in rows)
        if 31 in written and written.count(31) == 1:
            raise MilvusError("no", 1)
        write(self, rows, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(MilvusCollection, "write", fail_at_31)
    with pytest.raises(MilvusError):
        opened(tmp_path, address)
    assert collection_of(tmp_path, address).read_completed() == 30
    gallery, sketch = opened(tmp_path, address), vectors(1, 5)[0]
    assert sorted(written) == sorted([*range(1, COUNT + 1), *range(31, 41)])
    assert nearest(gallery, sketch) == brute_force(sketch, photos)


def test_a_collection_of_another_catalogue_is_not_used(
    tmp_path: Path, address: MilvusAddress, photos: dict[str, NDArray[np.float32]]
) -> None:
    opened(tmp_path, address).close()
    other = open_catalogue(tmp_path / "other")
    other.put(products(["boot"]), vectors(1, 7))
    assert nearest(opened(tmp_path / "other", address), vectors(1)[0]) == ["boot"]
    assert problems(tmp_path, address) == problems(tmp_path / "other", address) == []


def test_photos_of_earlier_products_are_removed(
    tmp_path: Path, address: MilvusAddress, photos: dict[str, NDArray[np.float32]]
) -> None:
    """Such as of a server that wrote an old state of a product after another one had written the new state."""
    opened(tmp_path, address).close()
    collection, writer = collection_of(tmp_path, address), open_catalogue(tmp_path)
    keys = collection.keys(np.array([5 * 32], np.int64), "key")
    writer.put(products(["p004"]), vectors(1, 8))
    opened(tmp_path, address).close()
    fields = {"product": 1, "price": -1, "terms": [], **dict.fromkeys(("discount", "margin"), 0.0)}
    labels = {f"custom_label_{number}": 0.0 for number in range(5)}
    collection.write([{"row": 5 * 32, "revision": 5, "key": keys[0], **fields, **labels}], [], 0)
    assert problems(tmp_path, address) == [
        "index: Milvus has 1 photos of products that have changed; the next start removes them"
    ]
    photos["p004"] = vectors(1, 8)[0]
    gallery, sketch = opened(tmp_path, address), vectors(1, 5)[0]
    assert nearest(gallery, sketch) == brute_force(sketch, photos) and problems(tmp_path, address) == []


def test_a_server_that_is_away_is_named_without_the_password(tmp_path: Path) -> None:
    state = CatalogueState("identity", 0, "a" * 64, 8, "Flat")
    address = MilvusAddress.parse("milvus://me:secret@127.0.0.1:9/shoes")
    with pytest.raises(MilvusError, match=r"Milvus at http://127\.0\.0\.1:9 does not answer") as caught:
        MilvusCollection(address, state, 9)
    assert "secret" not in str(caught.value)


def test_nothing_is_lost_when_milvus_is_killed(tmp_path: Path, photos: dict[str, NDArray[np.float32]]) -> None:
    writer, sketch = open_catalogue(tmp_path), vectors(1, 5)[0]
    with milvus_process(tmp_path / "milvus") as server:
        gallery = opened(tmp_path, server.address)
        for round_ in range(2):
            server.kill()
            photos[f"new{round_}"], photos["p000"] = vectors(2, 20 + round_)
            writer.put(products([f"new{round_}", "p000"]), np.stack([photos[f"new{round_}"], photos["p000"]]))
            writer.delete([f"p00{round_ + 1}"])
            del photos[f"p00{round_ + 1}"]
            with pytest.raises(MilvusError):
                gallery.save()
            server.start()
            assert gallery.is_scattered
            retry(gallery.save)
            assert nearest(gallery, sketch) == brute_force(sketch, photos)
            assert problems(tmp_path, server.address) == []
        gallery.close()
