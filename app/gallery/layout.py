"""Location of a gallery, and the names of the files and folders of its directory."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.database.errors import CatalogueError
from app.database.state import lineage
from app.gallery.milvus_index.milvus_address import MilvusAddress
from app.gallery.photo_store import PhotoStore
from app.gallery.storage.folder_storage import FolderStorage
from app.gallery.storage.opening import open_bucket

# files
CATALOGUE_FILE = "catalogue.sqlite"  # absent when the catalogue is on a database server
CHECKPOINT_FILE = "checkpoint.safetensors"

# folders
CACHE = "cache"  # HTTP validators of photos
CHECKPOINTS = "checkpoints"  # the checkpoints before and after a re-embedding
IMPORTS = "imports"  # uploaded feeds whose import is not over
INDEX = "index"  # the saved index and its manifest
CHALLENGER_INDEX = "index-challenger"  # the same for the challenger's embeddings
PHOTOS = "photos"  # product photos and their thumbnails, unless these are in a bucket


@dataclass(frozen=True)
class GalleryLocation:
    """Location of a gallery: its directory, and where its catalogue, photos and index are unless they are there."""

    directory: Path
    catalogue_url: str | None = field(default=None, repr=False)  # may contain a password
    photos_url: str | None = None  # of a bucket
    milvus: MilvusAddress | None = None

    @property
    def exists(self) -> bool:
        """Whether the directory is a gallery, or needs not be one since its catalogue and photos are elsewhere."""
        if self.catalogue_url is not None and self.photos_url is not None:
            return True
        parts = (CATALOGUE_FILE, CHECKPOINT_FILE, CHECKPOINTS, PHOTOS)
        return any((self.directory / name).exists() for name in parts)

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
        return self.open_catalogue() if self.exists else self._connect()

    @property
    def url(self) -> str | URL:
        """URL of the catalogue, which may contain a password."""
        return sqlite_url(self.directory / CATALOGUE_FILE) if self.catalogue_url is None else self.catalogue_url

    def open_photos(self) -> PhotoStore:
        """Open the store of the gallery's photos, to read them.

        Raises BucketAddressError and BucketError for a bucket that cannot be used.
        """
        if self.photos_url is None:
            return PhotoStore(FolderStorage(self.directory / PHOTOS))
        return PhotoStore(open_bucket(self.photos_url))

    def claim_photos(self, catalogue: Catalogue) -> PhotoStore:
        """Open the store of the photos of the gallery's catalogue, to write and remove them.

        Raises BucketAddressError, and BucketError for a bucket that cannot be used or has another gallery's photos.
        """
        photos = self.open_photos()
        photos.files.claim(lineage(catalogue.state().identity))
        return photos

    def _connect(self) -> Catalogue:
        self.directory.mkdir(parents=True, exist_ok=True)
        return Catalogue(self.url)
