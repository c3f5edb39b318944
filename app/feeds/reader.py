"""Reader of a source of products in any format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar

from app.catalogue.import_jobs import FeedProblem
from app.core.error_text import truncate
from app.feeds.delimited import ID, REQUIRED, read_table
from app.feeds.json_lines import read_json_lines
from app.feeds.line_reader import Lines
from app.feeds.photo_folder import read_folder
from app.feeds.product_fields import read_record, read_texts
from app.feeds.records import FeedError, FeedItem, FeedRecord, FeedTexts
from app.feeds.xml import read_xml

MAX_PRODUCTS = 1_000_000

_START = 1024  # bytes by which the format is detected
_COMPRESSION_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_Item = TypeVar("_Item", FeedItem, FeedTexts)


def read_source(path: Path) -> Iterator[FeedItem | FeedProblem]:
    """Read the products of a photo folder or of a feed file. Raises FeedError."""
    if path.is_dir():
        return read_folder(path)
    if path.is_file():
        return read_feed(path)
    raise FeedError(f"no source at {path}: expected a folder of photos, or a feed file")


def count_source(path: Path) -> int:
    """Count the items of a source, problems included. Raises FeedError."""
    return sum(1 for _ in read_source(path))


class FeedIds(NamedTuple):
    """Product ids that a source names, also in entries that cannot be imported."""

    ids: set[str]
    entries: int
    unknown: int  # entries whose id cannot be read


def read_ids(path: Path) -> FeedIds:
    """Read the product ids of a photo folder or feed file. Raises FeedError."""
    ids, entries, unknown = set[str](), 0, 0
    for name in _iterate_ids(path):
        entries += 1
        if name is None:
            unknown += 1
        else:
            ids.add(name)
    return FeedIds(ids, entries, unknown)


def _iterate_ids(path: Path) -> Iterator[str | None]:
    """Yield the product id of each entry of a source, None where it cannot be read. Raises FeedError."""
    if path.is_dir():
        for item in read_folder(path):
            yield item.product.product_id if isinstance(item, FeedItem) else None
        return
    with path.open("rb") as file:
        for record in _read_records(file, path, REQUIRED):
            yield record.fields.get("id", [None])[0] if isinstance(record, FeedRecord) else None


def read_feed(path: Path) -> Iterator[FeedItem | FeedProblem]:
    """Yield the products of a feed: TSV, CSV, JSON Lines, or XML as RSS 2.0 or Atom. Its content tells the format.

    Raises FeedError when the format is unknown, and when reading reaches a place that violates it.
    """
    return _read_items(path, REQUIRED, read_record)


def read_feed_texts(path: Path, language: str) -> Iterator[FeedTexts | FeedProblem]:
    """Yield the texts of a feed in a language. Its products need no photos. Raises FeedError as read_feed() does."""
    return _read_items(path, (ID,), partial(read_texts, language=language))


def _read_items(
    path: Path, required: tuple[str, ...], read: Callable[[FeedRecord], _Item | FeedProblem]
) -> Iterator[_Item | FeedProblem]:
    """Yield what `read` makes of the records of a feed; an id that came before is a problem. Raises FeedError."""
    seen: set[str] = set()
    with path.open("rb") as file:
        for record in _read_records(file, path, required):
            item = read(record) if isinstance(record, FeedRecord) else record
            if not isinstance(item, FeedProblem):
                if item.product_id in seen:
                    reason = f"product id {truncate(item.product_id)} came before: expected distinct ids"
                    item = FeedProblem(record.where, reason, "duplicate")
                else:
                    seen.add(item.product_id)
                if len(seen) > MAX_PRODUCTS:
                    raise FeedError(f"feed {path.name} has too many products: expected at most {MAX_PRODUCTS:,}")
            yield item


def _read_records(file: BinaryIO, path: Path, required: tuple[str, ...]) -> Iterator[FeedRecord | FeedProblem]:
    """Read the records of a feed. The first bytes tell its format without ambiguity. Raises FeedError."""
    start = file.read(_START)
    file.seek(0)
    for magic, kind in _COMPRESSION_MAGIC.items():
        if start.startswith(magic):
            raise FeedError(f"feed {path.name} is compressed ({kind}): expected it unpacked")
    if not start:
        raise FeedError(f"feed {path.name} is empty: expected TSV, CSV, JSON Lines or XML")
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<") or start.startswith((b"\xff\xfe<", b"\xfe\xff\0<")):
        return read_xml(file, path)
    if text.startswith(b"{"):
        return read_json_lines(Lines(file, path))
    if text.startswith(b"["):
        raise FeedError(f"feed {path.name} is one JSON array: expected JSON Lines, one object per line")
    return read_table(Lines(file, path), required)
