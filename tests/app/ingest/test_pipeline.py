"""Tests of the ingest pipeline: order, counts, memory, concurrent changes and resuming."""

from __future__ import annotations

import io
import threading
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.catalogue.import_jobs import FeedProblem, ImportCounts
from app.core.arrays import Embeddings
from app.decoding.product_photo import ProductPhoto, decode_photo
from app.feeds.records import FeedItem
from app.gallery.photo_store import PhotoStore, thumbnail_file
from app.gallery.storage.folder_storage import FolderStorage
from app.ingest.batches import BATCH
from app.ingest.pipeline import Ingest
from app.products.product import Product
from model.checkpoint import Checkpoint, load_checkpoint
from model.preprocessing.images import Pixels, UnreadableImageError
from tests.conftest import draw_product

COUNT = 100
FAILING = 40


class DrawnPhotos:
    """Source of drawn photos by number."""

    def fetch(self, link: str, known: str | None) -> bytes | None:
        """Return a photo, or an unreadable file for one number."""
        buffer = io.BytesIO()
        draw_product(int(link), (48, 36)).save(buffer, "PNG")
        return buffer.getvalue() if int(link) != FAILING else b"not a photo"


def items(count: int = COUNT) -> Iterator[FeedItem]:
    """Return products of one photo each."""
    return (FeedItem(Product(f"p{number}", "P"), (str(number),)) for number in range(count))


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint: Path) -> Checkpoint:
    return load_checkpoint(tiny_checkpoint)


@pytest.fixture
def catalogue(tmp_path: Path, checkpoint: Checkpoint) -> Iterator[Catalogue]:
    opened = Catalogue(sqlite_url(tmp_path / "catalogue.sqlite"))
    opened.bind(checkpoint.sha256, checkpoint.network.dim)
    yield opened
    opened.close()


def recorded(catalogue: Catalogue) -> tuple[list[Product], Embeddings]:
    """Return all products in the order of their revisions, and their embeddings."""
    products = sorted(catalogue.page(limit=1000), key=lambda product: product.revision)
    embeddings = [catalogue.embedding(product.product_id) for product in products]
    return products, np.concatenate([embedding for embedding in embeddings if embedding is not None])


def test_it_is_what_one_photo_after_the_other_gives(
    tmp_path: Path, checkpoint: Checkpoint, catalogue: Catalogue
) -> None:
    store, problems, steps = PhotoStore(FolderStorage(tmp_path / "photos")), list[FeedProblem](), list[ImportCounts]()
    ingest = Ingest(catalogue, store, checkpoint)
    counts = ingest.run(items(), DrawnPhotos(), problems.append, steps.append)
    assert counts == steps[-1] == ImportCounts(COUNT, added=COUNT - 1, problems=1)
    assert [problem.where for problem in problems] == [f"p{FAILING}"]
    assert [step.done for step in steps] == sorted(step.done for step in steps)

    photos = [DrawnPhotos().fetch(str(number), None) for number in range(COUNT) if number != FAILING]
    expected = [decode_photo(photo, checkpoint.preprocess) for photo in photos if photo is not None]
    products, embeddings = recorded(catalogue)
    assert [product.product_id for product in products] == [f"p{n}" for n in range(COUNT) if n != FAILING]
    assert [product.revision for product in products] == list(range(1, COUNT))
    for product, decoded in zip(products, expected, strict=True):
        assert store.read(product.photo) == decoded.photo
        assert store.files.read(thumbnail_file(product.photo)) == decoded.thumbnail
    wanted = checkpoint.embed_photos([decoded.frames for decoded in expected])
    np.testing.assert_allclose(embeddings, wanted, atol=1e-4)


def test_variants_that_share_a_photo_are_decoded_and_embedded_once(
    tmp_path: Path, checkpoint: Checkpoint, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded, embedded = list[bytes](), list[int]()
    embed_photos = Checkpoint.embed_photos

    def decode(data: bytes) -> ProductPhoto:
        decoded.append(data)
        return decode_photo(data, checkpoint.preprocess)

    def embed(given: Checkpoint, photos: Sequence[Pixels], *, mirrored: bool) -> Embeddings:
        embedded.append(len(photos))
        return embed_photos(given, photos, mirrored=mirrored)

    monkeypatch.setattr(Checkpoint, "embed_photos", embed)
    sizes = [FeedItem(Product(f"p{n}-{size}", "P", size=str(size)), (str(n),)) for n in range(4) for size in range(8)]
    Ingest(catalogue, PhotoStore(FolderStorage(tmp_path / "photos")), checkpoint, decode).run(
        sizes, DrawnPhotos(), print
    )
    assert len(decoded) == 4 and sum(embedded) == 4
    products, embeddings = recorded(catalogue)
    assert [product.product_id for product in products] == [item.product.product_id for item in sizes]
    assert len({product.photo for product in products}) == 4 and len(np.unique(embeddings, axis=0)) == 4
    for rows in np.split(embeddings, 4):
        assert (rows == rows[0]).all()


class MissingPhoto(DrawnPhotos):
    """Source of the same photos, of which one is not available any more."""

    def fetch(self, link: str, known: str | None) -> bytes | None:
        """Return a photo. Raises UnreadableImageError for one number."""
        if link == "3":
            raise UnreadableImageError("the host is away: expected an answer")
        return super().fetch(link, known)


def test_a_product_that_is_deleted_meanwhile_is_one_problem_and_the_rest_is_written(
    tmp_path: Path, checkpoint: Checkpoint, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest, problems = (
        Ingest(catalogue, PhotoStore(FolderStorage(tmp_path / "photos")), checkpoint),
        list[FeedProblem](),
    )
    ingest.run(items(5), DrawnPhotos(), problems.append)
    put, deleted = catalogue.put, list[int]()

    def put_late(*given: Any) -> int:
        if not deleted:
            deleted.append(len(catalogue.delete(["p3"])))
        return put(*given)

    monkeypatch.setattr(catalogue, "put", put_late)
    renamed = (FeedItem(replace(item.product, title="Q"), item.links) for item in items(5))
    counts = ingest.run(renamed, MissingPhoto(), problems.append)
    assert deleted == [1] and counts == ImportCounts(5, updated=4, problems=2)
    assert [(problem.where, "the host is away" in problem.reason) for problem in problems] == [("p3", True)] * 2
    written = {(product.product_id, product.title) for product in catalogue.page()}
    assert written == {(f"p{n}", "Q") for n in (0, 1, 2, 4)}


def test_few_pictures_are_held_however_many_there_are(
    tmp_path: Path, checkpoint: Checkpoint, catalogue: Catalogue
) -> None:
    held, most, lock = weakref.WeakSet[Pixels](), 0, threading.Lock()

    class Frames(np.ndarray):
        __hash__ = object.__hash__  # type: ignore[assignment]

    def decode(data: bytes) -> ProductPhoto:
        nonlocal most
        decoded = decode_photo(data, checkpoint.preprocess)
        frames = decoded.frames.view(Frames)
        with lock:
            held.add(frames)
            most = max(most, len(held))
        return decoded._replace(frames=frames)

    ingest = Ingest(catalogue, PhotoStore(FolderStorage(tmp_path / "photos")), checkpoint, decode)
    ingest.run(items(260), DrawnPhotos(), lambda problem: None)
    assert most <= 6 * BATCH  # prepared, collected, being embedded and written
    assert catalogue.size() == 259


def test_what_stopped_goes_on_where_it_was(tmp_path: Path, checkpoint: Checkpoint, catalogue: Catalogue) -> None:
    def stopping() -> Iterator[FeedItem]:
        yield from items(COUNT - 10)
        raise KeyboardInterrupt

    ingest = Ingest(catalogue, PhotoStore(FolderStorage(tmp_path / "photos")), checkpoint)
    steps: list[ImportCounts] = []
    with pytest.raises(KeyboardInterrupt):
        ingest.run(stopping(), DrawnPhotos(), lambda problem: None, steps.append)
    done = catalogue.size()
    assert done == steps[-1].added < COUNT - 1 and done % BATCH == 0
    counts = ingest.run(items(), DrawnPhotos(), lambda problem: None)
    assert (counts.unchanged, counts.added, counts.problems) == (done, COUNT - 1 - done, 1)
    products, _ = recorded(catalogue)
    assert [product.product_id for product in products] == [f"p{n}" for n in range(COUNT) if n != FAILING]


def test_a_thumbnail_of_a_small_photo_is_the_photo(checkpoint: Checkpoint) -> None:
    buffer = io.BytesIO()
    draw_product(1, (320, 200)).save(buffer, "PNG")
    decoded = decode_photo(buffer.getvalue(), checkpoint.preprocess)
    assert decoded.thumbnail == decoded.photo
    draw_product(1, (321, 200)).save(buffer := io.BytesIO(), "PNG")
    decoded = decode_photo(buffer.getvalue(), checkpoint.preprocess)
    assert len(decoded.thumbnail) != len(decoded.photo)
