"""Ingest pipeline of the catalogue: prepare products in many threads, embed them in batches, and write them.

Each stage is a generator that takes from the stage before it. The first two compute in pools, each a little ahead of
the next, so all three run at the same time. A batch is written in one transaction. An interrupted run therefore leaves
complete products, and a second run does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import numpy as np
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app.catalogue.catalogue import Catalogue
from app.catalogue.import_jobs import FeedProblem, ImportCounts
from app.core.arrays import Embeddings
from app.core.cpu_limits import available_cpus
from app.core.error_text import MOST_LINK, cut
from app.core.map_ahead import map_ahead
from app.database.errors import CheckpointMismatchError, ConcurrentChangeError
from app.database.mutations import tombstone_products, unchanged_since
from app.database.rows import chunks, is_disk_full
from app.decoding.product_photo import Decode, decode_photo
from app.feeds.records import FeedItem
from app.gallery.photo_store import PhotoStore
from app.ingest.batches import BATCH, EmbeddedBatch, embed_ahead
from app.ingest.product_preparer import DraftPhoto, Frame, PreparedProduct, ProductPreparer, ProductUpdate
from app.photo_fetch.http_fetcher import CONNECTIONS
from app.photo_fetch.linked_photos import PhotoSource
from model.checkpoint import Checkpoint
from model.preprocessing.images import UnreadableImageError

_PREPARED_AHEAD = 2 * BATCH  # products; bounds memory
_EMBEDDED_AHEAD = 2  # batches
_MAX_ATTEMPTS = 20  # to write products that other writers keep changing

Refuse = Callable[[PreparedProduct, Exception], object]
"""Callback for a product, or a photo of it, that cannot be written, with the reason."""


class Ingest:
    """Ingest pipeline of one gallery's catalogue and photo store. Safe to run several at once, in several processes.

    `decode` decodes photos, by default in this process.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        photos: PhotoStore,
        checkpoint: Checkpoint,
        decode: Decode | None = None,
    ) -> None:
        self._catalogue, self._photos, self._checkpoint = catalogue, photos, checkpoint
        decode_here = partial(decode_photo, preprocess=checkpoint.preprocess)
        self._preparer = ProductPreparer(catalogue, photos, decode or decode_here, available_cpus())

    def run(
        self,
        items: Iterable[FeedItem | FeedProblem],
        source: PhotoSource,
        on_problem: Callable[[FeedProblem], object],
        on_step: Callable[[ImportCounts], object] = lambda counts: None,
    ) -> ImportCounts:
        """Add or update the products of the items. Other products are left alone.

        `on_step` is called after each item, and each batch, with the counts of committed items. Raises OSError and
        SQLAlchemyError when photos or products cannot be written. Raises CheckpointMismatchError once the catalogue is
        re-embedded.
        """
        with (
            ThreadPoolExecutor(CONNECTIONS, "prepare") as preparing,
            ThreadPoolExecutor(1, "embed") as embedding,
        ):
            counts = ImportCounts()
            try:
                prepared = map_ahead(preparing, partial(self._prepare, source), items, _PREPARED_AHEAD)
                batches = embed_ahead(embedding, self._embed, prepared, _EMBEDDED_AHEAD, on_problem)
                for counts in self._write_batches(batches, on_problem):
                    on_step(counts)
            finally:
                for pool in (preparing, embedding):
                    pool.shutdown(wait=False, cancel_futures=True)
        return counts

    def write(self, update: ProductUpdate) -> PreparedProduct:
        """Write one product, and return its new state. If a photo fails, none is stored.

        Raises the error of the first photo that fails, and the errors of ProductPreparer.prepare().
        """
        stored: list[str] = []
        try:
            prepared = self._preparer.prepare(update, stored.append)
            if prepared.failures:
                raise prepared.failures[0]
            return prepared if prepared.is_unchanged else self._put([prepared], self._embed([prepared]), _raise)[0]
        except BaseException as error:
            if not isinstance(error, DBAPIError) or is_disk_full(error):  # a second query would only time out too
                with suppress(SQLAlchemyError, OSError):
                    self._catalogue.forget_photos(stored, self._photos.condemn)
            raise

    def delete(self, product_ids: Sequence[str]) -> dict[str, int]:
        """Delete products. Returns the revision of each deletion by product id."""
        products = self._catalogue.get_many(product_ids).values()
        revisions = self._catalogue.delete(product_ids)
        self._photos.release({photo.name for product in products for photo in product.photos})
        return revisions

    def delete_unchanged(
        self,
        product_ids: Sequence[str],
        revision: int,
        on_deleted: Callable[[int], object],
        record: Callable[[Connection, int], object] = lambda connection, count: None,
    ) -> None:
        """Delete products that have not changed after a revision, in small transactions.

        `record` is called at the end of each transaction, and `on_deleted` after its commit, with the number of
        products deleted in it.
        """
        for chunk in chunks(product_ids):
            products = self._catalogue.get_many(chunk)
            with self._catalogue.transaction() as connection:
                deleted = tombstone_products(connection, unchanged_since(connection, chunk, revision))
                record(connection, len(deleted))
            on_deleted(len(deleted))
            gone = [products[name] for name in deleted if name in products]
            self._photos.release({photo.name for product in gone for photo in product.photos})

    def _write_batches(
        self, batches: Iterable[EmbeddedBatch], on_problem: Callable[[FeedProblem], object]
    ) -> Iterator[ImportCounts]:
        """Write batches in order. Yields the counts of committed items after each of them.

        `on_problem` is called for each product or photo that failed after another writer's change.
        """
        results = ImportCounts()
        for batch in batches:
            if batch.products:
                refusals = list[FeedProblem]()
                written = self._put(batch.products, batch.embeddings, partial(_add_problem, refusals))
                for refusal in refusals:
                    on_problem(refusal)
                added = sum(product.old is None for product in written)
                results += ImportCounts(added=added, updated=len(written) - added, problems=len(refusals))
            yield batch.counts + results

    def _put(
        self, prepared: Sequence[PreparedProduct], embeddings: Embeddings, refuse: Refuse
    ) -> list[PreparedProduct]:
        """Write products of distinct ids with their photos' embeddings (P,D), in one transaction.

        Products are prepared again if another writer changed them meanwhile, or removed their new photos as unused.
        `refuse` is called for those that then fail. Returns the products written. Raises TimeoutError after too many
        attempts.
        """
        arrays = np.split(embeddings, np.cumsum([len(product.embeddings_or_frames) for product in prepared])[:-1])
        embedded = list(zip(prepared, arrays, strict=True))
        for _ in range(_MAX_ATTEMPTS):
            if not embedded:
                return []
            batch = [entry for entry, _ in embedded]
            seen = {entry.product.product_id: entry.old.revision if entry.old else 0 for entry in batch}
            rows = np.concatenate([rows for _, rows in embedded])
            try:
                self._catalogue.put(
                    [entry.product for entry in batch], rows, seen, partial(self._lacking_photos, batch)
                )
            except ConcurrentChangeError as changed:
                embedded = list(self._prepare_again(embedded, changed.ids, refuse))
                continue
            self._release_photos(batch)
            return batch
        raise TimeoutError("other writers keep changing the same products; try again later")

    def _lacking_photos(self, batch: Sequence[PreparedProduct]) -> set[str]:
        """Return the ids of the products of which the store lacks a new photo."""
        missing = self._photos.missing({name for entry in batch for name in entry.new_photos})
        return {entry.product.product_id for entry in batch if not missing.isdisjoint(entry.new_photos)}

    def _prepare(self, source: PhotoSource, item: FeedItem | FeedProblem) -> PreparedProduct | FeedProblem:
        """Prepare the product of an item, or return its problem. Raises CheckpointMismatchError and OSError."""
        if isinstance(item, FeedProblem):
            return item
        photos = [DraftPhoto(link, partial(source.fetch, link), f"photo {cut(link, MOST_LINK)}") for link in item.links]
        try:
            return self._preparer.prepare(ProductUpdate(item.product_id, item.product.with_languages_of, photos))
        except CheckpointMismatchError:
            raise
        except ValueError as error:
            return _problem_of(item.product.product_id, error)

    def _prepare_again(
        self, embedded: Iterable[tuple[PreparedProduct, Embeddings]], stale: set[str], refuse: Refuse
    ) -> Iterator[tuple[PreparedProduct, Embeddings]]:
        """Yield all products with their embeddings (P,D), those with stale ids prepared and embedded again."""
        for entry, rows in embedded:
            if entry.product.product_id not in stale:
                yield entry, rows
                continue
            try:
                fresh = self._preparer.prepare(entry.update)
            except CheckpointMismatchError:
                raise
            except ValueError as error:
                refuse(entry, error)
            else:
                reported = set(map(str, entry.failures))
                for failure in fresh.failures:
                    if str(failure) not in reported:
                        refuse(entry, failure)
                yield fresh, self._embed([fresh])

    def _embed(self, prepared: Sequence[PreparedProduct]) -> Embeddings:
        """Return the embeddings (P,W) of all photos, in order. Only new photos are computed, a shared one once."""
        views = [view for product in prepared for view in product.embeddings_or_frames]
        new = {id(view.pixels): view.pixels for view in views if isinstance(view, Frame)}
        embeddings = self._checkpoint.embed_photos(list(new.values()), mirrored=self._catalogue.state().is_mirrored)
        computed = dict(zip(new, embeddings, strict=True))
        rows = [computed[id(view.pixels)] if isinstance(view, Frame) else view for view in views]
        return np.stack(rows) if rows else np.zeros((0, self._checkpoint.network.dim), np.float32)

    def _release_photos(self, batch: Iterable[PreparedProduct]) -> None:
        """Release the photos that products no longer have. The store keeps them for a while for open pages."""
        removed = [set(entry.old.photos if entry.old else ()) - set(entry.product.photos) for entry in batch]
        self._photos.release({photo.name for photos in removed for photo in photos})


def _add_problem(problems: list[FeedProblem], refused: PreparedProduct, error: Exception) -> None:
    """Add the problem of a product, or a photo of it, that was refused."""
    problems.append(_problem_of(refused.product.product_id, error))


def _problem_of(product_id: str, error: Exception) -> FeedProblem:
    """Return the problem of a product that cannot be written, or of a photo of it."""
    return FeedProblem(product_id, str(error), "photo" if isinstance(error, UnreadableImageError) else "entry")


def _raise(_refused: PreparedProduct, error: Exception) -> None:
    """Raise the reason why a product was refused."""
    raise error
