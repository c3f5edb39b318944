"""State of a served gallery, as the first page of the admin page shows it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from app.index.index_spec import Tuning
from app.observability.build_info import BuildInfo, read_build_info
from app.serving.service import Service


@dataclass(frozen=True)
class GalleryStatus:
    """State of the gallery, of its index and of this server, as of one request."""

    build: BuildInfo
    checkpoint: str  # SHA-256
    products: int
    photos: int
    revision: int  # that searches see
    factory: str  # kind of the index, as a faiss.index_factory string
    tuning: Tuning | None
    parts: int  # of the index; more than one after changes
    is_saved: bool  # whether the saved index has all changes
    is_database_up: bool
    waiting_searches: int
    unfinished_imports: int
    disk_free: int  # bytes
    disk_total: int


def read_status(service: Service) -> GalleryStatus:
    """Read the state of a service's gallery. Raises OSError and SQLAlchemyError."""
    runtime, gallery = service.runtime, service.gallery
    snapshot, disk = gallery.snapshot, shutil.disk_usage(gallery.directory)
    return GalleryStatus(
        build=read_build_info(),
        checkpoint=runtime.checkpoint.sha256,
        products=snapshot.size,
        photos=snapshot.photos,
        revision=snapshot.revision,
        factory=gallery.catalogue.state().factory,
        tuning=gallery.tuning,
        parts=gallery.index.n_parts,
        is_saved=gallery.is_saved,
        is_database_up=gallery.contact.is_up,
        waiting_searches=service.queue.length,
        unfinished_imports=len(gallery.catalogue.operations.unfinished()),
        disk_free=disk.free,
        disk_total=disk.total,
    )
