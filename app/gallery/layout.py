"""Names of the files and folders of a gallery directory."""

from __future__ import annotations

from pathlib import Path

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.database.errors import CatalogueError

# files
CATALOGUE_FILE = "catalogue.sqlite"  # absent when the catalogue is on a database server
CHECKPOINT_FILE = "checkpoint.safetensors"

# folders
CACHE = "cache"  # HTTP validators of photos
CHECKPOINTS = "checkpoints"  # the checkpoints before and after a re-embedding
IMPORTS = "imports"  # uploaded feeds whose import is not over
INDEX = "index"  # the saved index and its manifest
PHOTOS = "photos"  # product photos and their thumbnails


def catalogue_of(directory: Path, url: str | None = None) -> Catalogue:
    """Connect to a gallery's catalogue: the one at `url`, by default the file in the directory.

    Raises CatalogueError when the gallery or its catalogue does not exist.
    """
    path = directory / CATALOGUE_FILE
    if not is_gallery(directory):
        raise CatalogueError(f"no gallery at {directory}: expected a directory made by `sketchfind build`")
    if url is None and not path.is_file():
        expected = "expected its URL in --catalogue or SKETCHFIND_CATALOGUE, or a gallery restored from a backup"
        raise CatalogueError(f"the catalogue of gallery {directory} is elsewhere, there is no {path.name}: {expected}")
    return Catalogue(sqlite_url(path) if url is None else url)


def is_gallery(directory: Path) -> bool:
    """Return whether a directory is a gallery. Its catalogue may be on a database server."""
    return any((directory / name).exists() for name in (CATALOGUE_FILE, CHECKPOINT_FILE, PHOTOS))
