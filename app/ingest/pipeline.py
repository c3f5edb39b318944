"""The one way into the catalogue: drafts are prepared in many threads, embedded in batches, and written.

All three go on at once, each a little ahead of the next. A batch is one transaction, so whatever stops this, the
catalogue has whole products, and doing it again does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import numpy as np
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app.catalogue.catalogue import Catalogue
from app.catalogue.import_jobs import FeedProblem, ImportCounts
from app.core.arrays import Embeddings
from app.core.cpu_limits import available_cpus
from app.core.error_text import MOST_LINK, cut
from app.core.map_ahead import map_ahead
from app.database.errors import CheckpointMismatchError, ConcurrentChangeError
from app.database.rows import is_disk_full
from app.decoding.product_photo import Decode, decode_photo
from app.feeds.records import FeedItem
from app.gallery.photo_store import PhotoStore
from app.ingest.ordered_writer import BATCH, OrderedBatchWriter
from app.ingest.product_preparer import DraftPhoto, Frame, PreparedProduct, ProductPreparer, ProductUpdate
from app.photo_fetch.http_fetcher import CONNECTIONS
from app.photo_fetch.linked_photos import Photos
from model.checkpoint import Checkpoint

_AHEAD = 2 * BATCH  # products prepared before their turn: bounds memory
_EMBEDDED = 2  # batches embedded before they are written, at most
_ATTEMPTS = 20  # to write a product that others keep changing

Refuse = Callable[[PreparedProduct, Exception], object]


class Ingest:
    """Writes to one gallery's catalogue and photo store. Any number may be at work, in any number of processes.

    Photos are decoded in this process unless `decode` does it elsewhere.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        photos: PhotoStore,
        checkpoint: Checkpoint,
        decode: Decode | None = None,
    ) -> None:
        self._catalogue, self._photos, self._checkpoint = catalogue, photos, checkpoint
        here = partial(decode_photo, preprocess=checkpoint.preprocess)
        self._preparer = ProductPreparer(catalogue, photos, decode or here, available_cpus())

    def run(
        self,
        items: Iterable[FeedItem | FeedProblem],
        source: Photos,
        on_problem: Callable[[FeedProblem], object],
        on_step: Callable[[ImportCounts], object] = lambda counts: None,
    ) -> ImportCounts:
        """Bring the catalogue up to date with items; products that they do not name are left alone.

        `on_step` is called after each item, with counts of what is in the catalogue for good. Raises OSError and
        SQLAlchemyError when photos or products cannot be written, and CheckpointMismatch when they are embedded anew.
        """
        with (
            ThreadPoolExecutor(CONNECTIONS, "prepare") as preparing,
            ThreadPoolExecutor(1, "embed") as embedding,
        ):
            arrivals = OrderedBatchWriter(
                lambda prepared: embedding.submit(self._embed, prepared), self._put_batch, _EMBEDDED, on_problem
            )
            try:
                for outcome in map_ahead(preparing, partial(self._outcome, source), items, _AHEAD):
                    arrivals.submit(outcome)
                    on_step(arrivals.written)
                arrivals.finish()
                on_step(arrivals.written)
            finally:
                for pool in (preparing, embedding):
                    pool.shutdown(wait=False, cancel_futures=True)
        return arrivals.written

    def write(self, draft: ProductUpdate) -> PreparedProduct:
        """Write one product at once, and return what it is now; a photo of it that fails leaves none of the others.

        Raises what Preparer.prepare() does.
        """
        stored: list[str] = []
        try:
            prepared = self._preparer.prepare(draft, stored.append)
            if prepared.failures:
                raise prepared.failures[0]
            return prepared if prepared.is_unchanged else self._put([prepared], self._embed([prepared]), _refuse)[0]
        except BaseException as error:
            if not isinstance(error, DBAPIError) or is_disk_full(error):  # else the database would only time out again
                with suppress(SQLAlchemyError, OSError):
                    self._catalogue.forget_photos(stored, self._photos.remove)
            raise

    def delete(self, product_ids: Sequence[str]) -> dict[str, int]:
        """Delete products and return, by id, the revision from which on each is gone."""
        gone = self._catalogue.get_many(product_ids).values()
        revisions = self._catalogue.delete(product_ids)
        self._photos.release({photo.name for product in gone for photo in product.photos})
        return revisions

    def _put_batch(
        self, prepared: Sequence[PreparedProduct], embeddings: Embeddings
    ) -> list[PreparedProduct | FeedProblem]:
        """What _put() writes, and a problem for each product that others have changed so that it cannot be written."""
        problems = list[FeedProblem]()

        def refuse(one: PreparedProduct, error: Exception) -> None:
            problems.append(FeedProblem(one.product.product_id, str(error)))

        return [*self._put(prepared, embeddings, refuse), *problems]

    def _put(
        self, prepared: Sequence[PreparedProduct], embeddings: Embeddings, refuse: Refuse
    ) -> list[PreparedProduct]:
        """Write products of distinct ids with their photos' embeddings (P,D), in one transaction.

        Returns what was written: those that another writer has changed since they were prepared, or whose new photos
        were removed as unused, are prepared again. `refuse` is told what of them cannot be, and why.
        """
        arrays = np.split(embeddings, np.cumsum([len(one.embeddings_or_frames) for one in prepared])[:-1])
        embedded = list(zip(prepared, arrays, strict=True))
        for _ in range(_ATTEMPTS):
            if not embedded:
                return []
            ready = [one for one, _ in embedded]
            seen = {one.product.product_id: one.old.revision if one.old else 0 for one in ready}
            rows = np.concatenate([rows for _, rows in embedded])
            try:
                self._catalogue.put([one.product for one in ready], rows, seen, partial(self._lacking, ready))
            except ConcurrentChangeError as changed:
                embedded = list(self._again(embedded, changed.ids, refuse))
                continue
            self._let_go(ready)
            return ready
        raise TimeoutError("the same products are changed all the time by others: try again later")

    def _lacking(self, prepared: Sequence[PreparedProduct]) -> set[str]:
        """Ids of the products of which the store lacks a new photo."""
        return {one.product.product_id for one in prepared if not all(map(self._photos.has, one.stored))}

    def _outcome(self, source: Photos, item: FeedItem | FeedProblem) -> PreparedProduct | FeedProblem:
        if isinstance(item, FeedProblem):
            return item
        photos = [DraftPhoto(link, partial(source.fetch, link), f"photo {cut(link, MOST_LINK)}") for link in item.links]
        try:
            return self._preparer.prepare(ProductUpdate(item.product.product_id, lambda _: item.product, photos))
        except CheckpointMismatchError:
            raise
        except ValueError as error:
            return FeedProblem(item.product.product_id, str(error))

    def _again(
        self, embedded: Iterable[tuple[PreparedProduct, Embeddings]], stale: set[str], refuse: Refuse
    ) -> Iterator[tuple[PreparedProduct, Embeddings]]:
        """All of them, those with stale ids prepared and embedded anew."""
        for one, rows in embedded:
            if one.product.product_id not in stale:
                yield one, rows
                continue
            try:
                fresh = self._preparer.prepare(one.draft)
            except CheckpointMismatchError:
                raise
            except ValueError as error:
                refuse(one, error)
            else:
                known = set(map(str, one.failures))
                for failure in fresh.failures:
                    if str(failure) not in known:
                        refuse(one, failure)
                yield fresh, self._embed([fresh])

    def _embed(self, prepared: Sequence[PreparedProduct]) -> Embeddings:
        """(P,D) of all photos, in order."""
        views = [view for one in prepared for view in one.embeddings_or_frames]
        made = iter(self._checkpoint.embed_frames([view.pixels for view in views if isinstance(view, Frame)]))
        rows = [next(made) if isinstance(view, Frame) else view for view in views]
        return np.stack(rows) if rows else np.zeros((0, self._checkpoint.network.dim), np.float32)

    def _let_go(self, written: Iterable[PreparedProduct]) -> None:
        """Have photos that products no longer show kept for a while, since pages may still show them."""
        gone = [set(one.old.photos if one.old else ()) - set(one.product.photos) for one in written]
        self._photos.release({photo.name for photos in gone for photo in photos})


def _refuse(_one: PreparedProduct, error: Exception) -> None:
    raise error
