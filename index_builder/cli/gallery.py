"""Commands that build a gallery and serve it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from index_builder.cli.console import exit_if_failed, print_report, print_result, progress_bar
from index_builder.cli.options import (
    Catalogue,
    Checkpoint,
    Complete,
    Host,
    Json,
    MaxRemoved,
    Milvus,
    Photos,
    Port,
    Private,
    milvus_address,
)

Index = Annotated[str | None, typer.Option(metavar="FACTORY", help="faiss.index_factory string.", show_default="Flat")]


def build(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="Photo folder or feed file.")],
    gallery: Annotated[Path, typer.Option(metavar="DIR", help="Gallery to create or update.")],
    checkpoint: Checkpoint = None,
    index: Index = None,
    catalogue: Catalogue = None,
    photos: Photos = None,
    milvus: Milvus = None,
    *,
    complete: Complete = False,
    max_removed: MaxRemoved = 20,
    allow_private_addresses: Private = False,
    as_json: Json = False,
) -> None:
    """Embed a photo folder or a product feed into a gallery. Run again to process only what is new or changed."""
    from app.gallery.layout import GalleryLocation
    from index_builder.gallery.build import SourceOptions
    from index_builder.gallery.build import build as run
    from model.checkpoint import DEFAULT_CHECKPOINT

    with progress_bar(quiet=as_json) as progress:
        checkpoint_path = checkpoint or DEFAULT_CHECKPOINT
        location = GalleryLocation(gallery, catalogue, photos, milvus_address(milvus))
        options = SourceOptions(max_removed if complete else None, allow_private_addresses)
        report = run(source, location, checkpoint_path, index, progress, options)
    print_report(report, as_json=as_json)
    if not report.size:
        raise ValueError(f"the gallery is empty: nothing in {source} could be used")
    exit_if_failed(report)


def create(
    gallery: Annotated[Path, typer.Option(metavar="DIR", help="Gallery to create.")],
    checkpoint: Checkpoint = None,
    index: Index = None,
    catalogue: Catalogue = None,
    photos: Photos = None,
    *,
    as_json: Json = False,
) -> None:
    """Create a gallery without products, to be served and filled over HTTP. An existing gallery is left as it is."""
    from app.gallery.layout import GalleryLocation
    from index_builder.gallery.create import create_gallery
    from model.checkpoint import DEFAULT_CHECKPOINT

    size = create_gallery(GalleryLocation(gallery, catalogue, photos), checkpoint or DEFAULT_CHECKPOINT, index)
    print_result({"size": size} if as_json else f"gallery {gallery} has {size} products", as_json=as_json)


def serve(
    gallery: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Gallery made by `sketchfind build`.", show_default="none")
    ] = None,
    host: Host = None,
    port: Port = None,
    device: Annotated[
        str | None, typer.Option(help="Device to compute on: auto, cpu or cuda.", show_default="auto")
    ] = None,
    catalogue: Catalogue = None,
    photos: Photos = None,
    milvus: Milvus = None,
) -> None:
    """Serve the page and the search API for a gallery. docs/server.md lists more settings (environment variables)."""
    from app.server import serve as run
    from app.settings import load_settings

    if gallery is None and not os.environ.get("SKETCHFIND_GALLERY"):
        raise ValueError("no gallery to serve: expected --gallery DIR, or SKETCHFIND_GALLERY in the environment")
    given = {"catalogue": catalogue, "photos": photos, "index": milvus}
    run(load_settings(gallery=gallery, host=host, port=port, device=device, **given))


def demo(
    directory: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the demo's photos and gallery.")] = Path(
        "demo"
    ),
    checkpoint: Checkpoint = None,
    host: Host = None,
    port: Port = None,
) -> None:
    """Build the embedded demo gallery if there is none, then serve it."""
    from app.server import serve as run
    from app.settings import load_settings
    from index_builder.demo.gallery import build_demo
    from model.checkpoint import DEFAULT_CHECKPOINT

    with progress_bar(quiet=False) as progress:
        gallery = build_demo(directory, checkpoint or DEFAULT_CHECKPOINT, progress)
    settings = load_settings(gallery=gallery, host=host, port=port)
    # the environment may name the shop's own
    run(settings.model_copy(update=dict.fromkeys(("catalogue", "photos", "index"))))
