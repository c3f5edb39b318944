"""What can go wrong between a catalogue and its collection: it is noticed, and the collection is filled again."""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.database.state import CatalogueState
from app.gallery.gallery import Gallery
from app.gallery.milvus_index import collection_writer
from app.gallery.milvus_index.filter_expression import expression_of
from app.gallery.milvus_index.milvus_address import MilvusAddress
from app.gallery.milvus_index.milvus_collection import Marker, MilvusCollection, MilvusError
from app.gallery.milvus_index.milvus_index import MilvusIndex
from app.gallery.milvus_index.row_numbers import revisions_at, rows_at
from app.search.retriever import Retriever
from benchmarks.reliability.milvus_kills import retry
from index_builder.gallery.verify.collection import CollectionCheck
from index_builder.gallery.verify.findings import Findings
from index_builder.gallery.verify.rows import check_rows
from tests.support.embedding_searches import search_embeddings
from tests.support.grouped_shop import FILTERS, GroupedShop, random_products
from tests.support.milvus_lite import milvus_process, new_collection
from tests.support.rule_conditions import random_condition, with_private_fields
from tests.support.small_galleries import (
    DIM,
    brute_force,
    open_catalogue,
    products,
    small_checkpoint,
    vectors,
    with_photos,
)

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

    def fail_at_31(self: MilvusCollection, rows: list[dict[str, int]]) -> None:
        written.extend(row["revision"] for row in rows)
        if 31 in written and written.count(31) == 1:
            raise MilvusError("no", 1)
        write(self, rows)

    monkeypatch.setattr(MilvusCollection, "write", fail_at_31)
    with pytest.raises(MilvusError):
        opened(tmp_path, address)
    assert collection_of(tmp_path, address).read_marker().revision == 30
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
    tmp_path: Path, address: MilvusAddress, photos: dict[str, NDArray[np.float32]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """First they stay, for searches that have found them; those of a killed server are removed at the next start."""
    writer = open_catalogue(tmp_path)
    gallery = opened(tmp_path, address)
    writer.put(products(["p004"]), vectors(1, 8))
    photos["p004"] = vectors(1, 8)[0]
    gallery.save()
    late = ["index: Milvus has 1 photos of products that have changed; servers remove them"]
    assert problems(tmp_path, address) == late
    monkeypatch.setattr(collection_writer, "REMOVE_AFTER", -1.0)
    assert gallery.is_scattered
    gallery.save()
    assert problems(tmp_path, address) == []
    monkeypatch.undo()
    writer.delete(["p005"])
    del photos["p005"]
    gallery.save()
    gallery.close()
    assert problems(tmp_path, address) == late
    sketch = vectors(1, 5)[0]
    assert nearest(opened(tmp_path, address), sketch) == brute_force(sketch, photos)
    assert problems(tmp_path, address) == []


def test_losses_are_not_hidden_by_photos_of_earlier_products(
    tmp_path: Path, address: MilvusAddress, photos: dict[str, NDArray[np.float32]]
) -> None:
    gallery, sketch = opened(tmp_path, address), vectors(1, 5)[0]
    open_catalogue(tmp_path).delete(["p004", "p005"])
    del photos["p004"], photos["p005"]
    gallery.save()
    remove(collection_of(tmp_path, address), [20])
    assert nearest(opened(tmp_path, address), sketch) == brute_force(sketch, photos)
    assert problems(tmp_path, address) == []


def test_a_catalogue_that_was_put_back_begins_again(
    tmp_path: Path, address: MilvusAddress, photos: dict[str, NDArray[np.float32]]
) -> None:
    """Such as one of PostgreSQL that was recovered without its last changes."""
    copy = shutil.copytree(tmp_path, tmp_path / "before")
    open_catalogue(tmp_path).put(products(["lost"]), vectors(1, 6))
    opened(tmp_path, address).close()
    sketch = vectors(1, 5)[0]
    assert nearest(opened(copy, address), sketch) == brute_force(sketch, photos)
    assert problems(copy, address) == []


def test_other_servers_wait_while_a_collection_is_filled(
    tmp_path: Path, address: MilvusAddress, photos: dict[str, NDArray[np.float32]]
) -> None:
    gallery, collection = opened(tmp_path, address), collection_of(tmp_path, address)
    collection.write_marker(Marker(10, is_filling=True))
    assert isinstance(gallery.index, MilvusIndex)
    gallery.index.collection.read_marker()
    with pytest.raises(MilvusError, match="is being filled; try again later"):
        nearest(gallery, vectors(1)[0])
    gallery.save()
    assert not gallery.index.snapshot.is_settled
    assert nearest(gallery, vectors(1)[0]) == brute_force(vectors(1)[0], photos)


def test_photos_in_memory_do_not_end_a_search_early(tmp_path: Path, address: MilvusAddress) -> None:
    """The collection has ten photos of each product, and all that are asked for first are of a few products."""
    writer, random = open_catalogue(tmp_path), np.random.default_rng(0)
    centres = random.standard_normal((100, DIM))
    near = [(centre + 0.1 * random.standard_normal((10, DIM))).astype(np.float32) for centre in centres]
    for number, embeddings in enumerate(near):
        writer.put([with_photos(f"p{number:03d}", 10)], embeddings)
    gallery = opened(tmp_path, address)
    writer.put(products([f"q{number:03d}" for number in range(60)]), vectors(60, 4))
    weight = small_checkpoint().network.distance.weight.double().numpy()  # type: ignore[operator]
    all_photos = dict(enumerate(near)) | {100 + number: row[None] for number, row in enumerate(vectors(60, 4))}
    sketch = centres[7].astype(np.float32)
    distances = {
        number: float((weight * (sketch.astype(float)[:, None] - rows.astype(float)[:, None]) ** 2).sum((1, 2)).min())
        for number, rows in all_photos.items()
    }
    expected = [f"p{n:03d}" if n < 100 else f"q{n - 100:03d}" for n in sorted(distances, key=lambda n: distances[n])]
    retriever = Retriever(small_checkpoint(), gallery, 20, device="cpu")
    results = search_embeddings(retriever, sketch[None], 20)[0].results
    assert [result.product.product_id for result in results] == expected[:20]


def test_expressions_let_exactly_those_pass_that_the_catalogue_does(tmp_path: Path, address: MilvusAddress) -> None:
    random = np.random.default_rng(3)
    shop, catalogue = GroupedShop({}, {}), open_catalogue(tmp_path)
    listed = [with_private_fields(product, random) for product in random_products(random, 150)]
    catalogue.put(listed, shop.put(listed, random))
    opened(tmp_path, address)
    collection = collection_of(tmp_path, address)
    for number in range(40):
        filters = replace(FILTERS[number % len(FILTERS)], hidden=(random_condition(random),) * (number % 3 > 0))
        rows = collection.search(
            np.ones((1, DIM + 1), np.float32), 1000, expression_of(filters, None), "key", wait=True
        )
        with catalogue.view() as view:
            expected = set(view.matching(filters).tolist())
        assert set(revisions_at(rows[0]).tolist()) == expected, filters


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
