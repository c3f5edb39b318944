"""Check `python -m benchmarks.search.peers` on a few hundred embeddings: the peers that are installed find the same."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from app.core.arrays import Embeddings, Rows
from benchmarks.search.peers.__main__ import PEERS, measure_apart
from benchmarks.search.peers.measure import Figures, Task, choose_setting, measure_peer
from benchmarks.search.peers.outcomes import read_outcomes, store_outcome
from benchmarks.search.peers.peer import Peer, Setting
from benchmarks.search.peers.processes import BuildLimitError, limit_processor
from benchmarks.search.peers.table import draw_plot, format_table
from index_builder.gallery.tuning.trials import nearest
from model.network.distances import HOLEF

_PHOTOS, _DIM = 400, 16


@pytest.fixture
def task(tmp_path: Path) -> Task:
    """Make a task of 400 photos in sixteen dimensions and twenty sketches."""
    random = np.random.default_rng(0)
    photos, sketches = (random.standard_normal((n, _DIM), np.float32) for n in (_PHOTOS, 20))
    distance = HOLEF(_DIM).requires_grad_(requires_grad=False)
    np.save(tmp_path / "embeddings.npy", photos)
    queries = torch.from_numpy(sketches)
    truth = nearest(distance, photos, distance.query(queries).numpy())
    return Task(tmp_path / "embeddings.npy", distance, queries, truth, target=0.9, rounds=1, build_seconds=60)


@pytest.mark.filterwarnings("ignore:XDG_RUNTIME_DIR")  # of pgserver
@pytest.mark.parametrize("name", PEERS)
def test_each_peer_finds_the_nearest_and_what_is_new(task: Task, name: str) -> None:
    missing = PEERS[name].missing_packages()
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed")
    figures = measure_peer(PEERS[name], task)
    assert figures.recall >= 0.9
    assert figures.found_after is not None and figures.found_after > 0
    assert figures.disk > 0 and figures.build > 0 and figures.per_core > 0 and figures.two_threads > 0


class WidePeer(Peer):
    """A peer that finds as many of the nearest as it is wide."""

    name = "wide"

    def __init__(self, task: Task) -> None:
        super().__init__(task.distance, task.file.parent)
        self._task, self._width, self.widths = task, 0, list[int]()

    @property
    def settings(self) -> list[list[Setting]]:
        return [[{"width": 1}], [{"width": width} for width in (2, 8, 9, 10)]]

    def build(self, embeddings: Embeddings) -> None:
        while True:
            pass

    def apply(self, setting: Setting) -> None:
        self._width = setting["width"]
        self.widths.append(self._width)

    def search(self, sketch: torch.Tensor) -> Rows:
        number = int((self._task.sketches == sketch).all(1).nonzero()[0])
        return self._task.truth[number, : self._width]

    def insert(self, embedding: Embeddings, row: int) -> None:
        raise NotImplementedError


@pytest.mark.parametrize(("target", "chosen", "tried"), [(0.85, 9, [1, 2, 8, 9]), (1.1, 10, [1, 2, 8, 9, 10, 10])])
def test_the_narrowest_sufficient_setting_is_chosen(task: Task, target: float, chosen: int, tried: list[int]) -> None:
    peer = WidePeer(task)
    found = [np.concatenate([row, np.full(10 - len(row), -1)]) for row in task.truth]
    trial = choose_setting(peer, task.sketches, np.stack(found), target)
    assert trial.setting == {"width": chosen} and round(trial.recall, 6) == chosen / 10
    assert peer.widths == tried


def test_a_build_that_takes_too_long_is_ended(task: Task) -> None:
    peer = WidePeer(task)
    with pytest.raises(BuildLimitError, match="not built in"), limit_processor(0.06, peer.process_ids):
        peer.build(np.zeros((0, _DIM), np.float32))


def test_a_peer_without_its_package_is_skipped(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PEERS["hnswlib"], "packages", ("no_such_package",))
    assert measure_apart(PEERS["hnswlib"], task) == "skipped: no_such_package is not installed"


def test_figures_are_stored_and_shown(tmp_path: Path) -> None:
    path, figures = tmp_path / "peers.json", Figures("ef=16", 0.995, 200, 4, 300, 3, 2**30, 2**31, 120, 0.01)
    store_outcome(path, 1_000, "hnswlib", figures)
    store_outcome(path, 100, "Sketchfind, Flat", "skipped: x is not installed")
    store_outcome(path, 100, "Sketchfind, Flat", replace(figures, found_after=None, recall=0.5))
    store_outcome(path, 100, "USearch", "skipped: x is not installed")
    outcomes = read_outcomes(path)
    assert list(outcomes) == [100, 1_000] and outcomes[1_000]["hnswlib"] == figures
    assert json.loads(path.read_text())["1000"]["hnswlib"]["setting"] == "ef=16"
    table = format_table(outcomes)
    assert "| hnswlib | ef=16 | 0.9950 | 200 | 4 | 300 | 3 | 1.00 GiB | 2.00 GiB | 2 | 10 ms |" in table
    assert "never" in table and "| USearch | skipped: x is not installed |" in table
    draw_plot(outcomes, tmp_path / "peers.svg")
    drawn = (tmp_path / "peers.svg").read_text()
    assert "hnswlib" in drawn and "Sketchfind, Flat (0.50)" in drawn and "USearch" not in drawn
