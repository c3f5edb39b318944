"""The asynchronous client behind the methods of the synchronous one, so that both pass the same tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from sketchfind_client import AsyncClient


class BlockingClient:
    """Asynchronous client whose methods wait for their results. Iterators become lists."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._loop = asyncio.Runner()
        self._client = AsyncClient(*arguments, **options)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)

        def call(*arguments: Any, **options: Any) -> Any:
            return self._loop.run(_wait(method(*arguments, **options)))

        return call

    def close(self) -> None:
        """Close the client and its event loop."""
        self._loop.run(self._client.close())
        self._loop.close()


async def _wait(result: Awaitable[Any] | AsyncIterator[Any]) -> Any:
    return [item async for item in result] if isinstance(result, AsyncIterator) else await result
