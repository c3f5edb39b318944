"""Build of a gallery: products and photos of a source -> catalogue, photo store and index.

Products are written in small transactions, so an interrupted build resumes where it stopped when it is run again.
Unchanged products are only compared.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import cv2
from rich.progress import Progress

from app.catalogue.catalogue import Catalogue
from app.catalogue.import_jobs import MOST_ERRORS, FeedProblem, ImportCounts
from app.feeds.reader import count_source, read_source
from app.feeds.records import FeedError
from app.gallery.gallery import Gallery
from app.gallery.layout import GalleryLocation
from app.ingest.complete_feed import RemovalRefusedError, find_missing, plan_removal
from app.ingest.dry_run import check_items
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
    failure: str | None = None  # reason, if the source was refused
    removed: int = 0  # because a complete source lacks them
    is_mirrored: bool = False  # whether photos are embedded both ways round

    @staticmethod
    def of(imported: Imported, size: int) -> BuildReport:
        """Return the report of an import into a gallery that now has `size` products."""
        counts = imported.counts
        failure = counts.failure(imported.reasons) if counts.is_failure else imported.refusal
        return BuildReport(
            added=counts.added,
            updated=counts.updated,
            unchanged=counts.unchanged,
            removed=counts.removed,
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
    refusal: str | None = None  # reason, if a complete source would have removed too much

    def skip(self, problem: FeedProblem) -> None:
        """Count a problem, and list it if it is among the first MOST_ERRORS."""
        self.reasons.add(problem)
        if len(self.skipped) < MOST_ERRORS:
            self.skipped.append((problem.where, problem.reason))

    def add_removed(self, count: int) -> None:
        """Count removed products."""
        self.counts += ImportCounts(removed=count)


@dataclass(frozen=True)
class SourceOptions:
    """Treatment of a source.

    `max_removed` is the largest share in percent of the products that may be removed because the source lacks them;
    None removes none. `allow_private` also permits photos from private addresses.
    """

    max_removed: float | None = None
    allow_private: bool = False
    is_dry_run: bool = False  # write nothing


def build(
    source: Path,
    location: GalleryLocation,
    checkpoint_path: Path = DEFAULT_CHECKPOINT,
    index: str | None = None,
    progress: Progress | None = None,
    options: SourceOptions = SourceOptions(),
) -> BuildReport:
    """Bring a gallery up to date with a photo folder or a feed file.

    `index` is a faiss.index_factory string; None keeps the gallery's index, which is Flat at first. A bar is added to
    `progress`. Problems with single products are only reported.

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
    cv2.setNumThreads(1)  # photos are decoded side by side
    checkpoint = load_checkpoint(checkpoint_path, str(resolve_device("auto")))
    catalogue = prepare_gallery(location, checkpoint_path, checkpoint, index, total)
    ingest = Ingest(catalogue, location.claim_photos(catalogue), checkpoint)
    imported = import_source(source, directory, catalogue, ingest, counting_bar(progress, total), options)
    gallery = Gallery.open(directory, checkpoint, catalogue, milvus=location.milvus)
    if not gallery.is_saved:
        gallery.save()
    report = replace(BuildReport.of(imported, gallery.size), is_mirrored=gallery.is_mirrored)
    gallery.close()
    return report


def count_products(source: Path) -> int:
    """Count the products of a source, or the lines of a feed. Raises FeedError if there are none."""
    total = count_source(source)
    if not total:
        raise FeedError(f"{source} has no products: expected photos, or a feed with lines")
    return total


def import_source(
    source: Path, gallery_dir: Path, catalogue: Catalogue, ingest: Ingest, step: Step, options: SourceOptions
) -> Imported:
    """Write the products of a source through `ingest`, passing the counts so far to `step`.

    Products that a complete source lacks are removed afterwards, unless too many would go: then nothing is changed.
    """
    imported = Imported()
    removal = None if options.max_removed is None else plan_removal(catalogue, options.max_removed)
    try:
        missing = find_missing(catalogue, source, removal) if removal else []
    except RemovalRefusedError as error:
        imported.refusal = str(error)
        return imported
    folder = source if source.is_dir() else source.parent
    run = partial(check_items, catalogue) if options.is_dry_run else ingest.run
    with closing(LinkedPhotos(folder, gallery_dir, allow_private=options.allow_private)) as photos:
        imported.counts = run(read_source(source), photos, imported.skip, step)
    if removal and not imported.counts.is_failure:
        if options.is_dry_run:
            imported.add_removed(len(missing))
        else:
            ingest.delete_unchanged(missing, removal.revision, imported.add_removed)
    return imported


def counting_bar(progress: Progress | None, total: int) -> Step:
    """Return a callback that shows counts on a new bar of `progress`, if there is one."""
    if progress is None:
        return lambda counts: None
    task = progress.add_task("Building", total=total)
    return lambda counts: progress.update(task, completed=counts.done)
