"""httpx over a network of our own: httpx.HTTPTransport takes none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import httpcore
import httpx


class Transport(httpx.BaseTransport):
    """Sends httpx's requests through httpcore, whose exceptions come out as httpx.TransportError."""

    def __init__(self, network: httpcore.NetworkBackend, connections: int) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=connections,
            network_backend=network,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; its body is read as the response is iterated."""
        url = request.url
        sent = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=cast(httpx.SyncByteStream, request.stream),
            extensions=request.extensions,
        )
        try:
            response = self._pool.handle_request(sent)
        except httpcore.UnsupportedProtocol as error:
            raise httpx.UnsupportedProtocol(_told(error), request=request) from error
        except _ERRORS as error:
            raise httpx.TransportError(_told(error), request=request) from error
        body = _Body(cast(httpx.SyncByteStream, response.stream), request)
        return httpx.Response(response.status, headers=response.headers, stream=body, extensions=response.extensions)

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    """A response's body."""

    def __init__(self, stream: httpx.SyncByteStream, request: httpx.Request) -> None:
        self._stream, self._request = stream, request

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._stream
        except _ERRORS as error:
            raise httpx.TransportError(_told(error), request=self._request) from error

    def close(self) -> None:
        """Give the connection back."""
        self._stream.close()


_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ConnectionNotAvailable,
)


def _told(error: Exception) -> str:
    return str(error) or type(error).__name__
