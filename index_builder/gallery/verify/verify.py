"""Check of every row, photo and file of a gallery. Nothing is changed; servers and writers may be running."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from app.catalogue.catalogue import Catalogue
from app.database.merchandising.stored_rules import read_stored_rules
from app.database.rows import DamagedCatalogueError, state_in
from app.database.state import CatalogueState
from app.gallery.layout import INDEX, GalleryLocation
from app.rules.rule_set import InvalidRulesError, parse_rules
from index_builder.gallery.verify.collection import CollectionCheck
from index_builder.gallery.verify.files import PhotoCheck, check_checkpoint, note_leftovers
from index_builder.gallery.verify.findings import Finding, Findings
from index_builder.gallery.verify.index import IndexCheck
from index_builder.gallery.verify.rows import check_rows
from model.network.distances import Distance

_ATTEMPTS = 5  # to check a gallery between two switches of its checkpoint


@dataclass(frozen=True)
class VerifyReport:
    """Contents of a gallery, and the findings of its check."""

    revision: int
    products: int
    photos: int
    problems: tuple[Finding, ...]
    notes: tuple[Finding, ...]


def verify(location: GalleryLocation, progress: Progress | None = None) -> VerifyReport:
    """Check a gallery as of one moment. Raises CatalogueError if there is no gallery, and TimeoutError."""
    try:
        catalogue = location.open_catalogue()
    except SQLAlchemyError as error:
        return VerifyReport(0, 0, 0, (_describe_unreadable(error),), ())
    try:
        for _ in range(_ATTEMPTS):
            report = _try_verify(location, catalogue, progress)
            if report is not None:
                return report
    except SQLAlchemyError as error:
        return VerifyReport(0, 0, 0, (_describe_unreadable(error),), ())
    finally:
        catalogue.close()
    raise TimeoutError(
        f"the checkpoint of gallery {location.directory} keeps changing: wait until re-embeddings have ended"
    )


def _try_verify(location: GalleryLocation, catalogue: Catalogue, progress: Progress | None) -> VerifyReport | None:
    """Check a gallery once. Returns None if its checkpoint was switched while its files were being opened."""
    directory, findings = location.directory, Findings()
    expected = catalogue.state()
    checkpoint = check_checkpoint(location, expected, findings)
    # The index is opened before the rows are read: a server may save it meanwhile, and it must not be newer than them.
    index = _open_index(location, catalogue, checkpoint.network.distance, expected, findings) if checkpoint else None
    photos = PhotoCheck(location.open_photos(), findings)
    count = 0
    with catalogue.moment() as connection:
        state = state_in(connection)
        if state.identity != expected.identity:
            return None
        task = progress.add_task("Checking", total=catalogue.size()) if progress else None
        try:
            _check_rules(connection, findings)
            for products in check_rows(connection, state, findings):
                photos.check(products)
                if index:
                    index.check(products)
                count += len(products)
                if progress is not None and task is not None:
                    progress.update(task, completed=count)
        except SQLAlchemyError as error:  # the other files cannot be compared with anything
            findings.problems.append(_describe_unreadable(error))
            return _build_report(state, count, photos.count, findings)
    photos.finish()
    if index:
        index.finish()
    note_leftovers(findings, "gallery", _list_partial_files(directory), "files that were never finished")
    return _build_report(state, count, photos.count, findings)


def _open_index(
    location: GalleryLocation, catalogue: Catalogue, distance: Distance, state: CatalogueState, findings: Findings
) -> IndexCheck | CollectionCheck:
    """Open the index that the location names."""
    if location.milvus is None:
        return IndexCheck(location.directory, distance, state, findings)
    return CollectionCheck(location.milvus, catalogue, distance, state, findings)


def _check_rules(connection: Connection, findings: Findings) -> None:
    """Check the stored rules, without which no server starts that would use them."""
    try:
        parse_rules(read_stored_rules(connection))
    except InvalidRulesError as error:
        findings.add_problem("rules", str(error))


def _build_report(state: CatalogueState, products: int, photos: int, findings: Findings) -> VerifyReport:
    return VerifyReport(state.revision, products, photos, tuple(findings.problems), tuple(findings.notes))


def _list_partial_files(directory: Path) -> list[str]:
    folders = (directory, directory / INDEX, directory / "checkpoints")
    return [str(path.relative_to(directory)) for folder in folders for path in folder.glob("*.partial")]


def _describe_unreadable(error: SQLAlchemyError) -> Finding:
    reason = error.reason if isinstance(error, DamagedCatalogueError) else str(error).partition("\n")[0]
    return Finding("catalogue", f"it cannot be read: {reason}; `sketchfind restore` makes the gallery from a backup")
