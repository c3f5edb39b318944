"""Location of a gallery, and the names of the files and folders of its directory."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.database.errors import CatalogueError
from app.gallery.milvus_index.milvus_address import MilvusAddress

# files
CATALOGUE_FILE = "catalogue.sqlite"  # absent when the catalogue is on a database server
CHECKPOINT_FILE = "checkpoint.safetensors"

# folders
CACHE = "cache"  # HTTP validators of photos
CHECKPOINTS = "checkpoints"  # the checkpoints before and after a re-embedding
IMPORTS = "imports"  # uploaded feeds whose import is not over
INDEX = "index"  # the saved index and its manifest
CHALLENGER_INDEX = "index-challenger"  # the same for the challenger's embeddings
PHOTOS = "photos"  # product photos and their thumbnails


@dataclass(frozen=True)
class GalleryLocation:
    """Location of a gallery: its directory, the URL of its catalogue, and the address of its index.

    The latter two are None if they are files in the directory.
    """

    directory: Path
    catalogue_url: str | None = field(default=None, repr=False)  # may contain a password
    milvus: MilvusAddress | None = None

    @property
    def exists(self) -> bool:
        """Whether the directory is a gallery. Its catalogue may be on a database server."""
        return any((self.directory / name).exists() for name in (CATALOGUE_FILE, CHECKPOINT_FILE, PHOTOS))

    def open_catalogue(self) -> Catalogue:
        """Connect to the gallery's catalogue. Raises CatalogueError when it or the gallery does not exist."""
        if not self.exists:
            raise CatalogueError(f"no gallery at {self.directory}: expected a directory made by `sketchfind build`")
        if self.catalogue_url is None and not (self.directory / CATALOGUE_FILE).is_file():
            expected = "expected its URL in --catalogue or SKETCHFIND_CATALOGUE, or a gallery restored from a backup"
            raise CatalogueError(f"gallery {self.directory} has no catalogue {CATALOGUE_FILE}: {expected}")
        return self._connect()

    def open_or_create_catalogue(self) -> Catalogue:
        """Connect to the gallery's catalogue, and create both if there is no gallery.

        Raises CatalogueError when the catalogue of an existing gallery is elsewhere.
        """
        if self.exists:
            return self.open_catalogue()
        self.directory.mkdir(parents=True, exist_ok=True)
        return self._connect()

    @property
    def url(self) -> str | URL:
        """URL of the catalogue, which may contain a password."""
        return sqlite_url(self.directory / CATALOGUE_FILE) if self.catalogue_url is None else self.catalogue_url

    def _connect(self) -> Catalogue:
        return Catalogue(self.url)
