"""Copying a gallery, as of one moment, while it is served and changed: all that cannot be made again from the rest."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.progress import Progress
from sqlalchemy import Connection, create_engine, func, select

from app.catalogue import Catalogue, sqlite_url
from app.checkpoints import checkpoint_file
from app.conditions import LIVE
from app.files import sha256_of, write_whole
from app.gallery import PHOTOS as GALLERY_PHOTOS
from app.gallery import catalogue_of
from app.identity import origin
from app.locks import only_one
from app.photos import PhotoStore
from app.raw import copy_tables
from app.records import CatalogueState, state_in
from app.tables import metadata, photos, products
from index_builder.backup_files import (
    MANIFEST,
    MARK,
    PHOTOS,
    BackupError,
    Manifest,
    check_file,
    read_manifest,
    read_photo_list,
    write_manifest,
    write_photo_list,
)


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

    Until that is done, it holds the earlier backup. Raises BackupError for another folder, CatalogueError when there
    is no gallery, and InUse while another process does the same.
    """
    catalogue = catalogue_of(directory, catalogue_url)
    try:
        _claim(to, origin(catalogue.state().identity))
        with only_one(to / MARK, f"the backup in {to}"):
            copier = _Copier(PhotoStore(directory / GALLERY_PHOTOS), to / PHOTOS, _earlier(to))
            with catalogue.moment() as connection:
                names = _names(connection)
            copier.copy(names, progress)  # most of the work, before the moment that the backup is of
            stem = uuid.uuid4().hex[:8]
            database = to / f"catalogue-{stem}.sqlite"
            sha256 = write_whole(database, lambda path: _dump(catalogue, path))
            return _finish(directory, to, database, sha256, copier)
    finally:
        catalogue.close()


def _claim(to: Path, whose: str) -> None:
    """Mark a folder as this gallery's. Raises BackupError for one that is not."""
    to.mkdir(parents=True, exist_ok=True)
    mark = to / MARK
    if not mark.exists() and any(to.iterdir()):
        raise BackupError(f"{to} is not empty and no backup: expected an empty folder, or a backup of this gallery")
    if not mark.exists():
        write_whole(mark, lambda path: path.write_text(whose))
    if mark.read_text() != whose:
        raise BackupError(f"{to} is of the gallery {mark.read_text()[:40]!r}: expected a backup of this one, {whose!r}")


def _earlier(to: Path) -> dict[str, str]:
    """The photo files of the backup that lies there, with their SHA-256; none if there is no whole one."""
    try:
        listed = to / read_manifest(to).photo_list[0]
        return read_photo_list(listed) if listed.is_file() else {}
    except BackupError:
        return {}


def _names(connection: Connection) -> list[str]:
    query = select(photos.c.name).distinct().where(photos.c.name.is_not(None)).order_by(photos.c.name)
    return [str(name) for name in connection.execute(query).scalars()]


@dataclass
class _Copier:
    """Copies photos with their thumbnails, each once."""

    store: PhotoStore
    folder: Path
    earlier: dict[str, str]
    files: dict[str, str] = field(default_factory=dict)  # SHA-256 by file name
    copied: int = 0
    missing: dict[str, str] = field(default_factory=dict)  # why, by the photo's name

    def copy(self, names: Iterable[str], progress: Progress | None = None) -> None:
        """Have these photos in the folder."""
        self.folder.mkdir(exist_ok=True)
        todo = [name for name in names if self.store.thumbnail(name).name not in self.files]
        task = progress.add_task("Copying photos", total=len(todo)) if progress else None
        for name in todo:
            photo, thumbnail = self.store.photo(name), self.store.thumbnail(name)
            try:
                self._take(photo, name)
                self._take(thumbnail, None)
            except OSError as error:
                file = Path(error.filename or name).name
                self.missing[name] = f"photo {name}: {file} cannot be copied ({error.strerror})"
            except BackupError as error:
                self.missing[name] = f"photo {name}: {error}"
            if progress is not None and task is not None:
                progress.advance(task)

    def _take(self, source: Path, expected: str | None) -> None:
        """Raises OSError when it cannot be copied, and BackupError unless it has the SHA-256 expected.

        What the earlier backup has is left alone: it must stay whole as long as this one is not.
        """
        target = self.folder / source.name
        known = self.earlier.get(source.name) if target.is_file() else None
        if known is None:
            target.unlink(missing_ok=True)  # of a backup that was killed
            known = write_whole(target, lambda path: _link(source, path))
            self.copied += 1
        if expected not in (None, known):
            target.unlink()
            raise BackupError(f"{source.name} has SHA-256 {known}: expected its name")
        self.files[source.name] = known


def _dump(catalogue: Catalogue, path: Path) -> None:
    """All tables as of one moment, in a database file."""
    path.unlink(missing_ok=True)
    engine = create_engine(sqlite_url(path))
    metadata.create_all(engine)
    with catalogue.moment() as source, engine.begin() as target:
        copy_tables(source, target)
    engine.dispose()


def _finish(directory: Path, to: Path, database: Path, sha256: str, copier: _Copier) -> BackupReport:
    """Copy what the database names besides, have the manifest say so, and remove what is not needed any more."""
    copy = create_engine(sqlite_url(database))
    with copy.connect() as connection:
        state, names = state_in(connection), _names(connection)
        size = connection.execute(select(func.count()).select_from(products).where(LIVE)).scalar_one()
    copy.dispose()
    copier.missing.clear()  # of before that moment
    copier.copy(names)
    wanted = set(names)
    files = {name: value for name, value in copier.files.items() if name.partition(".")[0] in wanted}
    listed = database.with_name(database.name.replace("catalogue-", "photos-").replace(".sqlite", ".sha256"))
    checkpoint = _copy_checkpoint(directory, to, state)
    manifest = Manifest(
        origin(state.identity),
        datetime.now(UTC).isoformat(timespec="seconds"),
        state.revision,
        size,
        len(names),
        (database.name, sha256),
        (listed.name, write_photo_list(listed, files)),
        checkpoint,
    )
    write_manifest(to, manifest)
    _clear(to, manifest, files)
    return BackupReport(state.revision, size, len(names), copier.copied, tuple(copier.missing.values()))


def _copy_checkpoint(directory: Path, to: Path, state: CatalogueState) -> tuple[str, str] | None:
    if state.checkpoint is None:
        return None
    source, target = checkpoint_file(directory, state.checkpoint), to / f"{state.checkpoint}.safetensors"
    check_file(source, state.checkpoint)
    if not target.is_file() or sha256_of(target) != state.checkpoint:
        write_whole(target, lambda path: shutil.copyfile(source, path))
    return target.name, state.checkpoint


def _clear(to: Path, manifest: Manifest, files: dict[str, str]) -> None:
    """Remove what only earlier backups need."""
    needed = {MANIFEST, MARK, PHOTOS, *(name for name, _ in manifest.files)}
    for path in [*to.iterdir(), *(to / PHOTOS).iterdir()]:
        if path.name not in (files if path.parent.name == PHOTOS else needed) and path.is_file():
            path.unlink()


def _link(source: Path, path: Path) -> None:
    """The same file, which never changes, by another name, or a copy of it on another disk."""
    try:
        os.link(source, path)
    except OSError:
        shutil.copyfile(source, path)
