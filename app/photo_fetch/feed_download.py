"""Download of a feed by URL, with the limits and the address guard of photos."""

from __future__ import annotations

from contextlib import closing
from typing import BinaryIO

import httpx

from app.core.error_text import cut
from app.photo_fetch.address_guard import GuardedNetwork, RefusedAddressError
from app.photo_fetch.transport import Transport, check_headers, error_message, follow_redirects, iterate_body
from app.photo_fetch.validator_cache import Validators

_SECONDS = 600.0  # by default, for the whole download
_TIMEOUT = httpx.Timeout(30, connect=5)  # s without any data
_MAX_MESSAGE = 300  # characters
_HEADERS = {"User-Agent": "Sketchfind", "Accept": "*/*", "Accept-Encoding": "identity"}


class FeedUnavailableError(ValueError):
    """Feed that cannot be downloaded. The message does not contain its URL, which may have a password."""


def download_feed(
    network: GuardedNetwork,
    url: str,
    known: Validators | None,
    file: BinaryIO,
    max_bytes: int,
    seconds: float = _SECONDS,
) -> Validators | None:
    """Write a feed to a file within a time, and return its validators; None if it is the same as of the `known` ones.

    Raises FeedUnavailableError, and OSError when the file cannot be written.
    """
    network.start_deadline(seconds)
    try:
        with httpx.Client(
            transport=Transport(network, 1), timeout=_TIMEOUT, trust_env=False, headers=_HEADERS
        ) as client:
            conditions = known.headers() if known else {}
            with closing(follow_redirects(client, url, conditions)) as response:
                if response.status_code == 304 and conditions:
                    return None
                check_headers(response, max_bytes)
                _copy_body(response, file, max_bytes)
                return Validators("", response.headers.get("etag", ""), response.headers.get("last-modified", ""))
    except (RefusedAddressError, httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise FeedUnavailableError(cut(error_message(error), _MAX_MESSAGE)) from None


def _copy_body(response: httpx.Response, file: BinaryIO, max_bytes: int) -> None:
    """Write the body of a response to a file. Raises ValueError when it is empty, too large or incomplete."""
    size = 0
    for chunk in iterate_body(response, max_bytes):
        size += len(chunk)
        file.write(chunk)
    if not size:
        raise ValueError("it is empty: expected a feed")
