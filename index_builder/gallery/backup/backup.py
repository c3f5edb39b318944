"""Copying a gallery, as of one moment, while it is served and changed: all that cannot be made again from the rest."""

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
from app.gallery.index_manifest import UnusableIndexError, manifest_text, parse_manifest
from app.gallery.layout import INDEX, catalogue_of
from app.gallery.layout import PHOTOS as GALLERY_PHOTOS
from app.gallery.photo_store import PhotoStore
from index_builder.gallery.backup.copy_files import PhotoCopier, copy_feeds
from index_builder.gallery.backup.manifest import (
    MARK,
    PHOTOS,
    BackupError,
    BackupManifest,
    check_file,
    clear,
    left_as_before,
    read_manifest,
    read_photo_list,
    write_manifest,
    write_photo_list,
)

_CATALOGUE = "catalogue"
_ATTEMPTS = 5  # to catch a moment at which no import ends


@dataclass(frozen=True)
class BackupReport:
    """What a backup holds, and what it lacks since the gallery itself does."""

    revision: int
    products: int
    photos: int
    copied: int  # files of photos that an earlier backup did not have
    missing: tuple[str, ...]  # one line for each photo that could not be copied


def backup(
    directory: Path, to: Path, progress: Progress | None = None, catalogue_url: str | None = None
) -> BackupReport:
    """Bring a folder, empty or with an earlier backup of the same gallery, to what the gallery is now.

    Until that is done, it holds the earlier backup; a run that fails, such as on a full disk, leaves just that. Raises
    BackupError for another folder, CatalogueError when there is no gallery, and LockHeldError while another
    process does the same.
    """
    _check_apart(directory, to)
    catalogue = catalogue_of(directory, catalogue_url)
    try:
        _claim(to, lineage(catalogue.state().identity))
        with process_lock(to / MARK, blocking=False, work=f"the backup in {to}"), left_as_before(to):
            copier = PhotoCopier(PhotoStore(directory / GALLERY_PHOTOS), to / PHOTOS, _earlier(to))
            with catalogue.moment() as connection:
                names = _names(connection)
            copier.copy(names, progress)  # most of the work, before the moment that the backup is of
            return _finish(directory, to, *_dumped(directory, to, catalogue), copier)
    finally:
        catalogue.close()


def _check_apart(directory: Path, to: Path) -> None:
    """Raises BackupError for a folder that is the gallery, or lies in it or around it."""
    gallery, folder = directory.resolve(), to.resolve()
    if folder.is_relative_to(gallery) or gallery.is_relative_to(folder):
        raise BackupError(f"{to} is, holds or lies in the gallery {directory}: expected a folder apart from it")


def _claim(to: Path, whose: str) -> None:
    """Mark a folder as this gallery's. Raises BackupError for one that is not."""
    to.mkdir(parents=True, exist_ok=True)
    mark = to / MARK
    if not mark.exists() and any(to.iterdir()):
        raise BackupError(f"{to} is not empty and no backup: expected an empty folder, or a backup of this gallery")
    if not mark.exists():
        write_atomically(mark, lambda path: path.write_text(whose))
    if mark.read_text() != whose:
        raise BackupError(f"{to} is of the gallery {mark.read_text()[:40]!r}: expected a backup of this one, {whose!r}")


def _earlier(to: Path) -> dict[str, str]:
    """The photo files of the backup that lies there, with their SHA-256; none if there is no whole one."""
    try:
        listed = to / read_manifest(to).photo_list[0]
        return read_photo_list(listed) if listed.is_file() else {}
    except BackupError:
        return {}


@dataclass(frozen=True)
class _Held:
    """What a database says of itself, and which files belong to it."""

    state: CatalogueState
    size: int  # products
    photos: list[str]  # names
    imports: list[str]  # operations that are not over


def _read(database: Path) -> _Held:
    engine = create_engine(sqlite_url(database))  # opened as a catalogue, it would be changed
    unfinished = select(operations.c.id).where(operations.c.state.in_(("queued", "running")))
    with engine.connect() as connection:
        size = connection.execute(select(func.count()).select_from(products).where(LIVE)).scalar_one()
        imports = list(connection.execute(unfinished).scalars())
        held = _Held(state_in(connection), size, _names(connection), imports)
    engine.dispose()
    return held


def _missing_feeds(to: Path, held: _Held) -> list[str]:
    return [operation for operation in held.imports if not (to / _feed(operation)).is_file()]


def _feed(operation: str) -> str:
    return f"{operation}.feed"


def _names(connection: Connection) -> list[str]:
    query = select(photos.c.name).distinct().where(photos.c.name.is_not(None)).order_by(photos.c.name)
    return [str(name) for name in connection.execute(query).scalars()]


def _dumped(directory: Path, to: Path, catalogue: Catalogue) -> tuple[Path, str, _Held]:
    """The database as of one moment, with its SHA-256 and what it says of itself.

    Beside it lie the feeds whose import is not over at that, and how an index of its kind was tuned, if it was.
    """
    for _ in range(_ATTEMPTS):
        copy_feeds(directory, to)
        manifests = [_index_manifest(directory)]
        database = to / f"{_CATALOGUE}-{uuid.uuid4().hex[:8]}.sqlite"
        sha256 = write_atomically(database, lambda path: _dump(catalogue, path))
        copy_feeds(directory, to)
        manifests.append(_index_manifest(directory))  # before or after, one is of the kind that the database names
        held = _read(database)
        if not _missing_feeds(to, held):
            break  # else an import was begun and ended just then, so that the next moment does not need it
    tuned = next((each for each in manifests if _is_tuned(each, held.state.factory)), None)
    if tuned:
        write_atomically(_beside(database, "index", "json"), lambda path: path.write_bytes(tuned))
    return database, sha256, held


def _index_manifest(directory: Path) -> bytes:
    """What tells how the index was tuned, which took measuring; all else of an index is made again from the rows."""
    try:
        return manifest_text(directory / INDEX)
    except OSError:
        return b""


def _is_tuned(text: bytes, factory: str) -> bool:
    """Return whether a manifest says how a kind of index was tuned."""
    try:
        return parse_manifest(text).tuning_for(factory) is not None
    except UnusableIndexError:
        return False


def _dump(catalogue: Catalogue, path: Path) -> None:
    """All tables as of one moment, in a database file."""
    path.unlink(missing_ok=True)
    engine = create_engine(sqlite_url(path))
    metadata.create_all(engine)
    with catalogue.moment() as source, engine.begin() as target:
        copy_tables(source, target)
    engine.dispose()


def _finish(directory: Path, to: Path, database: Path, sha256: str, held: _Held, copier: PhotoCopier) -> BackupReport:
    """Copy what the database names besides, have the manifest say so, and remove what is not needed any more."""
    state, names = held.state, held.photos
    copier.missing.clear()  # of before that moment
    copier.copy(names)
    wanted = set(names)
    files = {name: value for name, value in copier.files.items() if name.partition(".")[0] in wanted}
    listed, index = _beside(database, "photos", "sha256"), _beside(database, "index", "json")
    checkpoint = _copy_checkpoint(directory, to, state)
    manifest = BackupManifest(
        lineage(state.identity),
        datetime.now(UTC).isoformat(timespec="seconds"),
        state.revision,
        held.size,
        len(names),
        (database.name, sha256),
        (listed.name, write_photo_list(listed, files)),
        checkpoint,
        tuple((name, sha256_of(to / name)) for name in map(_feed, held.imports) if (to / name).is_file()),
        (index.name, sha256_of(index)) if index.is_file() else None,
    )
    write_manifest(to, manifest)
    clear(to, manifest.files, files)
    lost = [f"import {operation}: its feed is not in the gallery" for operation in _missing_feeds(to, held)]
    missing = (*copier.missing.values(), *lost)
    return BackupReport(state.revision, held.size, len(names), copier.copied, missing)


def _beside(database: Path, kind: str, ending: str) -> Path:
    """The file of another kind that belongs to a database."""
    return database.with_name(f"{kind}{database.stem.removeprefix(_CATALOGUE)}.{ending}")


def _copy_checkpoint(directory: Path, to: Path, state: CatalogueState) -> tuple[str, str] | None:
    if state.checkpoint is None:
        return None
    source, target = checkpoint_file(directory, state.checkpoint), to / f"{state.checkpoint}.safetensors"
    check_file(source, state.checkpoint)
    if not target.is_file() or sha256_of(target) != state.checkpoint:
        write_atomically(target, lambda path: shutil.copyfile(source, path))
    return target.name, state.checkpoint
