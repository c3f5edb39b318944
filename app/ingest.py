"""The one way into the catalogue: drafts are prepared in many threads, embedded in batches, and written.

A batch is one transaction, so whatever stops this, the catalogue has whole products, and doing it again does the rest.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np

from app.catalogue import Catalogue
from app.counts import Counts
from app.drafts import Draft, Frame, Prepared, Preparer
from app.feeds.items import FeedItem, FeedProblem
from app.feeds.photos import Photos
from app.feeds.remote import CONNECTIONS
from app.photos import PhotoStore
from app.prints import Decode, decoded
from app.records import ChangedMeanwhile, CheckpointMismatch
from app.segments import Embeddings
from model.checkpoint import Checkpoint

BATCH = 32  # products embedded at once and written in one transaction

_AHEAD = 2 * BATCH  # products prepared before their turn: bounds memory
_DECODERS = 4  # photos decoded at once, at most; embedding is the slower part
_ATTEMPTS = 20  # to write a product that others keep changing


class Ingest:
    """Writes to one gallery's catalogue and photo store. Any number may be at work, in any number of processes.

    Photos are decoded in this process unless `decode` does it elsewhere.
    """

    def __init__(
        self, catalogue: Catalogue, photos: PhotoStore, checkpoint: Checkpoint, decode: Decode | None = None
    ) -> None:
        self._catalogue, self._photos, self._checkpoint = catalogue, photos, checkpoint
        decoders = min(_DECODERS, os.cpu_count() or 1)
        here = partial(decoded, preprocess=checkpoint.preprocess)
        self._preparer = Preparer(catalogue, photos, decode or here, decoders)

    def run(
        self,
        items: Iterable[FeedItem | FeedProblem],
        source: Photos,
        on_problem: Callable[[FeedProblem], object],
        on_step: Callable[[Counts], object] = lambda counts: None,
    ) -> Counts:
        """Bring the catalogue up to date with items; products that they do not name are left alone.

        `on_step` is called after each item, with counts of what is in the catalogue for good. Raises OSError and
        SQLAlchemyError when photos or products cannot be written, and CheckpointMismatch when they are embedded anew.
        """
        batch = _Batch(self, on_problem)
        with ThreadPoolExecutor(CONNECTIONS, "prepare") as pool:
            try:
                for outcome in _map_ahead(pool, partial(self._outcome, source), items):
                    batch.take(outcome)
                    on_step(batch.written)
                batch.flush()
                on_step(batch.written)
            finally:
                pool.shutdown(cancel_futures=True)
        return batch.written

    def write(self, draft: Draft) -> Prepared:
        """Write one product at once, and return what it is now. Raises what Preparer.prepare() does."""
        prepared = self._preparer.prepare(draft)
        if prepared.failures:
            raise prepared.failures[0]
        return prepared if prepared.is_unchanged else self.write_all([prepared])[0]

    def delete(self, product_ids: Sequence[str]) -> int:
        """Delete products and return how many there were."""
        gone = self._catalogue.get_many(product_ids).values()
        found = self._catalogue.delete(product_ids)
        for photo in {photo.name for product in gone for photo in product.photos}:
            self._photos.touch(photo)
        return found

    def write_all(self, prepared: Sequence[Prepared]) -> list[Prepared]:
        """Embed and write products of distinct ids, in one transaction; returns what was written.

        Those that another writer has changed since they were prepared are prepared anew first.
        """
        arrays = np.split(self._embed(prepared), np.cumsum([len(one.views) for one in prepared])[:-1])
        embedded = list(zip(prepared, arrays, strict=True))
        for _ in range(_ATTEMPTS):
            products = [one.product for one, _ in embedded]
            seen = {one.product.product_id: one.old.revision if one.old else 0 for one, _ in embedded}
            try:
                self._catalogue.put(products, np.concatenate([rows for _, rows in embedded]), seen)
            except ChangedMeanwhile as changed:
                embedded = [
                    self._again(one) if one.product.product_id in changed.ids else (one, rows) for one, rows in embedded
                ]
                continue
            written = [one for one, _ in embedded]
            self._let_go(written)
            return written
        raise TimeoutError("the same products are changed all the time by others: try again later")

    def _outcome(self, source: Photos, item: FeedItem | FeedProblem) -> Prepared | FeedProblem:
        if isinstance(item, FeedProblem):
            return item
        photos = [(link, partial(source.fetch, link)) for link in item.links]
        try:
            return self._preparer.prepare(Draft(item.product.product_id, lambda _: item.product, photos))
        except CheckpointMismatch:
            raise
        except ValueError as error:
            return FeedProblem(item.product.product_id, str(error))

    def _again(self, stale: Prepared) -> tuple[Prepared, Embeddings]:
        fresh = self._preparer.prepare(stale.draft)
        return fresh, self._embed([fresh])

    def _embed(self, prepared: Sequence[Prepared]) -> Embeddings:
        """(P,D) of all photos, in order."""
        views = [view for one in prepared for view in one.views]
        made = iter(self._checkpoint.embed_frames([view.pixels for view in views if isinstance(view, Frame)]))
        rows = [next(made) if isinstance(view, Frame) else view for view in views]
        return np.stack(rows) if rows else np.zeros((0, self._checkpoint.network.dim), np.float32)

    def _let_go(self, written: Iterable[Prepared]) -> None:
        """Have photos that products no longer show kept for a while, since pages may still show them."""
        for one in written:
            for photo in set(one.old.photos if one.old else ()) - set(one.product.photos):
                self._photos.touch(photo.name)


class _Batch:
    """Products on their way, and counts of those that have arrived."""

    def __init__(self, ingest: Ingest, on_problem: Callable[[FeedProblem], object]) -> None:
        self._ingest, self._on_problem = ingest, on_problem
        self._waiting: list[Prepared] = []
        self._counts = Counts()
        self.written = Counts()

    def take(self, outcome: Prepared | FeedProblem) -> None:
        """Count an outcome, and write when enough have come."""
        now = self._counts
        self._counts = now = replace(now, done=now.done + 1)
        if isinstance(outcome, FeedProblem):
            self._note(outcome)
        else:
            for failure in outcome.failures:
                self._note(FeedProblem(outcome.product.product_id, str(failure)))
            if outcome.is_unchanged:
                self._counts = replace(self._counts, unchanged=now.unchanged + 1)
            else:
                self._waiting.append(outcome)
        if len(self._waiting) == BATCH:
            self.flush()
        elif not self._waiting:
            self.written = self._counts

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting:
            written = self._ingest.write_all(self._waiting)
            new = sum(one.old is None for one in written)
            now = self._counts
            self._counts = replace(now, added=now.added + new, updated=now.updated + len(written) - new)
            self._waiting = []
        self.written = self._counts

    def _note(self, problem: FeedProblem) -> None:
        self._counts = replace(self._counts, problems=self._counts.problems + 1)
        self._on_problem(problem)


def _map_ahead(
    pool: ThreadPoolExecutor,
    function: Callable[[FeedItem | FeedProblem], Prepared | FeedProblem],
    items: Iterable[FeedItem | FeedProblem],
) -> Iterator[Prepared | FeedProblem]:
    """function(item) of every item in order, worked on at most _AHEAD items before it is asked for."""
    waiting: deque[Future[Prepared | FeedProblem]] = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) >= _AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
