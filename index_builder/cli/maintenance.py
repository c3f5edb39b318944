"""Commands that maintain a gallery: tune its index, re-embed it, back it up, restore it and verify it."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from index_builder.cli.console import print_result, progress_bar
from index_builder.cli.options import Catalogue, Checkpoint, Device, GalleryDir, Json, Milvus, Photos, milvus_address


def tune(
    gallery: GalleryDir,
    target_recall: Annotated[
        float, typer.Option(metavar="SHARE", help="Share of the ten nearest photos to find, above 0 and at most 1.")
    ] = 0.99,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR", help="Data set whose sketches are the queries; may be repeated.", show_default="none"
        ),
    ] = None,
    catalogue: Catalogue = None,
    *,
    as_json: Json = False,
) -> None:
    """Measure compressed indexes on a large gallery's own photos, choose one and build it."""
    from app.gallery.layout import GalleryLocation
    from index_builder.gallery.tuning.tune import tune as run

    with progress_bar(quiet=as_json) as progress:
        report = run(GalleryLocation(gallery, catalogue), target_recall, data or [], progress)
    if as_json:
        print_result(asdict(report), as_json=as_json)
        return
    for trial in report.tried:
        print(
            f"{trial.factory:14} {trial.parameters:12} {trial.n_candidates:4} candidates: finds {trial.recall:.4f} "
            f"in {trial.time:.3f} of Flat's time and {trial.memory:.3f} of its memory"
        )
    chosen = report.chosen
    print(f"chosen for {report.photos} photos: {chosen.factory} {chosen.parameters}; servers use it when they start.")


def reembed(
    gallery: GalleryDir,
    checkpoint: Checkpoint = None,
    catalogue: Catalogue = None,
    photos: Photos = None,
    milvus: Milvus = None,
    device: Device = "auto",
    *,
    as_json: Json = False,
) -> None:
    """Embed all photos by another checkpoint and switch to it while servers run. If stopped, run again to resume."""
    from app.gallery.layout import GalleryLocation
    from index_builder.gallery.reembed import ReembedError
    from index_builder.gallery.reembed import reembed as run
    from model.checkpoint import DEFAULT_CHECKPOINT

    try:
        with progress_bar(quiet=as_json) as progress:
            report = run(
                GalleryLocation(gallery, catalogue, photos, milvus_address(milvus)),
                checkpoint or DEFAULT_CHECKPOINT,
                progress,
                device,
            )
    except ReembedError as error:
        for product_id, reason in error.problems:
            print(f"product {product_id!r}: {reason}", file=sys.stderr)
        raise
    if as_json:
        print_result(asdict(report), as_json=as_json)
        return
    if report.measured:
        print(f"measured the colours of {report.measured} photos.")
    if report.embedded or report.before != report.after:
        ways = "both ways round" if report.is_mirrored else "one way round"
        print(f"re-embedded {report.photos} photos of {report.size} products {ways} with checkpoint {report.after}.")
    elif not report.measured:
        print(f"nothing to do: the gallery already has checkpoint {report.after}")


def backup(
    to: Annotated[
        Path, typer.Argument(metavar="TO", help="Destination folder: new, empty, or an earlier backup of the gallery.")
    ],
    gallery: GalleryDir,
    catalogue: Catalogue = None,
    photos: Photos = None,
    *,
    as_json: Json = False,
) -> None:
    """Back up one revision of a gallery while servers and writers run. Keys and unfinished imports are included."""
    from app.gallery.layout import GalleryLocation
    from index_builder.gallery.backup.backup import backup as run

    with progress_bar(quiet=as_json) as progress:
        report = run(GalleryLocation(gallery, catalogue, photos), to, progress)
    if as_json:
        print_result(asdict(report), as_json=as_json)
    else:
        contents = f"{report.products} products, {report.photos} photos"
        print(f"{to} has revision {report.revision}: {contents}; {report.copied} files are new.")
    for line in report.missing:
        print(f"missing: {line}", file=sys.stderr)
    if report.missing:
        raise typer.Exit(1)


def restore(
    source: Annotated[Path, typer.Argument(metavar="FROM", help="Folder made by `sketchfind backup`.")],
    gallery: Annotated[Path, typer.Option(metavar="DIR", help="Gallery to create: a new or empty folder.")],
    catalogue: Catalogue = None,
    photos: Photos = None,
    *,
    as_json: Json = False,
) -> None:
    """Check all files of a backup, then create a gallery from it."""
    from app.gallery.layout import GalleryLocation
    from index_builder.gallery.backup.restore import restore as run

    with progress_bar(quiet=as_json) as progress:
        report = run(source, GalleryLocation(gallery, catalogue, photos), progress)
    if as_json:
        print_result(asdict(report), as_json=as_json)
    else:
        print(f"{gallery} has revision {report.revision}: {report.products} products, {report.photos} photos.")


def verify(
    gallery: GalleryDir,
    catalogue: Catalogue = None,
    photos: Photos = None,
    milvus: Milvus = None,
    *,
    as_json: Json = False,
) -> None:
    """Check every row, photo, checkpoint and index of a gallery while servers run. Exit with 1 if anything is wrong."""
    from app.gallery.layout import GalleryLocation
    from index_builder.gallery.verify.verify import verify as run

    with progress_bar(quiet=as_json) as progress:
        report = run(GalleryLocation(gallery, catalogue, photos, milvus_address(milvus)), progress)
    if as_json:
        findings = {name: [finding._asdict() for finding in getattr(report, name)] for name in ("problems", "notes")}
        counts = {"revision": report.revision, "products": report.products, "photos": report.photos}
        print_result({"ok": not report.problems, **counts, **findings}, as_json=as_json)
    else:
        for note in report.notes:
            print(f"note: {note}")
        for problem in report.problems:
            print(problem)
        wrong = f"{len(report.problems)} problems" if report.problems else "nothing wrong"
        print(f"revision {report.revision}: {report.products} products, {report.photos} photos, {wrong}.")
    if report.problems:
        raise typer.Exit(1)
