"""Tests that the removal of unused photos never takes a photo from a product."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.catalogue.import_jobs import FeedProblem, ImportCounts
from app.feeds.records import FeedItem
from app.gallery.garbage import GRACE, remove_unused_photos
from app.gallery.photo_store import PhotoStore
from app.gallery.storage.bucket_errors import BucketError
from app.gallery.storage.file_storage import FileStorage
from app.gallery.storage.folder_storage import FolderStorage
from app.ingest.pipeline import Ingest
from app.ingest.product_preparer import DraftPhoto, ProductUpdate
from app.products.product import Product
from model.checkpoint import Checkpoint, load_checkpoint
from model.preprocessing.images import UnreadableImageError
from tests.support.writable_server import photo


class SlowPhotos:
    """Source of photos by number. Before one of them is returned for the first time, `meanwhile` is called."""

    def __init__(self, slow: str, meanwhile: Callable[[], object]) -> None:
        self._slow, self._meanwhile, self.asked = slow, meanwhile, list[str]()

    def fetch(self, link: str, known: str | None) -> bytes:
        """Return the photo of a number."""
        if link == self._slow and link not in self.asked:
            self._meanwhile()
        self.asked.append(link)
        return photo(int(link))


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint: Path) -> Checkpoint:
    return load_checkpoint(tiny_checkpoint)


@pytest.fixture
def catalogue(tmp_path: Path, checkpoint: Checkpoint) -> Iterator[Catalogue]:
    opened = Catalogue(sqlite_url(tmp_path / "catalogue.sqlite"))
    opened.bind(checkpoint.sha256, checkpoint.network.dim)
    yield opened
    opened.close()


@pytest.fixture
def store(files: FileStorage) -> PhotoStore:
    return PhotoStore(files)


def age_and_sweep(store: PhotoStore, catalogue: Catalogue) -> None:
    """Remove unused photos as another process does, after so long that all files are old enough."""
    if isinstance(store.files, FolderStorage):
        for path in store.files.path("").glob("*.webp"):  # not what another thread is writing
            os.utime(path, (0, time.time() - GRACE - 9))
        remove_unused_photos(store, catalogue)
        return
    with pytest.MonkeyPatch.context() as patch:  # nobody can change the times of a bucket
        patch.setattr("app.gallery.garbage.GRACE", -9.0)
        remove_unused_photos(store, catalogue)


def assert_whole(store: PhotoStore, catalogue: Catalogue, *sizes: int) -> None:
    """Assert that products have these numbers of photos, and that the store has these photos only."""
    products = catalogue.page()
    assert [len(product.photos) for product in products] == list(sizes)
    names = {photo.name for product in products for photo in product.photos}
    assert all(map(store.has, names)) and len(list(store.files.names())) == 2 * len(names)


def test_an_import_that_waits_long_for_a_photo_stores_those_again_that_were_removed(
    store: PhotoStore, catalogue: Catalogue, checkpoint: Checkpoint
) -> None:
    source = SlowPhotos("81", partial(age_and_sweep, store, catalogue))
    items = [FeedItem(Product("one", "One"), ("80", "81")), FeedItem(Product("two", "Two"), ("82",))]
    problems: list[FeedProblem] = []
    counts = Ingest(catalogue, store, checkpoint).run(items, source, problems.append)
    assert (counts, problems) == (ImportCounts(2, added=2), [])
    assert source.asked.count("80") == 2
    assert_whole(store, catalogue, 2, 1)


def test_a_product_that_waits_long_for_a_photo_has_all_of_them(
    store: PhotoStore, catalogue: Catalogue, checkpoint: Checkpoint
) -> None:
    source = SlowPhotos("81", partial(age_and_sweep, store, catalogue))
    photos = [DraftPhoto("", partial(source.fetch, number), number) for number in ("80", "81")]
    Ingest(catalogue, store, checkpoint).write(ProductUpdate("one", lambda old: Product("one", "One"), photos))
    assert_whole(store, catalogue, 2)


def test_only_the_thumbnail_is_missed_too(store: PhotoStore, catalogue: Catalogue, checkpoint: Checkpoint) -> None:
    def remove_thumbnail() -> None:
        store.files.condemn([next(name for name in store.files.names() if ".thumb." in name)], math.inf)()

    source = SlowPhotos("81", remove_thumbnail)
    Ingest(catalogue, store, checkpoint).run([FeedItem(Product("one", "One"), ("80", "81"))], source, print)
    assert_whole(store, catalogue, 2)


def test_a_removed_photo_that_cannot_be_had_again_is_told(
    store: PhotoStore, catalogue: Catalogue, checkpoint: Checkpoint
) -> None:
    class MissingPhoto(SlowPhotos):
        def fetch(self, link: str, known: str | None) -> bytes:
            if link == "80" and link in self.asked:
                raise UnreadableImageError("the host is away: expected an answer")
            return super().fetch(link, known)

    source, problems = MissingPhoto("81", partial(age_and_sweep, store, catalogue)), list[FeedProblem]()
    items = [FeedItem(Product("one", "One"), ("80", "81"))]
    counts = Ingest(catalogue, store, checkpoint).run(items, source, problems.append)
    assert counts == ImportCounts(1, added=1, problems=1)
    assert [(problem.where, "the host is away" in problem.reason) for problem in problems] == [("one", True)]
    assert_whole(store, catalogue, 1)


@pytest.mark.parametrize("first", ["writer", "sweep"])
def test_a_writer_and_the_removal_at_the_same_time(
    store: PhotoStore, catalogue: Catalogue, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """Start one while the other has decided but not acted. It has to wait, and then sees the result of the other."""
    threads: list[threading.Thread] = []

    def begin(work: Callable[[], object]) -> None:
        if not threads:
            threads.append(threading.Thread(target=work))
            threads[0].start()
            threads[0].join(0.2)
            assert threads[0].is_alive(), "it did not wait"

    ingest, missing, condemn = Ingest(catalogue, store, checkpoint), store.missing, store.condemn
    photos = [DraftPhoto("", lambda known: photo(80), "80")]
    write = partial(ingest.write, ProductUpdate("one", lambda old: Product("one", "One"), photos))

    def look_and_sweep(names: Iterable[str]) -> set[str]:
        lacking = missing(names)
        begin(partial(age_and_sweep, store, catalogue))
        return lacking

    def write_and_condemn(names: Iterable[str], before: float = math.inf) -> Callable[[], None]:
        begin(late)
        return condemn(names, before)

    def late() -> Any:
        """Write a product whose photo was stored long ago, again while that is being removed from a bucket."""
        deadline = time.monotonic() + 30
        while True:
            monkeypatch.setattr(store, "keep", lambda *files: stored)
            monkeypatch.setattr(catalogue, "put", put_and_restore)
            try:
                return write()
            except BucketError as error:
                assert "is being removed" in str(error) and time.monotonic() < deadline

    put, keep = catalogue.put, store.keep

    def put_and_restore(*given: Any) -> int:
        monkeypatch.setattr(store, "keep", keep)
        return put(*given)

    if first == "writer":
        monkeypatch.setattr(store, "missing", look_and_sweep)
        write()
    else:
        write()
        stored = catalogue.page()[0].photo
        catalogue.delete(["one"])
        monkeypatch.setattr(store, "condemn", write_and_condemn)
        age_and_sweep(store, catalogue)
    threads[0].join()
    assert_whole(store, catalogue, 1)
