"""Commands that keep a gallery: another checkpoint for it, copies of it, and whether all of it is as it should be."""

from __future__ import annotations

import sys
from dataclasses import asdict

from index_builder.cli_options import Checkpoint, Device, GalleryDir, Json
from index_builder.console import print_result, progress_bar


def reembed(
    gallery: GalleryDir, checkpoint: Checkpoint = None, device: Device = "auto", as_json: Json = False
) -> None:
    """Embed all photos by another checkpoint and switch to it, beside servers. Run again, it goes on where it was."""
    from index_builder.reembed import ReembedError
    from index_builder.reembed import reembed as run
    from model.checkpoint import DEFAULT_CHECKPOINT

    try:
        with progress_bar(as_json) as progress:
            report = run(gallery, checkpoint or DEFAULT_CHECKPOINT, progress, device)
    except ReembedError as error:
        for product_id, why in error.problems:
            print(f"product {product_id!r}: {why}", file=sys.stderr)
        raise
    if as_json:
        print_result(asdict(report), as_json)
    elif report.before == report.after:
        print(f"nothing to do: the gallery has checkpoint {report.after} already")
    else:
        print(f"{report.photos} photos of {report.size} products are of checkpoint {report.after} now.")
