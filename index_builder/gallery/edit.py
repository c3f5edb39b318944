"""Changes to a gallery from the command line, beside servers that are running: they see them within a second."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.progress import Progress

from app.catalogue.catalogue import Catalogue
from app.core.error_text import truncate
from app.feeds.product_fields import read_fields
from app.feeds.records import Fields
from app.gallery.checkpoint_store import checkpoint_file
from app.gallery.layout import PHOTOS, catalogue_of
from app.gallery.photo_store import PhotoStore
from app.ingest.pipeline import Ingest
from app.ingest.product_preparer import DraftPhoto, ProductUpdate
from app.photo_fetch.linked_photos import read_photo
from app.products.product import Product
from index_builder.gallery.build import BuildReport, count_products, counting_bar, import_source
from model.checkpoint import load_checkpoint


@dataclass(frozen=True)
class Change:
    """What became of one product: "added", "updated" or "unchanged"."""

    product: Product
    outcome: str


@dataclass(frozen=True)
class Place:
    """A gallery that there is: its directory, and the URL of the database that has its products, if that is no file."""

    gallery: Path
    url: str | None = None

    @contextmanager
    def catalogue(self) -> Iterator[Catalogue]:
        """The gallery's catalogue. Raises CatalogueError."""
        with closing(catalogue_of(self.gallery, self.url)) as catalogue:
            yield catalogue

    @contextmanager
    def writing(self) -> Iterator[tuple[Catalogue, Ingest]]:
        """The catalogue, and what writes to it by the checkpoint that it was made with."""
        with self.catalogue() as catalogue:
            checkpoint = load_checkpoint(checkpoint_file(self.gallery, catalogue.state().checkpoint))
            catalogue.bind(checkpoint.sha256, checkpoint.network.dim)
            yield catalogue, Ingest(catalogue, PhotoStore(self.gallery / PHOTOS), checkpoint)


def add_product(place: Place, product_id: str, fields: Fields, photos: Sequence[Path]) -> Change:
    """Add or replace a product, described by a feed's fields; without fields, or photos, it keeps those that it has.

    Raises ValueError for what it cannot be, and UnreadableImage.
    """

    def describe(old: Product | None) -> Product:
        if old is None and not photos:
            raise ValueError(f"product {truncate(product_id)} is new and has no photo: expected --photo FILE")
        if fields or old is None:
            return read_fields({**fields, "id": [product_id]})
        return old

    given = [DraftPhoto("", partial(_fetch, path), f"photo {path}") for path in photos] or None
    with place.writing() as (_, ingest):
        written = ingest.write(ProductUpdate(product_id, describe, given))
    outcome = "unchanged" if written.is_unchanged else "updated"
    return Change(written.product, "added" if written.old is None else outcome)


def remove_products(place: Place, product_ids: Sequence[str]) -> int:
    """Delete products and return how many. Raises ValueError, and deletes nothing, when one is not there."""
    with place.writing() as (catalogue, ingest):
        there = catalogue.get_many(product_ids)
        missing = [name for name in product_ids if name not in there]
        if missing:
            raise ValueError(f"there is no product {truncate(missing[0])} in {place.gallery}: nothing was removed")
        return len(ingest.delete(product_ids))


def import_products(
    place: Place, source: Path, progress: Progress | None = None, *, allow_private: bool = False
) -> BuildReport:
    """Bring a gallery that there is up to date with a feed or photo folder, by the checkpoint that it was made with.

    Its index is left to the servers. Raises FeedError before anything is changed.
    """
    with place.writing() as (catalogue, ingest):
        step = counting_bar(progress, count_products(source))
        imported = import_source(source, place.gallery, ingest, step, allow_private=allow_private)
        return BuildReport.of(imported, catalogue.size())


def _fetch(path: Path, _known: str | None) -> bytes:
    return read_photo(path)
