"""Tests that a runtime and a service begin nothing before they are opened, and leave nothing after they are closed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.core.shutdown import Shutdown
from app.decoding.sketch_decoder import SketchDecoder
from app.gallery.layout import CATALOGUE_FILE, GalleryLocation
from app.gallery.open_gallery import open_gallery
from app.ingest.gallery_writer import GalleryWriter
from app.observability.metrics import Metrics
from app.search.batcher import Batcher
from app.search.retriever import Retriever
from app.serving.hot_swap import RuntimeSwapper
from app.serving.runtime import Runtime
from app.serving.service import Service
from app.settings import Settings
from tests.support.background import background
from tests.support.writable_server import own_gallery


@pytest.fixture
def settings(tiny_gallery: Path, tmp_path: Path) -> Iterator[Settings]:
    """Yield the settings of a gallery, and check that the test leaves no thread, no process and no open catalogue."""
    gallery, _key = own_gallery(tiny_gallery, tmp_path)
    before = background()
    yield Settings(gallery=gallery, device="cpu")
    assert background() <= before
    assert open_catalogues(gallery) == []


def open_catalogues(gallery: Path) -> list[str]:
    """Return the files of a gallery's catalogue that this process has open."""
    paths = [file.path for file in psutil.Process().open_files()]
    return [path for path in paths if path.startswith(str(gallery / CATALOGUE_FILE))]


def ignore(_runtime: Runtime) -> None:
    """Ignore that a runtime is outdated."""


def test_the_constructor_of_a_runtime_starts_nothing(settings: Settings) -> None:
    checkpoint, gallery = open_gallery(GalleryLocation(settings.gallery), "cpu")
    before = background()
    runtime = Runtime(checkpoint, gallery, settings, ignore, Metrics())
    assert background() <= before
    runtime.close(Shutdown.unlimited())


@pytest.mark.parametrize(
    ("part", "step"),
    [(Retriever, "__init__"), (GalleryWriter, "__init__"), (Retriever, "search"), (SketchDecoder, "warm_up")],
)
def test_an_opening_that_fails_leaves_nothing_open(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, part: type, step: str
) -> None:
    monkeypatch.setattr(part, step, fail)
    with pytest.raises(OSError, match="no more of it"):
        Runtime.open(settings, ignore, Metrics())


def test_an_opening_that_gets_too_few_threads_leaves_nothing_open(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, names = threading.Thread.start, list[str]()

    def start_two(thread: threading.Thread) -> None:
        names.append(thread.name)
        if len(names) > 2:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_two)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        Runtime.open(settings, ignore, Metrics())
    assert names == ["import", "follow", "compact"]


def test_the_constructor_of_a_service_opens_nothing(settings: Settings) -> None:
    before = background()
    service = Service(settings)
    assert background() <= before and open_catalogues(settings.gallery) == []
    with pytest.raises(RuntimeError, match=r"no gallery is open: expected start\(\)"):
        _ = service.runtime
    service.close()


def test_a_service_serves_from_its_start_to_its_end(settings: Settings) -> None:
    before = background()
    service = Service(settings).start()
    assert service.gallery.size == 12
    assert background() - before and open_catalogues(settings.gallery)
    service.close()


@pytest.mark.parametrize("part", [RuntimeSwapper, Batcher])
def test_a_service_that_cannot_start_leaves_nothing_open(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, part: type
) -> None:
    monkeypatch.setattr(part, "start", fail)
    with pytest.raises(OSError, match="no more of it"):
        Service(settings).start()


def fail(*_arguments: object, **_options: object) -> None:
    """Fail, as where there is no more memory or there are no more threads."""
    raise OSError("no more of it")
