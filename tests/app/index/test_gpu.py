"""Tests of FAISS on a GPU with a fake GPU: the choice of a device, and searches that the GPU cannot run."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from app.gallery.gallery import Gallery
from app.index import gpu as module
from app.index.gpu import Gpu, gpu_for
from tests.support.small_galleries import (
    brute_force,
    local_snapshot,
    open_catalogue,
    products,
    ranking,
    small_checkpoint,
    vectors,
)


class Copy:
    """Copy of an index "on the GPU": it has the same results, and detects concurrent searches."""

    def __init__(self, index: Any) -> None:
        self._index, self._busy = index, threading.Lock()
        self.searches = 0

    def search(self, queries: Any, n: int) -> Any:
        """Search the copied index, one search at a time."""
        assert self._busy.acquire(blocking=False), "two searches at once"
        try:
            self.searches += 1
            return self._index.search(queries, n)
        finally:
            self._busy.release()


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> list[Copy]:
    """Install a FAISS with one GPU; return the copies that are made there."""
    copies: list[Copy] = []

    def copy_index(resources: object, device: int, index: Any) -> Copy:
        copies.append(Copy(index))
        return copies[-1]

    fake = SimpleNamespace(get_num_gpus=lambda: 1, StandardGpuResources=object, index_cpu_to_gpu=copy_index)
    monkeypatch.setattr(module, "_faiss", fake)
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    return copies


def filled(directory: Path, gpu: Gpu | None) -> tuple[Gallery, dict[str, Any]]:
    catalogue = open_catalogue(directory)
    photos = dict(zip([f"p{number}" for number in range(80)], vectors(80), strict=True))
    catalogue.put(products(list(photos)), np.stack(list(photos.values())))
    return Gallery.open(directory, small_checkpoint(), catalogue, gpu), photos


def test_searches_go_to_the_gpu_one_at_a_time_and_filtered_ones_do_not(tmp_path: Path, copies: list[Copy]) -> None:
    gallery, photos = filled(tmp_path, gpu_for("auto"))
    sketch = vectors(1, 3)[0]
    assert ranking(gallery.snapshot, gallery.catalogue, sketch, 30) == brute_force(sketch, photos)[:30]
    assert [copy.searches for copy in copies] == [1]
    few = sorted(gallery.catalogue.live().values())[:7]
    assert len(ranking(gallery.snapshot, gallery.catalogue, sketch, 9, few)) == 7
    assert [copy.searches for copy in copies] == [1]
    threads = [
        threading.Thread(target=lambda: local_snapshot(gallery).candidates(np.ones((1, 9), np.float32), 5))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [copy.searches for copy in copies] == [9]


def test_what_the_gpu_cannot_do_is_done_on_the_cpu(
    tmp_path: Path, copies: list[Copy], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("Error in here: Error: out of memory")

    monkeypatch.setattr(module._faiss, "index_cpu_to_gpu", refuse)
    gallery, photos = filled(tmp_path, gpu_for("cuda"))
    sketch = vectors(1, 3)[0]
    for _ in range(2):
        assert ranking(gallery.snapshot, gallery.catalogue, sketch, 30) == brute_force(sketch, photos)[:30]
    messages = [record.getMessage() for record in caplog.records if "on the CPU" in record.getMessage()]
    assert messages == ["an index of 80 rows is searched on the CPU, the GPU failed: out of memory"]  # once


def test_more_rows_than_the_gpu_finds_come_from_the_cpu(copies: list[Copy]) -> None:
    assert Gpu().search(object(), np.ones((1, 9), np.float32), 2049) is None


def test_without_a_gpu_the_log_says_why(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert gpu_for("auto") is None
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert gpu_for("cpu") is None and caplog.messages == []
    monkeypatch.setattr(module, "_faiss", SimpleNamespace(get_num_gpus=lambda: 0))
    assert gpu_for("auto") is None
    monkeypatch.setattr(module, "_faiss", SimpleNamespace())
    assert gpu_for("auto") is None
    assert caplog.messages == [
        "FAISS searches on the CPU: it finds no GPU",
        "FAISS searches on the CPU: it was installed without GPU support",
    ]
