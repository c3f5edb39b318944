"""Names of the files and folders of a gallery directory."""

from __future__ import annotations

from pathlib import Path

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.database.errors import CatalogueError

CACHE = "cache"  # in a gallery

FOLDER = "imports"  # in a gallery

CHECKPOINT_FILE = "checkpoint.safetensors"
CHECKPOINTS = "checkpoints"

CATALOGUE_FILE = "catalogue.sqlite"
PHOTOS = "photos"
INDEX = "index"


def catalogue_of(directory: Path, url: str | None = None) -> Catalogue:
    """A gallery's catalogue: behind a URL, or in the directory's own file. Raises CatalogueError if there is none."""
    path = directory / CATALOGUE_FILE
    if not is_gallery(directory):
        raise CatalogueError(f"no gallery at {directory}: expected a directory made by `sketchfind build`")
    if url is None and not path.is_file():
        expected = "expected its URL in --catalogue or SKETCHFIND_CATALOGUE, or a gallery restored from a backup"
        raise CatalogueError(f"the catalogue of gallery {directory} is elsewhere, there is no {path.name}: {expected}")
    return Catalogue(sqlite_url(path) if url is None else url)


def is_gallery(directory: Path) -> bool:
    """Return whether a directory is a gallery, wherever its catalogue is."""
    return any((directory / name).exists() for name in (CATALOGUE_FILE, CHECKPOINT_FILE, PHOTOS))
