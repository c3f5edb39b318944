"""Folders of photos as a source of products."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from app.catalogue.import_jobs import FeedProblem
from app.core.error_text import readable, truncate
from app.feeds.records import FeedItem
from app.products.product import Product

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")


def read_folder(folder: Path) -> Iterator[FeedItem | FeedProblem]:
    """Yield a product for every photo below a folder, in the order of names.

    The relative path of the photo, without its suffix, is the product id; its folder is the category.
    """
    seen: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        is_hidden = any(part.startswith(".") for part in relative.parts)
        if is_hidden or path.suffix.lower() not in PHOTO_SUFFIXES or not path.is_file():
            continue
        shown = readable(relative.as_posix())
        if shown != relative.as_posix():
            yield FeedProblem(shown, "its name is not UTF-8: rename the file")
            continue
        name = relative.with_suffix("").as_posix()
        if name in seen:
            reason = f"its product id {truncate(name)} is already that of {seen[name]}"
            yield FeedProblem(relative.as_posix(), reason, "duplicate")
            continue
        seen[name] = relative
        title = " ".join(re.split(r"[\s_-]+", relative.stem)).strip() or relative.stem
        try:
            product = Product(name, title, category=" > ".join(relative.parent.parts) or None)
        except ValueError as error:
            yield FeedProblem(relative.as_posix(), str(error))
            continue
        yield FeedItem(product, (relative.as_posix(),))
