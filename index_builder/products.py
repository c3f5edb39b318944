"""Changes to a gallery from the command line, beside servers that are running: they see them within a second."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.progress import Progress

from app.catalogue import Catalogue, CatalogueError, sqlite_url
from app.checkpoints import checkpoint_file
from app.drafts import Draft
from app.feeds.fields import read_fields
from app.feeds.items import FeedError, Fields
from app.feeds.photos import read_photo
from app.feeds.read import count_source
from app.gallery import CATALOGUE_FILE, PHOTOS
from app.ingest import Ingest
from app.photos import PhotoStore
from app.products import Product
from index_builder.build import BuildReport, import_source
from model.checkpoint import load_checkpoint


@dataclass(frozen=True)
class Change:
    """What became of one product: "added", "updated" or "unchanged"."""

    product: Product
    outcome: str


@contextmanager
def open_catalogue(gallery: Path) -> Iterator[Catalogue]:
    """The catalogue of a gallery that there is. Raises CatalogueError."""
    path = gallery / CATALOGUE_FILE
    if not path.is_file():
        raise CatalogueError(f"no gallery at {gallery}: expected {CATALOGUE_FILE} in it, made by `sketchfind build`")
    with closing(Catalogue(sqlite_url(path))) as catalogue:
        yield catalogue


def add_product(gallery: Path, product_id: str, fields: Fields, photos: Sequence[Path]) -> Change:
    """Add or replace a product, described by a feed's fields; without fields, or photos, it keeps those that it has.

    Raises ValueError for what it cannot be, and UnreadableImage.
    """

    def describe(old: Product | None) -> Product:
        if old is None and not photos:
            raise ValueError(f"product {product_id!r} is new and has no photo: expected --photo FILE")
        if fields or old is None:
            return read_fields({**fields, "id": [product_id]})
        return old

    given = [("", partial(_fetch, path)) for path in photos] or None
    with _writing(gallery) as ingest:
        written = ingest.write(Draft(product_id, describe, given))
    outcome = "unchanged" if written.is_unchanged else "updated"
    return Change(written.product, "added" if written.old is None else outcome)


def remove_products(gallery: Path, product_ids: Sequence[str]) -> int:
    """Delete products and return how many. Raises ValueError, and deletes nothing, when one is not there."""
    with _writing(gallery) as ingest, open_catalogue(gallery) as catalogue:
        missing = [name for name in product_ids if name not in catalogue.get_many(product_ids)]
        if missing:
            raise ValueError(f"there is no product {missing[0]!r} in {gallery}: nothing was removed")
        return ingest.delete(product_ids)


def import_products(
    gallery: Path, source: Path, progress: Progress | None = None, allow_private: bool = False
) -> BuildReport:
    """Bring a gallery that there is up to date with a feed or photo folder, by the checkpoint that it was made with.

    Its index is left to the servers. Raises FeedError before anything is changed.
    """
    with _writing(gallery) as ingest, open_catalogue(gallery) as catalogue:
        if not count_source(source):
            raise FeedError(f"{source} has no products: expected photos, or a feed with lines")
        counts, skipped = import_source(source, gallery, ingest, progress, allow_private)
        return BuildReport(counts.added, counts.updated, counts.unchanged, skipped, catalogue.size())


@contextmanager
def _writing(gallery: Path) -> Iterator[Ingest]:
    with open_catalogue(gallery) as catalogue:
        checkpoint = load_checkpoint(checkpoint_file(gallery, catalogue.state().checkpoint))
        catalogue.bind(checkpoint.sha256, checkpoint.network.dim)
        yield Ingest(catalogue, PhotoStore(gallery / PHOTOS), checkpoint)


def _fetch(path: Path, _known: str | None) -> bytes:
    return read_photo(path)
