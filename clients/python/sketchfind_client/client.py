"""The synchronous client."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Unpack

from sketchfind_client import requests
from sketchfind_client.connection import Connection
from sketchfind_client.errors import is_over, unfinished_error
from sketchfind_client.types import (
    Deletion,
    Deletions,
    Event,
    EventReceipt,
    Health,
    Import,
    PatchReport,
    Picture,
    Problem,
    Product,
    ProductChanges,
    ProductDetails,
    ProductFields,
    ProductPatch,
    Readiness,
    Result,
    SearchAnswer,
    SearchOptions,
    SimilarOptions,
    Sketch,
)


class Client(Connection):
    """Client of a Sketchfind server, for any number of threads.

    Every method raises SketchfindError when it fails.
    `address` is the server's URL, which may have a path, and `key` an API key for writes. `timeout` is in seconds, for
    each step of a request. Refused requests are tried again up to `retries` times where that is safe.
    """

    def search(self, sketch: Sketch | None = None, *, k: int = 24, **options: Unpack[SearchOptions]) -> SearchAnswer:
        """Find the k products nearest to a sketch: strokes, the bytes of an image file, or its path.

        Without a sketch, find those that have the words `q`, which is among the options.
        """
        return self._send(requests.search(sketch, k, options))

    def iterate_results(
        self, sketch: Sketch | None = None, *, page_size: int = 24, **options: Unpack[SearchOptions]
    ) -> Iterator[Result]:
        """Yield the results of a search() in their order, fetching them page by page."""
        return self._iterate(requests.search(sketch, page_size, options))

    def find_similar(self, product_id: str, *, k: int = 24, **options: Unpack[SimilarOptions]) -> SearchAnswer:
        """Find the k products that look most like a product."""
        return self._send(requests.find_similar(product_id, k, options))

    def iterate_similar(
        self, product_id: str, *, page_size: int = 24, **options: Unpack[SimilarOptions]
    ) -> Iterator[Result]:
        """Yield the results of find_similar() in their order, fetching them page by page."""
        return self._iterate(requests.find_similar(product_id, page_size, options))

    def record_events(self, session: str, events: Sequence[Event]) -> EventReceipt:
        """Record what happened to the results of searches. `session` is random, 32 hexadecimal digits."""
        return self._send(requests.record_events(session, events))

    def get_product(self, product_id: str, *, lang: str | None = None) -> ProductDetails:
        """Return a product, with its texts in the language `lang` as far as it has them."""
        return self._send(requests.get_product(product_id, lang))

    def iterate_products(self, *, page_size: int = 200, lang: str | None = None) -> Iterator[Product]:
        """Yield all products in the order of their ids, fetching them page by page."""
        return self._iterate(requests.list_products(page_size, lang))

    def put_product(
        self, product_id: str, fields: ProductFields | None = None, photos: Sequence[Picture] = ()
    ) -> ProductDetails:
        """Add or replace a product, and return it. Without fields, or without photos, it keeps those that it has."""
        return self._send(requests.put_product(product_id, fields, photos))

    def patch_product(self, product_id: str, changes: ProductChanges) -> ProductDetails:
        """Change fields of a product, and return it. Fields that are missing stay, None removes one, photos stay."""
        return self._send(requests.patch_product(product_id, changes))

    def patch_products(self, patches: Iterable[ProductPatch]) -> PatchReport:
        """Change fields of many products, in order. Patches that cannot be used are left out, and reported by line."""
        return self._send(requests.patch_products(patches))

    def delete_product(self, product_id: str) -> Deletion:
        """Delete a product."""
        return self._send(requests.delete_product(product_id))

    def delete_products(self, product_ids: Iterable[str]) -> Deletions:
        """Delete many products in one transaction. Unknown ids are only counted."""
        return self._send(requests.delete_products(product_ids))

    def start_import(
        self,
        feed: bytes | str | os.PathLike[str],
        *,
        complete: bool = False,
        max_removed: float | None = None,
        dry_run: bool = False,
        language: str | None = None,
    ) -> Import:
        """Start an import of a feed, given by its bytes or its path. The server runs it in the background.

        With `complete`, products that the feed lacks are removed, but at most `max_removed` percent of all: by default
        the server's 20. With `dry_run`, the feed is only checked. With `language`, it only adds its texts, in
        that language, to products that exist.
        """
        with requests.open_feed(feed) as file:
            return self._send(requests.start_import(file, max_removed, language, complete=complete, dry_run=dry_run))

    def get_import(self, import_id: str) -> Import:
        """Return the progress of an import."""
        return self._send(requests.get_import(import_id))

    def iterate_imports(self, *, page_size: int = 100) -> Iterator[Import]:
        """Yield all imports, newest first and without their errors, fetching them page by page."""
        return self._iterate(requests.list_imports(page_size))

    def cancel_import(self, import_id: str) -> Import:
        """Cancel an import. What it has written stays. An import that is over stays as it is."""
        return self._send(requests.cancel_import(import_id))

    def wait_for_import(
        self,
        import_id: str,
        *,
        timeout: float | None = None,
        interval: float = 1,
        on_progress: Callable[[Import], object] | None = None,
    ) -> Import:
        """Wait until an import is done, has failed or is cancelled, and return it.

        Its progress is asked for every `interval` seconds and given to `on_progress`. Raises SketchfindError
        import_unfinished after `timeout` seconds.
        """
        start = time.monotonic()
        while True:
            job = self.get_import(import_id)
            if on_progress is not None:
                on_progress(job)
            if is_over(job):
                return job
            if timeout is not None and time.monotonic() + interval > start + timeout:
                raise unfinished_error(job, timeout)
            time.sleep(interval)

    def iterate_import_errors(self, import_id: str) -> Iterator[Problem]:
        """Yield the stored errors of an import, fetching them page by page."""
        return self._iterate(requests.list_import_errors(import_id))

    def check_health(self) -> Health:
        """Return the status of a server that answers."""
        return self._send(requests.check_health())

    def check_readiness(self) -> Readiness:
        """Return the status of a server that can search."""
        return self._send(requests.check_readiness())
