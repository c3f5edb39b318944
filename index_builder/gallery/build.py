"""Build of a gallery: products and photos of a source -> catalogue, photo store and index.

Products are written in small transactions, so an interrupted build resumes where it stopped when it is run again.
Unchanged products are only compared.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from rich.progress import Progress

from app.catalogue.import_jobs import MOST_ERRORS, FeedProblem, ImportCounts
from app.feeds.reader import count_source, read_source
from app.feeds.records import FeedError
from app.gallery.gallery import Gallery
from app.gallery.layout import PHOTOS, GalleryLocation
from app.gallery.photo_store import PhotoStore
from app.ingest.pipeline import Ingest
from app.ingest.reason_counts import ReasonCounts
from app.photo_fetch.linked_photos import LinkedPhotos
from index_builder.gallery.create import prepare_gallery
from model.checkpoint import DEFAULT_CHECKPOINT, load_checkpoint
from model.device import resolve_device

Step = Callable[[ImportCounts], None]


@dataclass(frozen=True)
class BuildReport:
    """Outcome of a build. `skipped` lists entries without a usable product or photo as (where, reason)."""

    added: int
    updated: int
    unchanged: int
    skipped: tuple[tuple[str, str], ...]  # the first MOST_ERRORS
    size: int  # products in the gallery now
    skipped_count: int = 0  # without a limit
    failure: str | None = None  # reason, if the source was refused because most of it gave no product

    @staticmethod
    def of(imported: Imported, size: int) -> BuildReport:
        """Return the report of an import into a gallery that now has `size` products."""
        counts = imported.counts
        failure = counts.failure(imported.reasons) if counts.is_failure else None
        return BuildReport(
            added=counts.added,
            updated=counts.updated,
            unchanged=counts.unchanged,
            skipped=tuple(imported.skipped),
            size=size,
            skipped_count=counts.problems,
            failure=failure,
        )


@dataclass
class Imported:
    """Outcome of reading a source: counts, the first skipped entries, and how often each reason occurred."""

    counts: ImportCounts = field(default_factory=ImportCounts)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    reasons: ReasonCounts = field(default_factory=ReasonCounts)

    def skip(self, problem: FeedProblem) -> None:
        """Count a problem, and list it if it is among the first MOST_ERRORS."""
        self.reasons.add(problem)
        if len(self.skipped) < MOST_ERRORS:
            self.skipped.append((problem.where, problem.reason))


def build(
    source: Path,
    location: GalleryLocation,
    checkpoint_path: Path = DEFAULT_CHECKPOINT,
    index: str | None = None,
    progress: Progress | None = None,
    *,
    allow_private: bool = False,
) -> BuildReport:
    """Bring a gallery up to date with a photo folder or a feed file. Products missing from the source are left alone.

    `index` is a faiss.index_factory string; None keeps the gallery's index, which is Flat at first. A bar is added to
    `progress`. `allow_private` also permits photos from private addresses. Problems with single products are only
    reported.

    Raises:
        FeedError: The source cannot be used.
        CheckpointError: The checkpoint cannot be loaded.
        CatalogueError: The catalogue of the gallery is elsewhere.
        CheckpointMismatchError: The gallery has another checkpoint.
        ValueError: The index is unknown.
    """
    directory = location.directory
    if source.is_dir() and directory.resolve().is_relative_to(source.resolve()):
        raise FeedError(f"gallery {directory} lies inside the photo folder {source}: expected it elsewhere")
    if directory.exists() and not directory.is_dir():
        raise FeedError(f"gallery {directory} is a file: expected a folder")
    total = count_products(source)
    checkpoint = load_checkpoint(checkpoint_path, str(resolve_device("auto")))
    catalogue = prepare_gallery(location, checkpoint_path, checkpoint, index)
    ingest = Ingest(catalogue, PhotoStore(directory / PHOTOS), checkpoint)
    imported = import_source(source, directory, ingest, counting_bar(progress, total), allow_private=allow_private)
    gallery = Gallery.open(directory, checkpoint, catalogue)
    if not gallery.is_saved:
        gallery.save()
    report = BuildReport.of(imported, gallery.size)
    gallery.close()
    return report


def count_products(source: Path) -> int:
    """Count the products of a source, or the lines of a feed. Raises FeedError if there are none."""
    total = count_source(source)
    if not total:
        raise FeedError(f"{source} has no products: expected photos, or a feed with lines")
    return total


def import_source(source: Path, gallery_dir: Path, ingest: Ingest, step: Step, *, allow_private: bool) -> Imported:
    """Write the products of a source through `ingest`, passing the counts so far to `step`."""
    imported = Imported()
    folder = source if source.is_dir() else source.parent
    with closing(LinkedPhotos(folder, gallery_dir, allow_private=allow_private)) as photos:
        imported.counts = ingest.run(read_source(source), photos, imported.skip, step)
    return imported


def counting_bar(progress: Progress | None, total: int) -> Step:
    """Return a callback that shows counts on a new bar of `progress`, if there is one."""
    if progress is None:
        return lambda counts: None
    task = progress.add_task("Building", total=total)
    return lambda counts: progress.update(task, completed=counts.done)
