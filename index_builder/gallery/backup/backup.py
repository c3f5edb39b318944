"""Backup of a gallery as of one moment, while it is served and changed. Files that can be rebuilt are left out."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.progress import Progress
from sqlalchemy import Connection, create_engine, func, select

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.core.atomic_files import sha256_of, write_atomically
from app.core.process_lock import process_lock
from app.database.filter_conditions import LIVE
from app.database.raw_tables import copy_tables
from app.database.rows import state_in
from app.database.state import CatalogueState, lineage
from app.database.tables import metadata, operations, photos, products
from app.gallery.checkpoint_store import checkpoint_file
from app.gallery.layout import INDEX, GalleryLocation
from app.gallery.local_index.index_manifest import UnusableIndexError, manifest_text, parse_manifest
from index_builder.gallery.backup.copy_files import PhotoCopier, copy_feeds
from index_builder.gallery.backup.manifest import (
    MARK,
    PHOTOS,
    BackupError,
    BackupManifest,
    check_file,
    keep_earlier_on_failure,
    read_manifest,
    read_photo_list,
    remove_other_files,
    write_manifest,
    write_photo_list,
)

_CATALOGUE = "catalogue"
_ATTEMPTS = 5  # to dump the database at a moment at which no import ends


@dataclass(frozen=True)
class BackupReport:
    """Contents of a backup, and the files that the gallery itself lacks."""

    revision: int
    products: int
    photos: int
    copied: int  # photo files that an earlier backup did not have
    missing: tuple[str, ...]  # one line for each photo that could not be copied


def backup(location: GalleryLocation, to: Path, progress: Progress | None = None) -> BackupReport:
    """Back up a gallery into a folder that is empty or has an earlier backup of the same gallery.

    The folder holds the earlier backup until the new one is complete. A run that fails, such as on a full disk,
    leaves only the earlier backup. Raises BackupError for another folder, CatalogueError if there is no gallery, and
    LockHeldError while another process backs up into the folder.
    """
    directory = location.directory
    _check_apart(directory, to)
    catalogue = location.open_catalogue()
    try:
        _claim(to, lineage(catalogue.state().identity))
        with process_lock(to / MARK, blocking=False, work=f"the backup in {to}"), keep_earlier_on_failure(to):
            copier = PhotoCopier(location.open_photos().files, to / PHOTOS, _read_earlier_files(to))
            with catalogue.moment() as connection:
                names = _select_photo_names(connection)
            copier.copy(names, progress)  # copies most photos before the moment of the backup
            return _finish(location, to, *_dump_consistently(directory, to, catalogue), copier)
    finally:
        catalogue.close()


def _check_apart(directory: Path, to: Path) -> None:
    """Check that a folder is not the gallery, inside it or around it. Raises BackupError."""
    gallery, folder = directory.resolve(), to.resolve()
    if folder.is_relative_to(gallery) or gallery.is_relative_to(folder):
        raise BackupError(f"{to} is, holds or lies in the gallery {directory}: expected a folder apart from it")


def _claim(to: Path, origin: str) -> None:
    """Mark a folder with the gallery's origin. Raises BackupError if the folder is not a backup of that gallery."""
    to.mkdir(parents=True, exist_ok=True)
    mark = to / MARK
    if not mark.exists() and any(to.iterdir()):
        raise BackupError(f"{to} is not empty and not a backup: expected an empty folder, or a backup of this gallery")
    if not mark.exists():
        write_atomically(mark, lambda path: path.write_text(origin))
    other = mark.read_text()
    if other != origin:
        raise BackupError(f"{to} is of the gallery {other[:40]!r}: expected a backup of this one, {origin!r}")


def _read_earlier_files(to: Path) -> dict[str, str]:
    """Read the SHA-256 by photo file of the backup in a folder. Empty unless there is a complete backup."""
    try:
        photo_list = to / read_manifest(to).photo_list[0]
        return read_photo_list(photo_list) if photo_list.is_file() else {}
    except BackupError:
        return {}


@dataclass(frozen=True)
class _DumpContents:
    """State of a dumped database, and the files that belong to it."""

    state: CatalogueState
    size: int  # products
    photos: list[str]  # names
    imports: list[str]  # ids of unfinished operations


def _read_contents(database: Path) -> _DumpContents:
    engine = create_engine(sqlite_url(database))  # a Catalogue would change the file
    unfinished = select(operations.c.id).where(operations.c.state.in_(("queued", "running")))
    with engine.connect() as connection:
        size = connection.execute(select(func.count()).select_from(products).where(LIVE)).scalar_one()
        imports = list(connection.execute(unfinished).scalars())
        contents = _DumpContents(state_in(connection), size, _select_photo_names(connection), imports)
    engine.dispose()
    return contents


def _find_missing_feeds(to: Path, dump: _DumpContents) -> list[str]:
    return [operation for operation in dump.imports if not (to / _feed_name(operation)).is_file()]


def _feed_name(operation: str) -> str:
    return f"{operation}.feed"


def _select_photo_names(connection: Connection) -> list[str]:
    query = select(photos.c.name).distinct().where(photos.c.name.is_not(None)).order_by(photos.c.name)
    return [str(name) for name in connection.execute(query).scalars()]


def _dump_consistently(directory: Path, to: Path, catalogue: Catalogue) -> tuple[Path, str, _DumpContents]:
    """Dump the database as of one moment. Returns its file, its SHA-256 and its contents.

    The feeds of unfinished imports are copied beside it, and so is the index's manifest if the index was tuned.
    """
    for _ in range(_ATTEMPTS):
        copy_feeds(directory, to)
        manifests = [_read_index_manifest(directory)]
        database = to / f"{_CATALOGUE}-{uuid.uuid4().hex[:8]}.sqlite"
        sha256 = write_atomically(database, lambda path: _dump(catalogue, path))
        copy_feeds(directory, to)
        manifests.append(_read_index_manifest(directory))  # one of both belongs to the index that the database names
        dump = _read_contents(database)
        if not _find_missing_feeds(to, dump):
            break  # else an import began and ended meanwhile; the next dump does not need its feed
    tuned = next((text for text in manifests if _is_tuned(text, dump.state.factory)), None)
    if tuned:
        write_atomically(_companion_path(database, "index", "json"), lambda path: path.write_bytes(tuned))
    return database, sha256, dump


def _read_index_manifest(directory: Path) -> bytes:
    """Read the index's manifest, which has the tuning. All else of an index can be rebuilt from the rows."""
    try:
        return manifest_text(directory / INDEX)
    except OSError:
        return b""


def _is_tuned(text: bytes, factory: str) -> bool:
    """Return whether a manifest has the tuning of a kind of index."""
    try:
        return parse_manifest(text).tuning_for(factory) is not None
    except UnusableIndexError:
        return False


def _dump(catalogue: Catalogue, path: Path) -> None:
    """Copy all tables as of one moment into a database file."""
    path.unlink(missing_ok=True)
    engine = create_engine(sqlite_url(path))
    metadata.create_all(engine)
    with catalogue.moment() as source, engine.begin() as target:
        copy_tables(source, target)
    engine.dispose()


def _finish(
    location: GalleryLocation, to: Path, database: Path, sha256: str, dump: _DumpContents, copier: PhotoCopier
) -> BackupReport:
    """Copy the other files that the database names, write the manifest and remove files of earlier backups."""
    state, names = dump.state, dump.photos
    copier.missing.clear()  # found before the moment of the dump
    copier.copy(names)
    referenced = set(names)
    files = {name: value for name, value in copier.files.items() if name.partition(".")[0] in referenced}
    photo_list, index = _companion_path(database, "photos", "sha256"), _companion_path(database, "index", "json")
    checkpoint = _copy_checkpoint(location, to, state)
    manifest = BackupManifest(
        origin=lineage(state.identity),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        revision=state.revision,
        products=dump.size,
        photos=len(names),
        catalogue=(database.name, sha256),
        photo_list=(photo_list.name, write_photo_list(photo_list, files)),
        checkpoint=checkpoint,
        imports=tuple((name, sha256_of(to / name)) for name in map(_feed_name, dump.imports) if (to / name).is_file()),
        index_manifest=(index.name, sha256_of(index)) if index.is_file() else None,
    )
    write_manifest(to, manifest)
    remove_other_files(to, manifest.files, files)
    feeds = [f"import {operation}: its feed is not in the gallery" for operation in _find_missing_feeds(to, dump)]
    missing = (*copier.missing.values(), *feeds)
    return BackupReport(state.revision, dump.size, len(names), len(copier.copied), missing)


def _companion_path(database: Path, kind: str, ending: str) -> Path:
    """Return the path of the file of another kind that belongs to a database."""
    return database.with_name(f"{kind}{database.stem.removeprefix(_CATALOGUE)}.{ending}")


def _copy_checkpoint(location: GalleryLocation, to: Path, state: CatalogueState) -> tuple[str, str] | None:
    if state.checkpoint is None:
        return None
    source, target = checkpoint_file(location, state.checkpoint), to / f"{state.checkpoint}.safetensors"
    check_file(source, state.checkpoint)
    if not target.is_file() or sha256_of(target) != state.checkpoint:
        write_atomically(target, lambda path: shutil.copyfile(source, path))
    return target.name, state.checkpoint
