"""Tuning: chooses an index with enough recall, changes nothing if there is none, and survives being killed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import index_builder.gallery.tuning.trials as trials
import index_builder.gallery.tuning.tune as module
from app.gallery import open_gallery
from app.gallery.gallery import Gallery
from app.gallery.layout import INDEX, GalleryLocation
from app.gallery.local_index.index_choice import saved_tuning
from app.gallery.local_index.index_manifest import MANIFEST
from app.gallery.local_index.index_store import UntimelyTuningError, load_index, save_index
from app.index.index_spec import IndexSpec, Tuning, inverted_file
from app.index.segment import Segment
from app.index.snapshot import Snapshot
from app.search.retriever import Retriever
from index_builder.cli.main import app
from index_builder.gallery.tuning.queries import like_sketches
from index_builder.gallery.tuning.trials import Trial, TrialBench, nearest
from index_builder.gallery.tuning.tune import TuneError, factories_for, tune
from model.network.distances import HOLEF, Distance, Mahalanobis
from tests.support.embedding_searches import search_embeddings
from tests.support.kill_points import killed_at
from tests.support.small_galleries import (
    DIM,
    TUNING,
    brute_force,
    close_catalogues,
    local_snapshot,
    open_catalogue,
    products,
    ranking,
    save_tuned,
    small_checkpoint,
    vectors,
)

COUNT = 1500
in_both_forms = pytest.mark.parametrize(
    "distance", [HOLEF(DIM), Mahalanobis(DIM)], ids=["as Euclidean", "as inner product"]
)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    make_small(monkeypatch)


def make_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tune() accept small galleries of the small checkpoint, and try few kinds of index."""
    monkeypatch.setattr(module, "_LEAST", 1000)
    monkeypatch.setattr(open_gallery, "checkpoint_file", lambda directory, sha256: directory)
    monkeypatch.setattr(open_gallery, "load_checkpoint", lambda path, engine: small_checkpoint())
    monkeypatch.setattr(module, "factories_for", lambda distance, photos: ["IVF16,SQ8", "SQ8"])
    monkeypatch.setattr(trials, "_estimate_flat_seconds", lambda *_: 1000.0)


def fill(directory: Path, count: int = COUNT) -> dict[str, Any]:
    catalogue = open_catalogue(directory)
    photos = dict(zip([f"p{number:04d}" for number in range(count)], vectors(count), strict=True))
    catalogue.put(products(list(photos)), np.stack(list(photos.values())))
    return photos


def opened(directory: Path) -> Gallery:
    return Gallery.open(directory, small_checkpoint())


def width_of(gallery: Gallery) -> int:
    return int(inverted_file(local_snapshot(gallery).parts[0].segment.index).nprobe)


def test_what_is_chosen_finds_enough_and_outlives_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "factories_for", lambda distance, photos: ["IVF16,SQ8"])
    photos = fill(tmp_path)
    chosen = tune(GalleryLocation(tmp_path), 0.95).chosen
    assert chosen.factory == "IVF16,SQ8" and chosen.recall >= 0.95 and chosen.memory < 1
    manifest = json.loads((tmp_path / "index" / "manifest.json").read_text())
    assert manifest["factory"] == chosen.factory and manifest["revision"] == COUNT
    assert manifest["tuning"]["parameters"] == chosen.parameters and manifest["tuning"]["recall"] == chosen.recall
    gallery = opened(tmp_path)
    width = int(chosen.parameters.partition("=")[2])
    assert (width_of(gallery), gallery.n_candidates) == (width, chosen.n_candidates)
    sketches = like_sketches(vectors(COUNT, seed=1), 6)
    for sketch in sketches:
        nearest_rows = ranking(gallery.snapshot, gallery.catalogue, sketch, gallery.n_candidates)
        assert np.isin(brute_force(sketch, photos)[:10], nearest_rows).mean() >= 0.8

    gallery.catalogue.put(products(["new"]), vectors(1, 9))
    gallery.save()
    (tmp_path / "index" / f"{COUNT + 1}.faiss").unlink()  # it is built again, with the same tuning
    again = opened(tmp_path)
    assert (width_of(again), again.n_candidates, again.tuning) == (width, chosen.n_candidates, gallery.tuning)
    few = sorted(gallery.catalogue.live().values())[-30:]
    assert len(ranking(again.snapshot, again.catalogue, sketches[0], 30, few)) == 30


def test_the_retriever_takes_as_many_candidates_as_was_chosen_unless_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, 100)
    gallery = opened(tmp_path)
    open_catalogue(tmp_path).set_factory("IVF2,Flat")
    save_tuned(gallery, TUNING)
    taken: list[int] = []
    candidates = Snapshot.candidates

    def count(self: Snapshot, queries: Any, n: int, revisions: Any = None) -> Any:
        taken.append(n)
        return candidates(self, queries, n, revisions)

    monkeypatch.setattr(Snapshot, "candidates", count)
    for given in (None, 12):
        search_embeddings(Retriever(small_checkpoint(), gallery, given, "cpu"), vectors(1), 5)
    assert taken == [37, 12]


def test_another_kind_of_index_is_not_searched_as_the_old_one_was_tuned(tmp_path: Path) -> None:
    fill(tmp_path, 200)
    open_catalogue(tmp_path).set_factory("IVF4,Flat")
    save_tuned(opened(tmp_path), TUNING)
    open_catalogue(tmp_path).set_factory("SQ8")
    gallery = opened(tmp_path)
    assert (gallery.tuning, gallery.n_candidates) == (None, 100)


def test_a_server_that_runs_takes_the_choice_over_when_it_saves(tmp_path: Path) -> None:
    fill(tmp_path, 200)
    server = opened(tmp_path)
    open_catalogue(tmp_path).set_factory("IVF4,Flat")
    save_tuned(opened(tmp_path), TUNING)
    server.save()
    assert server.tuning == TUNING and width_of(server) == 3
    assert saved_tuning(tmp_path / "index", "IVF4,Flat") == TUNING


def test_an_index_is_not_written_over_one_that_was_tuned_meanwhile(tmp_path: Path) -> None:
    fill(tmp_path, 50)
    gallery = opened(tmp_path)
    whole, state = local_snapshot(gallery).parts[0], gallery.catalogue.state()
    save_tuned(gallery, replace(TUNING, parameters=""))
    with pytest.raises(UntimelyTuningError, match="tuned while another one was made"):
        save_index(tmp_path / "index", whole, 50, state, IndexSpec())


@pytest.mark.parametrize(
    "damage",
    [{"parameters": "nprobe=-1"}, {"parameters": 3}, {"n_candidates": "many"}, {"training": 0}, {"what": 1}],
)
def test_an_index_whose_tuning_makes_no_sense_is_made_anew(tmp_path: Path, damage: dict[str, object]) -> None:
    photos = fill(tmp_path, 50)
    manifest = save_tuned(opened(tmp_path), replace(TUNING, parameters=""))
    fields = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(fields | {"tuning": fields["tuning"] | damage}))
    gallery = opened(tmp_path)
    assert gallery.tuning is None and gallery.size == len(photos)
    assert json.loads(manifest.read_text())["tuning"] is None


def test_a_manifest_from_before_there_was_tuning_is_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, 50)
    opened(tmp_path).save()
    manifest = tmp_path / INDEX / MANIFEST
    fields = json.loads(manifest.read_text())
    del fields["tuning"]
    manifest.write_text(json.dumps(fields))
    gallery = opened(tmp_path)
    assert gallery.size == 50 and "tuning" not in json.loads(manifest.read_text())  # it was not written again


@pytest.mark.parametrize("target", [0.0, -1.0, 1.01, float("nan")])
def test_a_recall_that_cannot_be_is_refused(tmp_path: Path, target: float) -> None:
    with pytest.raises(TuneError, match=r"target recall is .*: expected a share above 0 and at most 1"):
        tune(GalleryLocation(tmp_path), target)


def test_a_small_gallery_is_told_that_flat_is_right(tmp_path: Path) -> None:
    fill(tmp_path, 30)
    with pytest.raises(
        TuneError, match="has 30 photos: expected at least 1000; for fewer photos, the Flat index is exact"
    ):
        tune(GalleryLocation(tmp_path), 0.99)


def test_nothing_is_changed_when_nothing_finds_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "factories_for", lambda distance, photos: ["PQ3x1"])
    fill(tmp_path)
    with pytest.raises(TuneError, match=r"no index found 1.0 of the nearest photos; the best, PQ3x1, found 0\.\d+"):
        tune(GalleryLocation(tmp_path), 1.0)
    gallery = opened(tmp_path)
    assert gallery.tuning is None and gallery.catalogue.state().factory == "Flat"


def test_nothing_is_changed_when_flat_is_faster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "_estimate_flat_seconds", lambda *_: -1.0)
    monkeypatch.setattr(trials.TrialBench, "_measure_rerank_seconds", lambda *_: 1.001)
    fill(tmp_path)
    with pytest.raises(TuneError, match=r"no index with recall 0.9 is faster than Flat: .* expected more photos"):
        tune(GalleryLocation(tmp_path), 0.9)
    assert opened(tmp_path).catalogue.state().factory == "Flat"


def test_nothing_is_changed_when_the_index_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "factories_for", lambda distance, photos: ["IVF16,SQ8"])
    monkeypatch.setattr(trials, "_estimate_flat_seconds", lambda *_: 1e9)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    fill(tmp_path)
    monkeypatch.setattr(Gallery, "save", full)
    with pytest.raises(OSError, match="No space left"):
        tune(GalleryLocation(tmp_path), 0.9)
    assert opened(tmp_path).catalogue.state().factory == "Flat"


def test_the_ten_nearest_are_those_of_the_definition() -> None:
    photos, sketches = vectors(40_000), vectors(3, seed=5)
    distance = small_checkpoint().network.distance
    rows = nearest(distance, photos, distance.query(torch.from_numpy(sketches)).numpy())
    distances = distance.pairwise(torch.from_numpy(sketches), torch.from_numpy(photos)).numpy()
    np.testing.assert_array_equal(rows, np.argsort(distances, axis=1)[:, :10])


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    fill(tmp_path, 30)
    result = CliRunner().invoke(app, ["tune", "--gallery", str(tmp_path), "--target-recall", "2"])
    assert result.exit_code == 2 and "target recall is 2.0: expected a share above 0" in result.stderr


@in_both_forms
def test_every_kind_that_is_tried_can_be_made_and_finds_among_those_that_a_filter_leaves(distance: Distance) -> None:
    photos, rows = vectors(COUNT), np.arange(COUNT, dtype=np.int64)
    allowed = rows % 2 == 1
    with torch.inference_mode():
        queries = distance.query(torch.from_numpy(vectors(3, seed=2))).numpy()
        truth = 2 * nearest(distance, photos[allowed], queries) + 1
    for factory in factories_for(distance, COUNT):
        tuning = replace(TUNING, parameters="nprobe=16" if factory.startswith("IVF") else "", training=COUNT)
        segment = Segment.build(distance, photos, rows, IndexSpec(factory, tuning))
        results = segment.nearest(queries, 100, allowed)[1]
        assert results.shape == (3, 100) and allowed[results].all()
        shares = [np.isin(expected, row).mean() for expected, row in zip(truth, results, strict=True)]
        assert np.mean(shares) >= 0.8


@in_both_forms
def test_every_kind_is_set_so_that_it_finds_enough(distance: Distance) -> None:
    photos = vectors(COUNT)
    bench = TrialBench(distance, photos, like_sketches(photos, 6))
    for factory in factories_for(distance, COUNT):
        trial = bench.trial(factory, 0.95)
        assert trial.factory == factory and trial.recall >= 0.95 and trial.memory < 0.6


def tune_small(directory: Path) -> None:
    """Tune a small gallery, in another process, as if a trial had found this index to be the best."""
    with pytest.MonkeyPatch.context() as patch:
        make_small(patch)
        patch.setattr(module, "TrialBench", lambda *_: None)
        patch.setattr(module, "try_all", lambda *_: (Trial("IVF16,SQ8", "nprobe=8", 500, 40, 0.99, 0.5, 0.2),))
        tune(GalleryLocation(directory), 0.95)


def state_of(gallery: Gallery) -> tuple[str, Tuning | None, int | None]:
    """Return the kind of index, its tuning, and the number of lists that are searched."""
    inverted = inverted_file(local_snapshot(gallery).parts[0].segment.index)
    return gallery.catalogue.state().factory, gallery.tuning, inverted and int(inverted.nprobe)


@pytest.mark.parametrize("before", ["Flat", "IVF4,Flat", "IVF16,SQ8"])
def test_killed_at_any_step_the_index_is_as_before_or_as_chosen(tmp_path: Path, before: str) -> None:
    source = tmp_path / "source"
    fill(source, 1000)
    open_catalogue(source).set_factory(before)
    gallery = opened(source)
    if before != "Flat":
        save_tuned(gallery, TUNING)
    old = state_of(gallery)
    gallery.close()
    close_catalogues()
    seen, step, is_killed = list[Any](), 0, True
    while is_killed:
        step += 1
        directory = Path(shutil.copytree(source, tmp_path / str(step)))
        is_killed = killed_at(step, tune_small, directory)
        for _ in range(2):  # the second start uses the index of the first one
            gallery = opened(directory)
            assert gallery.is_saved
            seen.append(state_of(gallery))
            gallery.close()
    new = seen[-1]
    assert step > 5 and seen[0] == old != new and new[1] is not None
    assert seen == [old] * seen.count(old) + [new] * seen.count(new), "it went back, or something between"
    saved = load_index(directory / "index", small_checkpoint().network.distance, open_catalogue(directory).state())
    assert saved[0].size == 1000


@pytest.mark.parametrize("before", ["Flat", "IVF16,SQ8"])
def test_a_server_that_saves_beside_tune_never_undoes_the_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    """Check that a server writes an index of the earlier choice before the new one is recorded, or not at all."""
    fill(tmp_path, 1000)
    open_catalogue(tmp_path).set_factory(before)
    server = opened(tmp_path)

    def choose_meanwhile(*arguments: Any) -> Any:
        monkeypatch.undo()
        tune_small(tmp_path)
        return save_index(*arguments)

    monkeypatch.setattr("app.gallery.local_index.local_index.save_index", choose_meanwhile)
    server.catalogue.put(products(["new"]), vectors(1, 9))
    with pytest.raises(UntimelyTuningError):
        server.save()
    gallery = opened(tmp_path)
    assert gallery.catalogue.state().factory == "IVF16,SQ8" and gallery.tuning is not None
    server.save()
    assert server.tuning == gallery.tuning and width_of(server) == width_of(gallery)


def test_what_cannot_be_saved_leaves_the_tuning_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, 1000)
    open_catalogue(tmp_path).set_factory("IVF16,SQ8")
    save_tuned(opened(tmp_path), TUNING)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("app.gallery.local_index.index_store._save_array", full)
        with pytest.raises(OSError, match="No space left"):
            tune_small(tmp_path)
    assert opened(tmp_path).tuning == TUNING
