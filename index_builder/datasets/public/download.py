"""Download of one file over HTTP that resumes after an interruption, also in a later run.

The bytes are in NAME.partial until the file is complete. NAME.partial.json beside it holds their URL and version (ETag,
else Last-Modified). A download resumes only for the same version (RFC 9110: Range, If-Range).
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx

from app.core.atomic_files import replace_durably, write_atomically

PAUSES = (1.0, 2.0, 4.0, 8.0)  # seconds before a retry, by the number of attempts in a row without new bytes

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})  # status codes that are worth a retry
_PAGE = "a web page came instead of the file"
_PAGE_STARTS = (b"<!doctype html", b"<html")

_log = logging.getLogger(__name__)


class DownloadError(ValueError):
    """URL without a file: dead, refused, or a web page. The message has the URL and the reason."""

    def __init__(self, url: object, why: str) -> None:
        super().__init__(f"{url} cannot be downloaded ({why})")


class _InterruptedError(Exception):
    """Attempt that ended before the file was complete; another attempt may resume it."""


def download(
    url: str,
    target: Path,
    client: httpx.Client,
    report: Callable[[int, int | None], object],
    pauses: Sequence[float] = PAUSES,
) -> None:
    """Fetch a file, or the missing rest of it.

    `report` is called with the number of bytes so far, and the total if it is known. A failed attempt is retried after
    a pause. After as many retries in a row without new bytes as there are `pauses`, it gives up.

    Raises DownloadError; the bytes so far stay for the next run.
    """
    partial = target.with_name(f"{target.name}.partial")
    furthest, fruitless = _size(partial), 0
    while True:
        try:
            _transfer(url, partial, client, report)
            break
        except (_InterruptedError, httpx.RequestError) as error:
            fruitless = 0 if _size(partial) > furthest else fruitless + 1
            furthest = max(furthest, _size(partial))
            if fruitless > len(pauses):
                raise DownloadError(url, str(error) or type(error).__name__) from error
            time.sleep(pauses[max(fruitless - 1, 0)])
    replace_durably(partial, target)
    _note_path(partial).unlink(missing_ok=True)


def _transfer(url: str, partial: Path, client: httpx.Client, report: Callable[[int, int | None], object]) -> None:
    """Send one request and append its body to the file.

    Raises _InterruptedError if the file is not complete after it.
    """
    version = _read_partial_version(partial, url)
    there = _size(partial) if version else 0
    headers = {"Range": f"bytes={there}-", "If-Range": version} if there else {}
    with client.stream("GET", url, headers=headers) as response:
        _check_status(response, partial)
        start, whole = _content_span(response)
        if start and (start != there or _response_version(response) not in ("", version)):  # If-Range was ignored
            _delete_partial(partial)
            raise _InterruptedError("the file changed during the download")
        if not start:
            if there:
                _log.warning("%s starts again: the server has another version, or cannot resume", partial.stem)
            _start_partial(partial, url, _response_version(response))
        with partial.open("ab" if start else "wb") as file:
            for chunk in response.iter_raw():
                if not file.tell():
                    _check_is_not_page(response, chunk)
                file.write(chunk)
                report(file.tell(), whole)
    if whole is not None and _size(partial) != whole:
        raise _InterruptedError(f"{_size(partial):,} of {whole:,} bytes came")


def _refusal(response: httpx.Response, why: str) -> DownloadError:
    """Build the error with the requested URL, not with that of a redirect."""
    return DownloadError((response.history or [response])[0].url, why)


def _check_status(response: httpx.Response, partial: Path) -> None:
    status = f"{response.status_code} {response.reason_phrase}".strip()
    if response.status_code == 416:  # range beyond the end: the partial file is of another version
        _delete_partial(partial)
        raise _InterruptedError(status)
    if response.status_code in _PASSING:
        raise _InterruptedError(status)
    if response.status_code not in (200, 206):
        raise _refusal(response, status)
    if response.headers.get("content-type", "").startswith("text/html"):
        raise _refusal(response, f"{status}, but {_PAGE}")


def _check_is_not_page(response: httpx.Response, first_bytes: bytes) -> None:
    """Raise DownloadError for a web page.

    Some hosts send a page of questions with the content type of a file.
    """
    if first_bytes.lstrip().lower().startswith(_PAGE_STARTS):
        raise _refusal(response, _PAGE)


def _content_span(response: httpx.Response) -> tuple[int, int | None]:
    """Return the body's first byte within the file, and the size of the whole file if the server sends it."""
    if response.status_code == 206:
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("content-range", ""))
        if match is None:
            raise _refusal(response, "206 without a Content-Range that can be read")
        return int(match[1]), None if match[2] == "*" else int(match[2])
    length = response.headers.get("content-length", "")
    return 0, int(length) if length.isdecimal() else None


def _response_version(response: httpx.Response) -> str:
    """Return the value for If-Range: a strong ETag, else the date of the last change, else ""."""
    etag = str(response.headers.get("etag", ""))
    return etag if etag and not etag.startswith("W/") else str(response.headers.get("last-modified", ""))


def _note_path(partial: Path) -> Path:
    return partial.with_name(f"{partial.name}.json")


def _start_partial(partial: Path, url: str, version: str) -> None:
    partial.unlink(missing_ok=True)  # first: old bytes must never be taken for the new version's
    text = json.dumps({"url": url, "version": version})
    write_atomically(_note_path(partial), lambda path: path.write_text(text))


def _read_partial_version(partial: Path, url: str) -> str:
    """Return the version of the bytes in the file; empty if unknown, or of another URL."""
    try:
        note = json.loads(_note_path(partial).read_text())
        return str(note["version"]) if note["url"] == url else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _delete_partial(partial: Path) -> None:
    partial.unlink(missing_ok=True)
    _note_path(partial).unlink(missing_ok=True)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
