"""Tests that a writer's threads and processes run from its start to its end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.shutdown import Shutdown
from app.gallery.gallery import Gallery
from app.ingest.gallery_writer import GalleryWriter
from app.observability.metrics import Metrics
from model.checkpoint import Checkpoint, load_checkpoint
from tests.support.background import background
from tests.support.writable_server import own_gallery


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint: Path) -> Checkpoint:
    return load_checkpoint(tiny_checkpoint)


@pytest.fixture
def gallery(checkpoint: Checkpoint, tiny_gallery: Path, tmp_path: Path) -> Iterator[Gallery]:
    directory, _key = own_gallery(tiny_gallery, tmp_path)
    gallery = Gallery.open(directory, checkpoint)
    yield gallery
    gallery.close()


@pytest.fixture
def writer(checkpoint: Checkpoint, gallery: Gallery) -> GalleryWriter:
    return GalleryWriter(gallery, checkpoint, lambda: None, Metrics(), allow_private=False)


def test_it_imports_and_maintains_from_its_start_to_its_end(checkpoint: Checkpoint, gallery: Gallery) -> None:
    before = background()
    writer = GalleryWriter(gallery, checkpoint, lambda: None, Metrics(), allow_private=False)
    assert background() <= before
    writer.start()
    started = background() - before
    assert {getattr(thread, "name", thread) for thread in started} == {"import", "follow", "compact"}
    writer.close(Shutdown.unlimited())
    assert background() <= before


def test_a_process_decodes_for_unfinished_imports_from_the_start(gallery: Gallery, writer: GalleryWriter) -> None:
    before = background()
    gallery.catalogue.operations.add("left by another server")
    writer.start()
    assert sum(not isinstance(started, threading.Thread) for started in background() - before) == 1
    writer.close(Shutdown.unlimited())
    assert background() <= before


def test_closing_without_a_start_does_nothing(writer: GalleryWriter) -> None:
    before = background()
    writer.close(Shutdown.unlimited())
    assert background() <= before
