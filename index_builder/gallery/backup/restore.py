"""Restore of a gallery from a backup, completely or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.progress import Progress
from sqlalchemy import Connection, select, update

from app.catalogue.catalogue import Catalogue
from app.core.atomic_files import write_atomically
from app.core.map_ahead import map_ahead
from app.database.raw_tables import copy_tables
from app.database.state import next_identity
from app.database.tables import catalogue as record
from app.gallery.checkpoint_store import share_checkpoint
from app.gallery.gallery import Gallery
from app.gallery.layout import CATALOGUE_FILE, CHECKPOINT_FILE, IMPORTS, INDEX, GalleryLocation
from app.gallery.layout import PHOTOS as GALLERY_PHOTOS
from app.gallery.local_index.index_manifest import MANIFEST as INDEX_MANIFEST
from app.gallery.storage.file_storage import FileStorage
from index_builder.gallery.backup.manifest import (
    PHOTOS,
    BackupError,
    BackupManifest,
    check_file,
    read_manifest,
    read_photo_list,
)
from model.checkpoint import load_checkpoint


@dataclass(frozen=True)
class RestoreReport:
    """Contents of the restored gallery."""

    revision: int
    products: int
    photos: int


def restore(source: Path, location: GalleryLocation, progress: Progress | None = None) -> RestoreReport:
    """Restore a backup into a directory that is absent or empty, checking the SHA-256 of every file.

    If the location has a `catalogue_url`, the products go to that database, which must not have any. If it has a
    `photos_url`, the photos go to that bucket, which must not be that of a gallery. Raises BackupError.
    """
    manifest, directory = read_manifest(source), location.directory
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise BackupError(f"{directory} is not empty: expected an empty folder, or none")
    directory.parent.mkdir(parents=True, exist_ok=True)
    with _prepare_aside(directory) as partial:
        photos = _open_new_photos(replace(location, directory=partial))
        _copy_photos(source, photos, manifest, progress)
        _copy(source / manifest.catalogue[0], partial / CATALOGUE_FILE, manifest.catalogue[1])
        for name, sha256 in manifest.imports:
            (partial / IMPORTS).mkdir(exist_ok=True)
            _copy(source / name, partial / IMPORTS / name, sha256)
        _renew_identity(partial)
        if manifest.checkpoint:
            _copy(source / manifest.checkpoint[0], partial / CHECKPOINT_FILE, manifest.checkpoint[1])
            if manifest.index_manifest:  # without the index, so that a new one is built with this tuning
                (partial / INDEX).mkdir()
                name, sha256 = manifest.index_manifest
                _copy(source / name, partial / INDEX / INDEX_MANIFEST, sha256)
            share_checkpoint(location, partial / CHECKPOINT_FILE)
            Gallery.open(partial, load_checkpoint(partial / CHECKPOINT_FILE)).close()  # builds the index
        photos.claim(manifest.origin)
        if location.catalogue_url is None:
            os.rename(partial, directory)
        else:
            _move_to(location.catalogue_url, partial, directory)
    return RestoreReport(manifest.revision, manifest.products, manifest.photos)


@contextmanager
def _prepare_aside(directory: Path) -> Iterator[Path]:
    """Create a folder to be renamed when it is complete. It is removed otherwise, as is one left by a killed run."""
    partial = directory.with_name(f"{directory.name}.restoring")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _open_new_photos(location: GalleryLocation) -> FileStorage:
    """Open the storage for a new gallery's photos. Raises BackupError if it is another gallery's."""
    if location.photos_url is None:
        (location.directory / GALLERY_PHOTOS).mkdir()
    photos = location.open_photos().files
    if photos.owner() is not None:
        raise BackupError(f"{location.photos_url} has the photos of a gallery: expected a bucket or prefix without any")
    return photos


def _copy_photos(source: Path, target: FileStorage, manifest: BackupManifest, progress: Progress | None) -> None:
    name, sha256 = manifest.photo_list
    check_file(source / name, sha256)
    files = read_photo_list(source / name)
    task = progress.add_task("Copying photos", total=len(files)) if progress else None

    def copy(file: str) -> None:
        target.write({file: _read_checked(source / PHOTOS / file, files[file])})

    with ThreadPoolExecutor(target.parallelism, "copy") as pool:
        for _ in map_ahead(pool, copy, files, 2 * target.parallelism):
            if progress is not None and task is not None:
                progress.advance(task)


def _read_checked(source: Path, sha256: str) -> bytes:
    """Read a file and check its SHA-256. Raises BackupError."""
    if not source.is_file():
        raise BackupError(f"{source} is missing: expected all files of the backup")
    data = source.read_bytes()
    actual = hashlib.sha256(data).hexdigest()
    if actual != sha256:
        raise BackupError(f"{source} has SHA-256 {actual}: expected {sha256}")
    return data


def _copy(source: Path, target: Path, sha256: str) -> None:
    """Copy a file and check its SHA-256. Raises BackupError."""
    if not source.is_file():
        raise BackupError(f"{source} is missing: expected all files of the backup")
    actual = write_atomically(target, lambda path: shutil.copyfile(source, path))
    if actual != sha256:
        raise BackupError(f"{source} has SHA-256 {actual}: expected {sha256}")


def _renew_identity(directory: Path) -> None:
    """Give a restored gallery an identity other than that of the gallery in the backup."""
    catalogue = GalleryLocation(directory).open_catalogue()
    with catalogue.transaction() as connection:
        identity = str(connection.execute(select(record.c.identity)).scalar_one())
        connection.execute(update(record).values(identity=next_identity(identity)))
    catalogue.close()


def _move_to(url: str, partial: Path, directory: Path) -> None:
    """Copy the rows of the catalogue file to a database and rename the folder, in one transaction."""
    file, target = GalleryLocation(partial).open_catalogue(), Catalogue(url)
    try:
        with target.transaction() as connection:
            _check_empty(connection)
            with file.moment() as rows:
                copy_tables(rows, connection)
            file.close()
            for path in partial.glob(f"{CATALOGUE_FILE}*"):
                path.unlink()
            os.rename(partial, directory)
    finally:
        file.close()
        target.close()


def _check_empty(connection: Connection) -> None:
    revision = connection.execute(select(record.c.revision)).scalar_one()
    if revision:
        raise BackupError(f"the database holds a catalogue of revision {revision}: expected one without products")
