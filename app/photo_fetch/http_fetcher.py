"""Photos over http and https, with limits on everything that a web server could do to us."""

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
from app.photo_fetch.transport import Transport
from app.photo_fetch.validator_cache import ValidatorCache, Validators
from model.preprocessing.images import UnreadableImageError

CONNECTIONS = 8
PER_HOST = 2
SECONDS = 60.0  # for one try, redirects included
PAUSES = (0.5, 2.0, 8.0)  # s before another try
MAX_REDIRECTS = 5

_PATIENCE = 10  # photos in a row that a host may fail to give, before it is asked for no more
_LONGEST_PAUSE = 30.0  # s, of what a host may ask for by Retry-After
_MOST_TOLD = 300  # characters of why a photo cannot be fetched
_TIMEOUT = httpx.Timeout(10, connect=5)  # s of silence
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})  # may be another answer in a moment


class FetchStoppedError(Exception):
    """Whoever asks for photos ends."""


class _Again(Exception):
    """This try failed; another one, after so many seconds at least, may not."""

    def __init__(self, reason: str, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.pause = pause


@dataclass
class _Host:
    slots: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(PER_HOST))
    failures: int = 0  # in a row, of photos


class RemotePhotos:
    """Fetches photos; safe to use from many threads. Whoever makes one closes it."""

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
        """Have every fetch raise Stopped within seconds, those in progress too."""
        self._stopping.set()
        self._network.stop()

    def fetch(self, url: str, known: str | None) -> bytes | None:
        """The bytes of a photo; None when it still is the one of SHA-256 `known`. Raises UnreadableImage, Stopped."""
        host = self._hosts[_host_of(url)]
        with host.slots:
            shown = cut(url, MOST_LINK)
            if host.failures >= _PATIENCE:
                raise UnreadableImageError(
                    f"photo {shown} was not fetched: its host has failed {_PATIENCE} times in a row"
                )
            for pause in (*self._pauses, None):
                if self._stopping.is_set():
                    raise FetchStoppedError
                try:
                    data = self._try(url, known)
                    host.failures = 0
                    return data
                except (_Again, httpx.TransportError) as error:
                    if self._stopping.is_set():
                        raise FetchStoppedError from None
                    if pause is None or isinstance(error, httpx.UnsupportedProtocol):
                        host.failures += 1
                        raise UnreadableImageError(f"photo {shown} cannot be fetched: {_told(error)}") from None
                    self._stopping.wait(max(pause, error.pause if isinstance(error, _Again) else 0.0))
                except (RefusedAddressError, httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
                    raise UnreadableImageError(f"photo {shown} cannot be fetched: {_told(error)}") from None
        raise AssertionError("the last try returns or raises")

    def _try(self, url: str, known: str | None) -> bytes | None:
        cached = self._cache.get(url) if known else None
        asked = cached.headers() if cached and cached.source == known else {}
        self._network.start_deadline(SECONDS)
        with closing(self._ask(url, asked)) as response:
            if response.status_code == 304 and asked:
                return None
            self._check(response)
            data = self._read(response)
        etag, modified = response.headers.get("etag", ""), response.headers.get("last-modified", "")
        self._cache.put(url, Validators(hashlib.sha256(data).hexdigest(), etag, modified))
        return data

    def _ask(self, url: str, headers: dict[str, str]) -> httpx.Response:
        """What is at the end of a URL's redirects, its body still to be read. Theirs never are: httpx would read, and
        unpack, all of them. Raises ValueError when there are too many."""
        request = self._client.build_request("GET", url, headers=headers)
        for _ in range(MAX_REDIRECTS + 1):
            response = self._client.send(request, stream=True)
            if response.next_request is None:
                return response
            response.close()
            request = response.next_request
        raise ValueError("Exceeded maximum allowed redirects.")

    def _check(self, response: httpx.Response) -> None:
        """Raises _Again or ValueError unless a photo of an acceptable size can be read from here."""
        status = response.status_code
        if status in _PASSING:
            raise _Again(f"the server answers {status}", _pause_of(response))
        if status != 200:
            raise ValueError(f"the server answers {status}: expected 200")
        coding = response.headers.get("content-encoding", "identity")
        if coding != "identity":
            raise ValueError(f"its content-encoding is {truncate(coding)}: expected none")
        length = response.headers.get("content-length", "")
        if length.isdecimal() and (len(length) > 18 or int(length) > self._max_bytes):
            raise ValueError(f"it has {length[:18]} bytes: expected at most {self._max_bytes:,}")

    def _read(self, response: httpx.Response) -> bytes:
        data = bytearray()
        for chunk in response.iter_raw():
            data += chunk
            if len(data) > self._max_bytes:
                raise ValueError(f"it has more bytes than the {self._max_bytes:,} expected at most")
        return bytes(data)


def _host_of(url: str) -> str:
    """The host that a URL names. Raises UnreadableImage for one that cannot be fetched at all."""
    expected = "expected http:// or https:// and a host"
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise UnreadableImageError(
            f"image_link {truncate(url, MOST_LINK)} is not a URL ({_told(error)}): {expected}"
        ) from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise UnreadableImageError(f"image_link {truncate(url, MOST_LINK)} cannot be fetched: {expected}")
    return parsed.host


def _pause_of(response: httpx.Response) -> float:
    asked = response.headers.get("retry-after", "")
    return min(float(asked), _LONGEST_PAUSE) if asked.isdecimal() else 0.0


def _told(error: Exception) -> str:
    """What went wrong; a library's words may quote the server, or the link, at any length."""
    return cut(str(error) or type(error).__name__, _MOST_TOLD)
