"""The command that chooses a gallery's index by measuring."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from index_builder.cli.console import print_result, progress_bar
from index_builder.cli.options import Catalogue, GalleryDir, Json


def tune(
    gallery: GalleryDir,
    target_recall: Annotated[
        float, typer.Option(metavar="SHARE", help="How much of the ten nearest photos has to be found, up to 1.")
    ] = 0.99,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR", help="Data set whose sketches are searched for; may be repeated.", show_default="none"
        ),
    ] = None,
    catalogue: Catalogue = None,
    as_json: Json = False,
) -> None:
    """Choose a compressed index for a large gallery by measuring on its own photos, and make it."""
    from index_builder.gallery.tuning.tune import tune as run

    with progress_bar(as_json) as progress:
        report = run(gallery, target_recall, data or [], progress, catalogue)
    if as_json:
        print_result(asdict(report), as_json)
        return
    for one in report.tried:
        print(
            f"{one.factory:14} {one.parameters:12} {one.n_candidates:4} candidates: finds {one.recall:.4f} "
            f"in {one.time:.3f} of Flat's time and {one.memory:.3f} of its memory"
        )
    chosen = report.chosen
    print(f"chosen for {report.photos} photos: {chosen.factory} {chosen.parameters}; servers use it when they start.")
