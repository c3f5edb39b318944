"""One file over HTTP, continued where it was cut: in this run or in the next.

The bytes lie in NAME.partial until the file is whole. NAME.partial.json beside it says which URL they are from, and
which version (ETag, else Last-Modified): only that version is ever continued (RFC 9110: Range, If-Range).
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

PAUSES = (1.0, 2.0, 4.0, 8.0)  # seconds before another try, after tries in a row that brought nothing new

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})  # may be another answer in a moment
_PAGE = "a web page came instead of the file"
_PAGE_STARTS = (b"<!doctype html", b"<html")

_log = logging.getLogger(__name__)


class DownloadError(ValueError):
    """The URL gives no file: dead, refused, or a web page in its place. The message names it and says why."""

    def __init__(self, url: object, why: str) -> None:
        super().__init__(f"{url} cannot be downloaded ({why})")


class _InterruptedError(Exception):
    """This try ended before the file was whole; another may go on."""


def download(
    url: str,
    target: Path,
    client: httpx.Client,
    report: Callable[[int, int | None], object],
    pauses: Sequence[float] = PAUSES,
) -> None:
    """Fetch a file, or what is still missing of it. `report` is told the bytes that are there, and the whole if known.

    A try that fails is repeated after a pause; only as many as there are `pauses` may in a row bring nothing new.
    Raises Unavailable, and leaves what has come for the next run.
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
    _note_file(partial).unlink(missing_ok=True)


def _transfer(url: str, partial: Path, client: httpx.Client, report: Callable[[int, int | None], object]) -> None:
    """One request, written to the file as it comes. Raises _Cut if the file is not whole after it."""
    version = _version_of_partial(partial, url)
    there = _size(partial) if version else 0
    headers = {"Range": f"bytes={there}-", "If-Range": version} if there else {}
    with client.stream("GET", url, headers=headers) as response:
        _check_status(response, partial)
        start, whole = _span(response)
        if start and (start != there or _version(response) not in ("", version)):  # it did not heed If-Range
            _forget(partial)
            raise _InterruptedError("the file has changed meanwhile")
        if not start:
            if there:
                _log.warning("%s starts again: the server has another version, or cannot continue", partial.stem)
            _note(partial, url, _version(response))
        with partial.open("ab" if start else "wb") as file:
            for chunk in response.iter_raw():
                if not file.tell():
                    _check_no_page(response, chunk)
                file.write(chunk)
                report(file.tell(), whole)
    if whole is not None and _size(partial) != whole:
        raise _InterruptedError(f"{_size(partial):,} of {whole:,} bytes came")


def _refused(response: httpx.Response, why: str) -> DownloadError:
    """With the address that was asked for, not where it led."""
    return DownloadError((response.history or [response])[0].url, why)


def _check_status(response: httpx.Response, partial: Path) -> None:
    status = f"{response.status_code} {response.reason_phrase}".strip()
    if response.status_code == 416:  # nothing after what is there: that was another version
        _forget(partial)
        raise _InterruptedError(status)
    if response.status_code in _PASSING:
        raise _InterruptedError(status)
    if response.status_code not in (200, 206):
        raise _refused(response, status)
    if response.headers.get("content-type", "").startswith("text/html"):
        raise _refused(response, f"{status}, but {_PAGE}")


def _check_no_page(response: httpx.Response, first_bytes: bytes) -> None:
    """Some hosts ask questions in a page that they declare to be any file."""
    if first_bytes.lstrip().lower().startswith(_PAGE_STARTS):
        raise _refused(response, _PAGE)


def _span(response: httpx.Response) -> tuple[int, int | None]:
    """First byte of the body within the file, and the size of the whole file if the server says."""
    if response.status_code == 206:
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("content-range", ""))
        if match is None:
            raise _refused(response, "206 without a Content-Range that can be read")
        return int(match[1]), None if match[2] == "*" else int(match[2])
    length = response.headers.get("content-length", "")
    return 0, int(length) if length.isdecimal() else None


def _version(response: httpx.Response) -> str:
    """What If-Range takes: a strong ETag, else the date of the last change, else nothing."""
    etag = str(response.headers.get("etag", ""))
    return etag if etag and not etag.startswith("W/") else str(response.headers.get("last-modified", ""))


def _note_file(partial: Path) -> Path:
    return partial.with_name(f"{partial.name}.json")


def _note(partial: Path, url: str, version: str) -> None:
    partial.unlink(missing_ok=True)  # first: old bytes must never be taken for the new version's
    text = json.dumps({"url": url, "version": version})
    write_atomically(_note_file(partial), lambda path: path.write_text(text))


def _version_of_partial(partial: Path, url: str) -> str:
    """The version that the bytes in the file are of; empty if unknown, or of another URL."""
    try:
        note = json.loads(_note_file(partial).read_text())
        return str(note["version"]) if note["url"] == url else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _forget(partial: Path) -> None:
    partial.unlink(missing_ok=True)
    _note_file(partial).unlink(missing_ok=True)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
