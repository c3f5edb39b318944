"""Fetching of photos over HTTP and HTTPS, with limits on time, size, redirects and connections."""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field

import httpx

from app.core.error_text import MOST_LINK, cut, truncate
from app.photo_fetch.address_guard import GuardedNetwork, RefusedAddressError
from app.photo_fetch.transport import Transport, check_headers, error_message, follow_redirects, iterate_body
from app.photo_fetch.validator_cache import ValidatorCache, Validators
from model.preprocessing.images import UnreadableImageError

CONNECTIONS = 8
PER_HOST = 2  # connections
SECONDS = 60.0  # per attempt, redirects included
PAUSES = (0.5, 2.0, 8.0)  # s before each retry

_MAX_FAILURES = 10  # photos of a host that may fail in a row before its other photos are given up
_MAX_RETRY_AFTER = 30.0  # s
_MAX_MESSAGE = 300  # characters of the reason why a photo cannot be fetched
_TIMEOUT = httpx.Timeout(10, connect=5)  # s without any data
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})  # statuses that may change soon


class FetchStoppedError(Exception):
    """Fetch that was interrupted by stop()."""


class _TransientError(Exception):
    """Failure of one attempt. A retry may succeed after a pause of at least so many seconds."""

    def __init__(self, reason: str, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.pause = pause


@dataclass
class _Host:
    """Limits of one host."""

    slots: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(PER_HOST))
    failures: int = 0  # photos in a row


class RemotePhotos:
    """Fetcher of photos by URL. Safe to use from many threads. The caller has to close it."""

    def __init__(
        self, network: GuardedNetwork, cache: ValidatorCache, max_bytes: int, pauses: Sequence[float] = PAUSES
    ) -> None:
        self._network, self._cache, self._max_bytes, self._pauses = network, cache, max_bytes, pauses
        self._stopping = threading.Event()
        self._hosts: dict[str, _Host] = defaultdict(_Host)
        self._client = httpx.Client(
            transport=Transport(network, CONNECTIONS),
            timeout=_TIMEOUT,
            trust_env=False,
            headers={"User-Agent": "Sketchfind", "Accept": "image/*", "Accept-Encoding": "identity"},
        )

    def close(self) -> None:
        """Close all connections and the cache."""
        self._client.close()
        self._cache.close()

    def stop(self) -> None:
        """Make every fetch raise FetchStoppedError within seconds, including those in progress."""
        self._stopping.set()
        self._network.stop()

    def fetch(self, url: str, known: str | None) -> bytes | None:
        """Return the bytes of a photo, or None if it still has the SHA-256 `known`.

        Raises UnreadableImageError and FetchStoppedError.
        """
        host = self._hosts[host_name(url)]
        with host.slots:
            shown = cut(url, MOST_LINK)
            if host.failures >= _MAX_FAILURES:
                raise UnreadableImageError(
                    f"photo {shown} was not fetched: its host has failed {_MAX_FAILURES} times in a row"
                )
            for pause in (*self._pauses, None):
                if self._stopping.is_set():
                    raise FetchStoppedError
                try:
                    data = self._fetch_once(url, known)
                    host.failures = 0
                    return data
                except (_TransientError, httpx.TransportError) as error:
                    if self._stopping.is_set():
                        raise FetchStoppedError from None
                    if pause is None or isinstance(error, httpx.UnsupportedProtocol):
                        host.failures += 1
                        raise UnreadableImageError(
                            f"photo {shown} cannot be fetched: {_short_message(error)}"
                        ) from None
                    self._stopping.wait(max(pause, error.pause if isinstance(error, _TransientError) else 0.0))
                except (RefusedAddressError, httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
                    raise UnreadableImageError(f"photo {shown} cannot be fetched: {_short_message(error)}") from None
        raise AssertionError("the last try returns or raises")

    def _fetch_once(self, url: str, known: str | None) -> bytes | None:
        """Fetch a photo in one attempt, and store its validators.

        Raises httpx.HTTPError, httpx.InvalidURL, _TransientError, RefusedAddressError and ValueError.
        """
        cached = self._cache.get(url) if known else None
        conditions = cached.headers() if cached and cached.source == known else {}
        self._network.start_deadline(SECONDS)
        with closing(follow_redirects(self._client, url, conditions)) as response:
            if response.status_code == 304 and conditions:
                return None
            self._check_headers(response)
            data = b"".join(iterate_body(response, self._max_bytes))
        etag, modified = response.headers.get("etag", ""), response.headers.get("last-modified", "")
        self._cache.put(url, Validators(hashlib.sha256(data).hexdigest(), etag, modified))
        return data

    def _check_headers(self, response: httpx.Response) -> None:
        """Check status, encoding and size of a response. Raises _TransientError and ValueError."""
        status = response.status_code
        if status in _TRANSIENT:
            raise _TransientError(f"the server answers {status}", _retry_after(response))
        check_headers(response, self._max_bytes)


def host_name(url: str) -> str:
    """Return the host of a URL. Raises UnreadableImageError for URLs that are malformed, or not HTTP or HTTPS."""
    expected = "expected http:// or https:// and a host"
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise UnreadableImageError(
            f"image_link {truncate(url, MOST_LINK)} is not a URL ({_short_message(error)}): {expected}"
        ) from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise UnreadableImageError(f"image_link {truncate(url, MOST_LINK)} cannot be fetched: {expected}")
    return parsed.host


def _retry_after(response: httpx.Response) -> float:
    """Return the seconds of a response's Retry-After header, within limits. Dates count as 0."""
    seconds = response.headers.get("retry-after", "")
    return min(float(seconds), _MAX_RETRY_AFTER) if seconds.isdecimal() else 0.0


def _short_message(error: Exception) -> str:
    """Return the message of an error, cut, since libraries may quote the server or the link at any length."""
    return cut(error_message(error), _MAX_MESSAGE)
