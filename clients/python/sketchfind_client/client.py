"""The synchronous client."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self, Unpack

import httpx

from sketchfind_client import requests
from sketchfind_client.errors import Outcome, read_answer, unfinished_error
from sketchfind_client.requests import ERRORS_PER_PAGE, AnswerT, Request
from sketchfind_client.retries import RetryPolicy
from sketchfind_client.types import (
    Crop,
    Deletion,
    Filters,
    Health,
    Import,
    ImportProblem,
    Picture,
    Product,
    ProductDetails,
    ProductFields,
    Readiness,
    RequestedKind,
    SearchAnswer,
    Sketch,
    Values,
)


class Client:
    """Client of a Sketchfind server, for any number of threads.

    Every method raises SketchfindError when it fails.
    `address` is the server's URL, which may have a path, and `key` an API key for writes. `timeout` is in seconds, for
    each step of a request. Refused requests are tried again up to `retries` times where that is safe.
    """

    def __init__(
        self,
        address: str,
        key: str | None = None,
        *,
        timeout: float = 60,
        retries: int = 3,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(base_url=address, headers=headers, timeout=timeout, transport=transport)
        self._policy = RetryPolicy(retries)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def search(
        self,
        sketch: Sketch | None = None,
        *,
        k: int = 24,
        kind: RequestedKind = "auto",
        mirror: bool = True,
        paint: Values = None,
        crop: Crop | None = None,
        **filters: Unpack[Filters],
    ) -> SearchAnswer:
        """Find the k products nearest to a sketch: strokes, the bytes of an image file, or its path.

        Without a sketch, find those that have the words `q`, which is among the filters.
        Products of the colours `paint` come first, '#rrggbb' or a name; by default, of those of the strokes. `crop` is
        the box around the object in a photo; by default, the server guesses it.
        """
        return self._send(requests.search(sketch, k, kind, filters, paint, crop, mirror=mirror))

    def find_similar(self, product_id: str, *, k: int = 24, **filters: Unpack[Filters]) -> SearchAnswer:
        """Find the k products that look most like a product."""
        return self._send(requests.find_similar(product_id, k, filters))

    def get_product(self, product_id: str) -> ProductDetails:
        """Return a product."""
        return self._send(requests.get_product(product_id))

    def iterate_products(self, *, page_size: int = 200) -> Iterator[Product]:
        """Yield all products in the order of their ids, fetching them page by page."""
        after, is_last = None, False
        while not is_last:
            page = self._send(requests.list_products(after, page_size))
            yield from page["products"]
            after, is_last = page["next"], page["next"] is None

    def put_product(
        self, product_id: str, fields: ProductFields | None = None, photos: Sequence[Picture] = ()
    ) -> ProductDetails:
        """Add or replace a product, and return it. Without fields, or without photos, it keeps those that it has."""
        return self._send(requests.put_product(product_id, fields, photos))

    def delete_product(self, product_id: str) -> Deletion:
        """Delete a product."""
        return self._send(requests.delete_product(product_id))

    def start_import(self, feed: bytes | str | os.PathLike[str]) -> Import:
        """Start an import of a feed, given by its bytes or its path. The server runs it in the background."""
        with requests.open_feed(feed) as file:
            return self._send(requests.start_import(file))

    def get_import(self, import_id: str) -> Import:
        """Return the progress of an import."""
        return self._send(requests.get_import(import_id))

    def wait_for_import(
        self,
        import_id: str,
        *,
        timeout: float | None = None,
        interval: float = 1,
        on_progress: Callable[[Import], object] | None = None,
    ) -> Import:
        """Wait until an import is done or has failed, and return it.

        Its progress is asked for every `interval` seconds and given to `on_progress`. Raises SketchfindError
        import_unfinished after `timeout` seconds.
        """
        start = time.monotonic()
        while True:
            job = self.get_import(import_id)
            if on_progress is not None:
                on_progress(job)
            if job["state"] in ("done", "failed"):
                return job
            if timeout is not None and time.monotonic() + interval > start + timeout:
                raise unfinished_error(job, timeout)
            time.sleep(interval)

    def iterate_import_errors(self, import_id: str) -> Iterator[ImportProblem]:
        """Yield the stored errors of an import, fetching them page by page."""
        after: int | None = 0
        while after is not None:
            job = self._send(requests.get_import(import_id, after, ERRORS_PER_PAGE))
            yield from job["errors"]
            after = job["errors_next"]

    def check_health(self) -> Health:
        """Return the status of a server that answers."""
        return self._send(requests.check_health())

    def check_readiness(self) -> Readiness:
        """Return the status of a server that can search."""
        return self._send(requests.check_readiness())

    def _send(self, request: Request[AnswerT]) -> AnswerT:
        """Send a request, again where that is safe, and return the JSON of its answer. Raises SketchfindError."""
        attempt, outcome = 0, self._try(request)
        while (delay := self._policy.delay_after(request, outcome, attempt)) is not None:
            time.sleep(delay)
            attempt, outcome = attempt + 1, self._try(request)
        answer: AnswerT = read_answer(outcome)
        return answer

    def _try(self, request: Request[Any]) -> Outcome:
        """Send a request once, and return the answer or the error of the network."""
        try:
            return self._http.send(request.build(self._http))
        except httpx.RequestError as error:
            return error
