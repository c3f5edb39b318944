"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from app.gallery.milvus_index.milvus_address import MilvusAddress

_PRETRAINED = "the shipped one"

Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object on stdout.")]
Checkpoint = Annotated[Path | None, typer.Option(metavar="FILE", help="Checkpoint to use.", show_default=_PRETRAINED)]
GalleryDir = Annotated[Path, typer.Option("--gallery", metavar="DIR", help="Gallery made by `sketchfind build`.")]
Host = Annotated[
    str | None, typer.Option(help="Address to listen on; 0.0.0.0 for all interfaces.", show_default="127.0.0.1")
]
Port = Annotated[
    int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 for any free port.", show_default="8000")
]
Catalogue = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar="SKETCHFIND_CATALOGUE",
        help="Database URL, such as postgresql://user:password@host/name.",
        show_default="a file in the gallery",
    ),
]
Photos = Annotated[
    str | None,
    typer.Option(
        "--photos",
        metavar="URL",
        envvar="SKETCHFIND_PHOTOS",
        help="Bucket of the photos, such as s3://shop/photos.",
        show_default="a folder in the gallery",
    ),
]
Milvus = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        envvar="SKETCHFIND_INDEX",
        help="Milvus collection to search in, such as milvus://host:19530/shoes.",
        show_default="an index of FAISS in the gallery",
    ),
]
Device = Annotated[str, typer.Option(help="Device to compute on: auto (a GPU if there is one), cpu or cuda.")]
Private = Annotated[
    bool,
    typer.Option(
        "--allow-private-addresses",
        envvar="SKETCHFIND_ALLOW_PRIVATE_ADDRESSES",
        help="Fetch photos of the feed from this machine and private networks too.",
    ),
]
Complete = Annotated[bool, typer.Option("--complete", help="Remove the products that the source lacks.")]
MaxRemoved = Annotated[
    float, typer.Option(min=0, max=100, help="Largest share of products that --complete may remove, in percent.")
]
Steps = Annotated[
    int | None, typer.Option(min=1, help="Optimiser steps of a training run.", show_default="the preset's")
]


def milvus_address(text: str | None) -> MilvusAddress | None:
    """Read the address of a Milvus collection, if there is one. Raises ValueError."""
    from app.gallery.milvus_index.milvus_address import MilvusAddress

    return MilvusAddress.parse(text) if text else None
