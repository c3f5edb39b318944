"""Connections to a server: they send requests, again where that is safe, and fetch lists page by page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, Self

import httpx

from sketchfind_client.errors import Outcome, read_answer
from sketchfind_client.requests import AnswerT, PageRequest, Request
from sketchfind_client.retries import RetryPolicy


class Connection:
    """Connection for any number of threads."""

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

    def _send(self, request: Request[AnswerT]) -> AnswerT:
        """Send a request, again where that is safe, and return the JSON of its answer. Raises SketchfindError."""
        attempt, outcome = 0, self._try(request)
        while (delay := self._policy.delay_after(request, outcome, attempt)) is not None:
            time.sleep(delay)
            attempt, outcome = attempt + 1, self._try(request)
        answer: AnswerT = read_answer(outcome)
        return answer

    def _iterate(self, first: PageRequest[AnswerT]) -> Iterator[Any]:
        """Yield the items of a page and of all pages after it."""
        request: PageRequest[AnswerT] | None = first
        while request is not None:
            page = self._send(request)
            yield from request.items_of(page)
            request = request.next_after(page)

    def _try(self, request: Request[Any]) -> Outcome:
        """Send a request once, and return the answer or the error of the network."""
        try:
            return self._http.send(request.build(self._http))
        except httpx.RequestError as error:
            return error


class AsyncConnection:
    """Connection for any number of tasks of one event loop."""

    def __init__(
        self,
        address: str,
        key: str | None = None,
        *,
        timeout: float = 60,
        retries: int = 3,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.AsyncClient(base_url=address, headers=headers, timeout=timeout, transport=transport)
        self._policy = RetryPolicy(retries)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def _send(self, request: Request[AnswerT]) -> AnswerT:
        """Send a request, again where that is safe, and return the JSON of its answer. Raises SketchfindError."""
        attempt, outcome = 0, await self._try(request)
        while (delay := self._policy.delay_after(request, outcome, attempt)) is not None:
            await asyncio.sleep(delay)
            attempt, outcome = attempt + 1, await self._try(request)
        answer: AnswerT = read_answer(outcome)
        return answer

    async def _iterate(self, first: PageRequest[AnswerT]) -> AsyncIterator[Any]:
        """Yield the items of a page and of all pages after it."""
        request: PageRequest[AnswerT] | None = first
        while request is not None:
            page = await self._send(request)
            for item in request.items_of(page):
                yield item
            request = request.next_after(page)

    async def _try(self, request: Request[Any]) -> Outcome:
        """Send a request once, and return the answer or the error of the network."""
        try:
            return await self._http.send(request.build(self._http))
        except httpx.RequestError as error:
            return error
