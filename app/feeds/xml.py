"""Feeds as XML: RSS 2.0's items or Atom's entries, with Google's fields in the g: namespace or in none."""

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
_OF_THE_FEED = ("guid", "pubDate", "author", "comments", "source", "enclosure", "published", "updated", "rights")
_MEANS = {"summary": "description", "content": "description"}  # Atom's
_CHUNK = 2**16


class _Entries:
    """A target of the parser that keeps only the entry at hand, so that memory does not grow with the file."""

    def __init__(self) -> None:
        self.root = ""
        self._found: list[Element] = []
        self._open: list[Element] = []
        self._text: list[str] = []  # since the last tag

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self.root = self.root or tag
        if self._open or tag in _ENTRIES:
            element = Element(tag, attributes)
            if self._open:
                self._open[-1].append(element)
            self._open.append(element)
            self._text = []

    def data(self, text: str) -> None:
        """A piece of text."""
        if self._open:
            self._text.append(text)

    def end(self, _tag: str) -> None:
        """An element ends. Only those without children have a text: what stands between children is of no use here."""
        if self._open:
            element = self._open.pop()
            if not len(element):
                element.text = "".join(self._text)
            if not self._open:
                self._found.append(element)

    def close(self) -> None:
        """The document ends."""

    def taken(self) -> list[Element]:
        """The entries that have ended since the last call."""
        found, self._found = self._found, []
        return found


def read_xml(file: BinaryIO, path: Path) -> Iterator[FeedRecord | FeedProblem]:
    """The entries of a document. Raises FeedError where it stops being one, and for entities and document types."""
    entries = _Entries()
    parser = DefusedXMLParser(target=entries, forbid_dtd=True)
    number = waiting = 0
    try:
        while chunk := file.read(_CHUNK):
            parser.feed(chunk)
            found = entries.taken()
            waiting = 0 if found else waiting + len(chunk)
            if waiting > MAX_LINE_BYTES:
                raise _error(path, f"entry {number + 1} is too long: expected at most {MAX_LINE_BYTES:,} bytes")
            for element in found:
                number += 1
                yield FeedRecord(f"entry {number}", _fields(element))
        parser.close()
    except DefusedXmlException:
        raise _error(path, "it has a document type or entities: expected plain RSS 2.0 or Atom") from None
    except (ParseError, ValueError, LookupError) as error:
        if isinstance(error, FeedError):
            raise
        raise _error(path, f"{error} after entry {number}: expected well-formed XML") from None
    if not number:
        root = entries.root.rpartition("}")[2]
        raise _error(path, f"<{cut(root)}> has no products: expected RSS 2.0 with <item>, or Atom with <entry>")


def _fields(entry: Element) -> Fields:
    """An entry's fields; Google's own win over what RSS and Atom mean by the same name."""
    plain: Fields = {}
    google: Fields = {}
    for child in entry:
        space, _, name = child.tag.rpartition("}")
        text = child.text or ""  # of groups, such as g:shipping, there is none
        if name == "link" and not text.strip():
            text = child.get("href", "")  # Atom's
        if space == f"{{{GOOGLE}":
            add_value(google, name, text)
        elif name not in _OF_THE_FEED:
            add_value(plain, _MEANS.get(name, name), text)
    return {**plain, **google}


def _error(path: Path, reason: str) -> FeedError:
    return FeedError(f"feed {path.name} cannot be read: {reason}")
