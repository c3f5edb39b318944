"""Requests by httpx over a network backend of our own, which httpx.HTTPTransport does not accept; limits of answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import httpcore
import httpx

from app.core.error_text import truncate

MAX_REDIRECTS = 5


class Transport(httpx.BaseTransport):
    """Transport that sends requests through httpcore. Its exceptions are raised as httpx.TransportError."""

    def __init__(self, network: httpcore.NetworkBackend, connections: int) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=connections,
            network_backend=network,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. The body of the response is read as it is iterated. Raises httpx.TransportError."""
        url = request.url
        core_request = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=cast(httpx.SyncByteStream, request.stream),
            extensions=request.extensions,
        )
        try:
            response = self._pool.handle_request(core_request)
        except httpcore.UnsupportedProtocol as error:
            raise httpx.UnsupportedProtocol(error_message(error), request=request) from error
        except _TRANSPORT_ERRORS as error:
            raise httpx.TransportError(error_message(error), request=request) from error
        body = _ResponseBody(cast(httpx.SyncByteStream, response.stream), request)
        return httpx.Response(response.status, headers=response.headers, stream=body, extensions=response.extensions)

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _ResponseBody(httpx.SyncByteStream):
    """Body of a response."""

    def __init__(self, stream: httpx.SyncByteStream, request: httpx.Request) -> None:
        self._stream, self._request = stream, request

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._stream
        except _TRANSPORT_ERRORS as error:
            raise httpx.TransportError(error_message(error), request=self._request) from error

    def close(self) -> None:
        """Return the connection to the pool."""
        self._stream.close()


_TRANSPORT_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ConnectionNotAvailable,
)


def error_message(error: Exception) -> str:
    """Return the message of an error, or the name of its class if it has none."""
    return str(error) or type(error).__name__


def follow_redirects(client: httpx.Client, url: str, headers: dict[str, str]) -> httpx.Response:
    """Return the response at the end of a URL's redirects, before its body is read.

    Redirects are followed here because httpx would read and unpack their bodies. Raises ValueError when there are too
    many.
    """
    request = client.build_request("GET", url, headers=headers)
    for _ in range(MAX_REDIRECTS + 1):
        response = client.send(request, stream=True)
        if response.next_request is None:
            return response
        response.close()
        request = response.next_request
    raise ValueError("Exceeded maximum allowed redirects.")


def check_headers(response: httpx.Response, max_bytes: int) -> None:
    """Check status, encoding and size of a response. Raises ValueError."""
    if response.status_code != 200:
        raise ValueError(f"the server answers {response.status_code}: expected 200")
    coding = response.headers.get("content-encoding", "identity")
    if coding != "identity":
        raise ValueError(f"its content-encoding is {truncate(coding)}: expected none")
    length = response.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > 18 or int(length) > max_bytes):
        raise ValueError(f"it has {length[:18]} bytes: expected at most {max_bytes:,}")


def iterate_body(response: httpx.Response, max_bytes: int) -> Iterator[bytes]:
    """Yield the body of a response in chunks. Raises ValueError when it is too large."""
    size = 0
    for chunk in response.iter_raw():
        size += len(chunk)
        if size > max_bytes:
            raise ValueError(f"it has more bytes than the {max_bytes:,} expected at most")
        yield chunk
