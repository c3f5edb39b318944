"""Changes to a gallery from the command line. Running servers see them within a second."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.progress import Progress

from app.catalogue.catalogue import Catalogue
from app.catalogue.import_jobs import FeedProblem
from app.core.error_text import truncate
from app.feeds.product_fields import read_fields
from app.feeds.reader import read_feed_texts
from app.feeds.records import FeedError, FeedTexts, Fields
from app.gallery.checkpoint_store import checkpoint_file
from app.gallery.layout import GalleryLocation
from app.ingest.pipeline import Ingest
from app.ingest.product_preparer import DraftPhoto, ProductUpdate
from app.ingest.texts.text_import import import_texts
from app.photo_fetch.linked_photos import read_photo
from app.products.product import Product
from index_builder.gallery.build import (
    BuildReport,
    Imported,
    SourceOptions,
    count_products,
    counting_bar,
    import_source,
)
from model.checkpoint import load_checkpoint


@dataclass(frozen=True)
class Change:
    """Outcome of writing one product: "added", "updated" or "unchanged"."""

    product: Product
    outcome: str


def add_product(location: GalleryLocation, product_id: str, fields: Fields, photos: Sequence[Path]) -> Change:
    """Add or replace a product. `fields` are those of a feed; a product keeps its own if none are given.

    The same holds for photos. Raises ValueError for fields that cannot be used or a new product without a photo, and
    UnreadableImageError.
    """

    def describe(old: Product | None) -> Product:
        if old is None and not photos:
            raise ValueError(f"product {truncate(product_id)} is new and has no photo: expected --photo FILE")
        if fields or old is None:
            return read_fields({**fields, "id": [product_id]}).with_languages_of(old)
        return old

    drafts = [DraftPhoto("", partial(_read_photo, path), f"photo {path}") for path in photos] or None
    with _open_for_writing(location) as (_, ingest):
        written = ingest.write(ProductUpdate(product_id, describe, drafts))
    outcome = "unchanged" if written.is_unchanged else "updated"
    return Change(written.product, "added" if written.old is None else outcome)


def remove_products(location: GalleryLocation, product_ids: Sequence[str]) -> int:
    """Delete products and return their number. Raises ValueError, and deletes none, if any of them is missing."""
    with _open_for_writing(location) as (catalogue, ingest):
        stored = catalogue.get_many(product_ids)
        missing = [product_id for product_id in product_ids if product_id not in stored]
        if missing:
            raise ValueError(f"there is no product {truncate(missing[0])} in {location.directory}: nothing was removed")
        return len(ingest.delete(product_ids))


def import_products(
    location: GalleryLocation,
    source: Path,
    progress: Progress | None = None,
    options: SourceOptions = SourceOptions(),
) -> BuildReport:
    """Bring an existing gallery up to date with a feed or photo folder, using the gallery's own checkpoint.

    The index is left to the servers. Raises FeedError before anything is changed.
    """
    with _open_for_writing(location) as (catalogue, ingest):
        step = counting_bar(progress, count_products(source))
        imported = import_source(source, location.directory, catalogue, ingest, step, options)
        return BuildReport.of(imported, catalogue.size())


def import_texts_in(
    language: str,
    location: GalleryLocation,
    source: Path,
    progress: Progress | None = None,
    *,
    is_dry_run: bool = False,
) -> BuildReport:
    """Add the texts of a feed to the products of an existing gallery, in a language (read_language()).

    Raises FeedError before anything is changed.
    """
    imported = Imported()
    with closing(location.open_catalogue()) as catalogue:
        step = counting_bar(progress, sum(1 for _ in _read_texts(source, language)))
        items = _read_texts(source, language)
        imported.counts = import_texts(catalogue, items, imported.skip, step, is_dry_run=is_dry_run)
        return BuildReport.of(imported, catalogue.size())


def _read_texts(source: Path, language: str) -> Iterator[FeedTexts | FeedProblem]:
    """Read the texts of a feed file. Raises FeedError."""
    if not source.is_file():
        raise FeedError(f"no feed at {source}: expected a feed file, as photos have no texts")
    return read_feed_texts(source, language)


@contextmanager
def _open_for_writing(location: GalleryLocation) -> Iterator[tuple[Catalogue, Ingest]]:
    """Open the catalogue for the block, together with an Ingest that embeds by the gallery's own checkpoint."""
    with closing(location.open_catalogue()) as catalogue:
        checkpoint = load_checkpoint(checkpoint_file(location, catalogue.state().checkpoint))
        catalogue.bind(checkpoint.sha256, checkpoint.network.dim)
        yield catalogue, Ingest(catalogue, location.claim_photos(catalogue), checkpoint)


def _read_photo(path: Path, _known: str | None) -> bytes:
    return read_photo(path)
