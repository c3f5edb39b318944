"""Where products come from: a shop's feed file (CSV or TSV), or a folder of photos. Both give the same items."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from app.products import Product

REQUIRED = ("id", "image_link")
PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")

_SYMBOLS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "₹": "INR"}
_CURRENCY = rf"[A-Za-z]{{3}}|[{''.join(_SYMBOLS)}]"
_PLAIN, _POINT, _COMMA = r"\d+(?:[.,]\d{1,2})?", r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", r"\d{1,3}(?:\.\d{3})+(?:,\d+)?"
_PRICE = re.compile(rf"({_CURRENCY})?\s*({_PLAIN}|{_POINT}|{_COMMA}|\d+\.\d+)\s*({_CURRENCY})?")


class FeedError(ValueError):
    """The source as a whole cannot be read."""


@dataclass(frozen=True)
class FeedItem:
    """A product as its source describes it, not embedded yet, and the file of its photo."""

    product: Product
    path: Path


@dataclass(frozen=True)
class FeedProblem:
    """Something in a source that gives no product: where ("line 7", a file) and why."""

    where: str
    reason: str


def read_source(path: Path) -> Iterator[FeedItem | FeedProblem]:
    """The products of a photo folder or of a feed file. Raises FeedError."""
    if path.is_dir():
        return read_folder(path)
    if path.is_file():
        return read_feed(path)
    raise FeedError(f"no source at {path}: expected a folder of photos, or a CSV or TSV feed")


def read_folder(folder: Path) -> Iterator[FeedItem | FeedProblem]:
    """Every photo below a folder, in the order of names: its relative path is the id, its folder the category."""
    seen: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in relative.parts)
        if hidden or path.suffix.lower() not in PHOTO_SUFFIXES or not path.is_file():
            continue
        name = relative.with_suffix("").as_posix()
        if name in seen:
            yield FeedProblem(relative.as_posix(), f"its product id {name!r} is already that of {seen[name]}")
            continue
        seen[name] = relative
        title = " ".join(re.split(r"[\s_-]+", relative.stem)).strip() or relative.stem
        try:
            product = Product(name, title, category=" > ".join(relative.parent.parts) or None)
        except ValueError as error:
            yield FeedProblem(relative.as_posix(), str(error))
            continue
        yield FeedItem(product, path)


def read_feed(path: Path) -> Iterator[FeedItem | FeedProblem]:
    """The lines of a feed: a header with at least id and image_link, then a product a line, tabs, commas or semicolons.

    Photos are files in the feed's folder or below it. Raises FeedError when there is no such header, or at the line
    where the file stops being UTF-8 text.
    """
    seen: set[str] = set()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            delimiter = max("\t,;", key=header.count)
            names = _columns(path, next(csv.reader([header], delimiter=delimiter), []))
            reader = csv.reader(file, delimiter=delimiter)
            for values in reader:
                if any(value.strip() for value in values):
                    fields = dict(zip(names, map(str.strip, values), strict=False))
                    # the header was taken before the reader began to count
                    yield _read_line(path.parent, fields, f"line {reader.line_num + 1}", seen)
    except (UnicodeDecodeError, csv.Error) as error:
        raise FeedError(f"feed {path} cannot be read ({error}): expected CSV or TSV in UTF-8") from None


def _columns(path: Path, header: list[str]) -> list[str]:
    """Column names as in the code; "Image Link" is image_link."""
    names = ["_".join(name.lower().split()) for name in header]
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        found = ", ".join(names) or "nothing"
        raise FeedError(f"feed {path} has no column {' and no '.join(missing)}: found {found} in its first line")
    return names


def _read_line(folder: Path, fields: Mapping[str, str], where: str, seen: set[str]) -> FeedItem | FeedProblem:
    """The item of one line; `seen` holds the ids of the lines before and gets this one's."""
    name = fields.get("id", "")
    try:
        if name in seen:
            raise ValueError(f"product id {name!r} came before: expected distinct ids")
        price, currency = _price(fields.get("price", ""))
        product = Product(
            product_id=name,
            title=fields.get("title") or name,
            category=fields.get("product_type"),
            price=price,
            currency=currency,
            link=fields.get("link") or None,
            color=fields.get("color") or None,
            gender=fields.get("gender") or None,
        )
        item = FeedItem(product, _photo(folder, fields.get("image_link", "")))
    except ValueError as error:
        return FeedProblem(where, str(error))
    seen.add(name)
    return item


def _photo(folder: Path, link: str) -> Path:
    """The file that an image_link means; one that leaves the feed's folder could name any file of this machine."""
    if not link:
        raise ValueError("image_link is empty: expected the path of a photo")
    if "://" in link:
        raise ValueError(f"image_link {link!r} is remote: expected a file in the feed's folder")
    path = (folder / link).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError(f"image_link {link!r} leaves the feed's folder: expected a file inside it")
    return path


def _price(text: str) -> tuple[Decimal | None, str | None]:
    """ "59.90 EUR", "59,90 €", "$1,299.00", "EUR 1.299,00" -> (Decimal, "EUR" or such); an empty price is none."""
    if not text:
        return None, None
    match = _PRICE.fullmatch(text)
    if match is None or (match[1] and match[3]):
        raise ValueError(f"price {text!r} cannot be read: expected a form such as '59.90 EUR'")
    currency = match[1] or match[3]
    return _number(match[2]), _SYMBOLS.get(currency, currency.upper()) if currency else None


def _number(text: str) -> Decimal:
    """The last separator is the decimal one, unless three digits follow it where separators group thousands."""
    if re.fullmatch(_POINT, text):
        return Decimal(text.replace(",", ""))
    if re.fullmatch(_COMMA, text) and ("," in text or text.count(".") > 1):
        return Decimal(text.replace(".", "").replace(",", "."))
    return Decimal(text.replace(",", "."))
