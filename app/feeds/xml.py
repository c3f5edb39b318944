"""Feeds as XML: RSS 2.0 or Atom, with Google's fields in the g: namespace or without a namespace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from app.catalogue.import_jobs import FeedProblem
from app.core.error_text import cut
from app.feeds.line_reader import MAX_LINE_BYTES
from app.feeds.records import FeedError, FeedRecord, Fields, add_value

GOOGLE = "http://base.google.com/ns/1.0"

_ENTRIES = ("item", "{http://purl.org/rss/1.0/}item", "entry", "{http://www.w3.org/2005/Atom}entry")
_IGNORED = ("guid", "pubDate", "author", "comments", "source", "enclosure", "published", "updated", "rights")
_SYNONYMS = {"summary": "description", "content": "description"}  # of Atom
_CHUNK = 2**16  # bytes


class _EntryCollector:
    """Parser target that holds only the current entry, so that memory does not grow with the file."""

    def __init__(self) -> None:
        self.root = ""
        self._finished: list[Element] = []
        self._open: list[Element] = []
        self._text: list[str] = []  # since the last tag

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Open an element."""
        self.root = self.root or tag
        if self._open or tag in _ENTRIES:
            element = Element(tag, attributes)
            if self._open:
                self._open[-1].append(element)
            self._open.append(element)
            self._text = []

    def data(self, text: str) -> None:
        """Collect a part of a text."""
        if self._open:
            self._text.append(text)

    def end(self, _tag: str) -> None:
        """Close an element. Only elements without children get a text, since text between children does not matter."""
        if self._open:
            element = self._open.pop()
            if not len(element):
                element.text = "".join(self._text)
            if not self._open:
                self._finished.append(element)

    def close(self) -> None:
        """Do nothing at the end of the document."""

    def take_finished(self) -> list[Element]:
        """Return the entries that ended since the last call."""
        finished, self._finished = self._finished, []
        return finished


def read_xml(file: BinaryIO, path: Path) -> Iterator[FeedRecord | FeedProblem]:
    """Yield the entries of a document. Raises FeedError for malformed XML, entities, and document types."""
    collector = _EntryCollector()
    parser = DefusedXMLParser(target=collector, forbid_dtd=True)
    number = pending_bytes = 0
    try:
        while chunk := file.read(_CHUNK):
            parser.feed(chunk)
            finished = collector.take_finished()
            pending_bytes = 0 if finished else pending_bytes + len(chunk)
            if pending_bytes > MAX_LINE_BYTES:
                raise _feed_error(path, f"entry {number + 1} is too long: expected at most {MAX_LINE_BYTES:,} bytes")
            for element in finished:
                number += 1
                yield FeedRecord(f"entry {number}", _read_fields(element))
        parser.close()
    except DefusedXmlException:
        raise _feed_error(path, "it has a document type or entities: expected plain RSS 2.0 or Atom") from None
    except (ParseError, ValueError, LookupError) as error:
        if isinstance(error, FeedError):
            raise
        raise _feed_error(path, f"{error} after entry {number}: expected well-formed XML") from None
    if not number:
        root = collector.root.rpartition("}")[2]
        raise _feed_error(path, f"<{cut(root)}> has no products: expected RSS 2.0 with <item>, or Atom with <entry>")


def _read_fields(entry: Element) -> Fields:
    """Read the fields of an entry. Google's fields win over those of RSS and Atom with the same name."""
    plain: Fields = {}
    google: Fields = {}
    for child in entry:
        space, _, name = child.tag.rpartition("}")
        text = child.text or ""  # None in groups, such as g:shipping
        if name == "link" and not text.strip():
            text = child.get("href", "")  # in Atom
        if space == f"{{{GOOGLE}":
            add_value(google, name, text)
        elif name not in _IGNORED:
            add_value(plain, _SYNONYMS.get(name, name), text)
    return {**plain, **google}


def _feed_error(path: Path, reason: str) -> FeedError:
    """Return a FeedError that names the file."""
    return FeedError(f"feed {path.name} cannot be read: {reason}")
