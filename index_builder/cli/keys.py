"""Commands that manage API keys: `sketchfind keys add|list|remove`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from index_builder.cli.console import check_choice, plain_errors, print_result
from index_builder.cli.options import Catalogue as CatalogueUrl
from index_builder.cli.options import Json

if TYPE_CHECKING:
    from app.catalogue.catalogue import Catalogue

Gallery = Annotated[Path, typer.Option(metavar="DIR", help="Gallery that the keys belong to.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the key, such as its user.")]

keys = typer.Typer(help="Create, list and remove the API keys of a gallery.", no_args_is_help=True)


@keys.command()
@plain_errors
def add(
    name: Name,
    gallery: Gallery,
    scope: Annotated[str, typer.Option(help="Scope of the key: read or write; write includes read.")] = "read",
    catalogue: CatalogueUrl = None,
    *,
    as_json: Json = False,
) -> None:
    """Create a key and print it. It cannot be shown again: only its hash is stored."""
    from app.catalogue.api_keys import SCOPES

    check_choice("--scope", scope, SCOPES)
    with _open_catalogue(gallery, catalogue) as opened:
        key = opened.keys.add(name, "write" if scope == "write" else "read")
    print_result({"name": name, "scope": scope, "key": key} if as_json else key, as_json=as_json)


@keys.command("list")
@plain_errors
def list_(gallery: Gallery, catalogue: CatalogueUrl = None, *, as_json: Json = False) -> None:
    """List the keys by name, with scope and creation time."""
    with _open_catalogue(gallery, catalogue) as opened:
        stored_keys = opened.keys.all()
    if as_json:
        shown = [{"name": key.name, "scope": key.scope, "created": key.created} for key in stored_keys]
        print_result({"keys": shown}, as_json=as_json)
        return
    for key in stored_keys:
        print(f"{key.name}\t{key.scope}\t{key.created}")


@keys.command()
@plain_errors
def remove(name: Name, gallery: Gallery, catalogue: CatalogueUrl = None, *, as_json: Json = False) -> None:
    """Remove a key. Running servers refuse it within a second."""
    with _open_catalogue(gallery, catalogue) as opened:
        opened.keys.remove(name)
    print_result({"removed": name} if as_json else f"{name} removed", as_json=as_json)


def _open_catalogue(gallery: Path, url: str | None) -> closing[Catalogue]:
    """Open the catalogue of a gallery, in its own file or at `url`. Raises CatalogueError if it is missing."""
    from app.gallery.layout import GalleryLocation

    return closing(GalleryLocation(gallery, url).open_catalogue())
