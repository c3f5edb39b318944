"""Backups: of one moment during writes, incremental, never incomplete, and restored exactly."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

import index_builder.gallery.backup.backup as backups
from app.catalogue.catalogue import Catalogue
from app.core.process_lock import LockHeldError, process_lock
from app.database.state import lineage
from app.decoding.product_photo import encode_webp_files
from app.gallery.gallery import Gallery
from app.gallery.layout import CHECKPOINT_FILE, IMPORTS, INDEX, PHOTOS, GalleryLocation
from app.gallery.local_index.index_choice import saved_tuning
from app.index.index_spec import Tuning
from app.products.product import Photo, Product
from index_builder.gallery.backup.backup import backup
from index_builder.gallery.backup.manifest import (
    MANIFEST,
    MARK,
    BackupError,
    check_file,
    read_manifest,
    read_photo_list,
)
from index_builder.gallery.backup.restore import restore
from index_builder.gallery.reembed import reembed
from index_builder.gallery.verify.verify import verify
from model.checkpoint import load_checkpoint
from tests.app.conftest import postgres  # noqa: F401 - a fixture
from tests.conftest import draw_product
from tests.index_builder.cli.test_cli import answer, run
from tests.index_builder.gallery.verify.test_verify import cut, flip
from tests.support.kill_points import killed_at
from tests.support.postgres import Postgres
from tests.support.small_galleries import save_tuned

COUNT = 12


TUNED = Tuning(
    parameters="nprobe=2",
    training=300,
    n_candidates=37,
    recall=0.99,
    target=0.99,
    queries="photos",
    revision=12,
    checkpoint="a" * 64,
)


@pytest.fixture
def gallery(tiny_gallery: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_gallery, tmp_path / "gallery"))


@pytest.fixture(scope="module")
def whole(tiny_gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a backup that tests share. Copy it before it is changed."""
    to = tmp_path_factory.mktemp("backup") / "whole"
    gallery = Path(shutil.copytree(tiny_gallery, to.with_name("gallery")))
    tune(gallery, replace(TUNED, parameters=""))
    backup(GalleryLocation(gallery), to)
    return to


def contents(catalogue: Catalogue) -> list[tuple[Product, bytes]]:
    """Return every product with its embeddings, in the order of the ids."""
    products = catalogue.page(limit=10_000)
    embeddings = [catalogue.embedding(product.product_id) for product in products]
    catalogue.close()
    data = [b"" if embedding is None else embedding.tobytes() for embedding in embeddings]
    return list(zip(products, data, strict=True))


def add(gallery: Path, number: int) -> str:
    """Put a product with a new photo. Returns its id."""
    store, checkpoint = GalleryLocation(gallery).open_photos(), load_checkpoint(gallery / CHECKPOINT_FILE)
    image, catalogue = draw_product(100 + number, (64, 48)), GalleryLocation(gallery).open_catalogue()
    product = Product(f"late-{number:03d}", "Late", photos=(Photo(store.keep(*encode_webp_files(image)), f"{number}"),))
    catalogue.put([product], checkpoint.embed_photos([checkpoint.preprocess.photo(image)[None]], mirrored=True))
    catalogue.close()
    return product.product_id


def test_there_and_back(gallery: Path, tmp_path: Path) -> None:
    GalleryLocation(gallery).open_catalogue().delete(["sack-1"])
    report_as_json = answer("backup", "--gallery", gallery, tmp_path / "to")
    assert report_as_json == {"revision": 13, "products": 11, "photos": 11, "copied": 22, "missing": []}
    back = answer("restore", tmp_path / "to", "--gallery", tmp_path / "deep" / "back")
    assert back == {"revision": 13, "products": 11, "photos": 11}
    report = verify(GalleryLocation(tmp_path / "deep" / "back"))
    assert (report.problems, report.notes) == ((), ())
    assert contents(GalleryLocation(tmp_path / "deep" / "back").open_catalogue()) == contents(
        GalleryLocation(gallery).open_catalogue()
    )
    old, new = (
        GalleryLocation(gallery).open_catalogue().state(),
        GalleryLocation(tmp_path / "deep" / "back").open_catalogue().state(),
    )
    assert old.identity != new.identity and lineage(old.identity) == lineage(new.identity)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["back"]
    opened = Gallery.open(tmp_path / "deep" / "back", load_checkpoint(tmp_path / "deep" / "back" / CHECKPOINT_FILE))
    assert opened.is_saved and opened.size == 11
    opened.close()


def test_an_index_is_made_again_as_it_was_tuned(gallery: Path, tmp_path: Path) -> None:
    GalleryLocation(gallery).open_catalogue().set_factory("IVF2,Flat")
    tune(gallery, TUNED)
    backup(GalleryLocation(gallery), tmp_path / "to")
    backup(GalleryLocation(gallery), tmp_path / "to")  # each backup removes the files of the one before
    assert len(list((tmp_path / "to").glob("index-*.json"))) == 1
    restore(tmp_path / "to", GalleryLocation(tmp_path / "back"))
    assert verify(GalleryLocation(tmp_path / "back")).problems == ()
    with closing(Gallery.open(tmp_path / "back", load_checkpoint(gallery / CHECKPOINT_FILE))) as opened:
        assert opened.is_saved and (opened.tuning, opened.n_candidates) == (TUNED, 37)


def test_a_backup_beside_tune_has_what_was_chosen_for_its_kind_of_index(
    gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    GalleryLocation(gallery).open_catalogue().set_factory("IVF2,Flat")
    tune(gallery, TUNED)
    dump = backups._dump

    def dump_and_tune(catalogue: Catalogue, path: Path) -> None:
        dump(catalogue, path)
        catalogue.set_factory("SQ8")  # just after the moment that the backup is of
        tune(gallery, replace(TUNED, parameters=""))

    monkeypatch.setattr(backups, "_dump", dump_and_tune)
    backup(GalleryLocation(gallery), tmp_path / "to")
    restore(tmp_path / "to", GalleryLocation(tmp_path / "back"))
    assert saved_tuning(tmp_path / "back" / INDEX, "IVF2,Flat") == TUNED


def tune(gallery: Path, tuning: Tuning) -> None:
    with closing(Gallery.open(gallery, load_checkpoint(gallery / CHECKPOINT_FILE))) as opened:
        save_tuned(opened, tuning)


@pytest.mark.parametrize("name", ["to", "photos"])
def test_a_second_backup_copies_what_is_new_and_lets_go_what_is_old(gallery: Path, tmp_path: Path, name: str) -> None:
    to = tmp_path / name
    backup(GalleryLocation(gallery), to)
    before = {path.name for path in to.iterdir()}
    add(gallery, 1)
    GalleryLocation(gallery).open_catalogue().delete(["boot-1"])
    report = backup(GalleryLocation(gallery), to)
    assert (report.products, report.photos, report.copied) == (12, 12, 2)
    assert len(list((to / "photos").iterdir())) == 24
    assert len({path.name for path in to.iterdir()}) == len(before)
    again = restore(to, GalleryLocation(tmp_path / "back"))
    assert again.products == 12 and verify(GalleryLocation(tmp_path / "back")).problems == ()


def test_a_backup_beside_a_writer_is_of_one_moment(gallery: Path, tmp_path: Path) -> None:
    """Back up beside a writer that adds and deletes in turn, so that at most one product is missing at any moment."""
    stop, written = threading.Event(), list[str]()

    def write() -> None:
        while not stop.is_set():
            written.append(add(gallery, len(written)))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        reports = [backup(GalleryLocation(gallery), tmp_path / f"to{turn}") for turn in range(3)]
    finally:
        stop.set()
        writer.join()
    for turn, report in enumerate(reports):
        assert report.missing == () and report.revision == report.products
        restore(tmp_path / f"to{turn}", GalleryLocation(tmp_path / f"back{turn}"))
        assert verify(GalleryLocation(tmp_path / f"back{turn}")).problems == ()
        late = [
            p.product_id
            for p in GalleryLocation(tmp_path / f"back{turn}").open_catalogue().page(limit=5000)
            if p.title == "Late"
        ]
        assert late == sorted(written)[: len(late)] and len(late) == report.products - COUNT


def assert_whole(to: Path) -> int:
    """Check that all files of a backup are as its manifest and its list of photos say. Returns its revision."""
    manifest = read_manifest(to)
    photos = read_photo_list(to / manifest.photo_list[0])
    for path, sha256 in [*manifest.files, *((f"photos/{name}", sha256) for name, sha256 in photos.items())]:
        check_file(to / path, sha256)
    assert len(photos) == 2 * manifest.photos
    return manifest.revision


def test_a_killed_backup_leaves_the_one_before(gallery: Path, tmp_path: Path) -> None:
    to = tmp_path / "to"
    backup(GalleryLocation(gallery), to)
    first = read_manifest(to)
    add(gallery, 1)
    GalleryLocation(gallery).open_catalogue().delete(["boot-1"])
    seen, step, alive = set[int](), 0, False
    while not alive:
        step += 1
        target = Path(shutil.copytree(to, tmp_path / str(step)))
        alive = not killed_at(step, backup, GalleryLocation(gallery), target)
        seen.add(assert_whole(target))
        if step % 8 == 0 or alive:
            restore(target, GalleryLocation(tmp_path / f"back{step}"))
            assert verify(GalleryLocation(tmp_path / f"back{step}")).problems == ()
    assert step > 5 and seen == {first.revision, first.revision + 2}
    backup(GalleryLocation(gallery), tmp_path / "1")
    assert read_manifest(tmp_path / "1").revision == first.revision + 2
    assert not list((tmp_path / "1").rglob("*.partial"))


def test_a_killed_first_backup_is_none_and_can_be_gone_on_with(gallery: Path, tmp_path: Path) -> None:
    to = tmp_path / "to"
    assert killed_at(6, backup, GalleryLocation(gallery), to)
    with pytest.raises(BackupError, match=f"{to} is not a complete backup, it has no {MANIFEST}"):
        restore(to, GalleryLocation(tmp_path / "back"))
    assert not (tmp_path / "back").exists()
    backup(GalleryLocation(gallery), to)
    assert restore(to, GalleryLocation(tmp_path / "back")).products == COUNT


def test_a_killed_restore_leaves_nothing_that_looks_like_a_gallery(whole: Path, tmp_path: Path) -> None:
    for step in (1, 9, 27, 30):
        assert killed_at(step, restore, whole, GalleryLocation(tmp_path / "back"))
        assert not (tmp_path / "back").exists()
    restore(whole, GalleryLocation(tmp_path / "back"))
    assert verify(GalleryLocation(tmp_path / "back")).problems == () and [path.name for path in tmp_path.iterdir()] == [
        "back"
    ]


def test_imports_that_are_not_over_are_kept(gallery: Path, tmp_path: Path) -> None:
    catalogue = GalleryLocation(gallery).open_catalogue()
    (gallery / IMPORTS).mkdir()
    for name, state in (("waits", "queued"), ("runs", "running"), ("over", "done"), ("elsewhere", "queued")):
        catalogue.operations.add(name)
        catalogue.operations.update(name, state)  # type: ignore[arg-type]
        if name != "elsewhere":
            (gallery / IMPORTS / f"{name}.feed").write_text(f"feed that {name}")
    catalogue.keys.add("shop", "write")
    report = backup(GalleryLocation(gallery), tmp_path / "to")
    assert report.missing == ("import elsewhere: its feed is not in the gallery",)
    restore(tmp_path / "to", GalleryLocation(tmp_path / "back"))
    feeds = {path.name: path.read_text() for path in (tmp_path / "back" / IMPORTS).iterdir()}
    assert feeds == {"waits.feed": "feed that waits", "runs.feed": "feed that runs"}
    restored = GalleryLocation(tmp_path / "back").open_catalogue()
    assert restored.operations.get("runs") == catalogue.operations.get("runs")
    assert restored.keys.all() == catalogue.keys.all() and len(restored.keys.all()) == 1
    restored.close()
    catalogue.operations.update("runs", "done")
    catalogue.close()
    backup(GalleryLocation(gallery), tmp_path / "to")
    assert [name for name, _ in read_manifest(tmp_path / "to").imports] == ["waits.feed"]
    assert not (tmp_path / "to" / "runs.feed").exists()


def drop(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("change", [flip, cut, drop])
@pytest.mark.parametrize(
    "name", ["catalogue-*.sqlite", "*.safetensors", "photos-*.sha256", "index-*.json", "photos/*.thumb.webp"]
)
def test_a_damaged_backup_is_refused(whole: Path, tmp_path: Path, name: str, change: Callable[[Path], None]) -> None:
    damaged = Path(shutil.copytree(whole, tmp_path / "damaged"))
    path = next(iter(damaged.glob(name)))
    change(path)
    result = run("restore", damaged, "--gallery", tmp_path / "back")
    assert result.exit_code == 2 and path.name in result.stderr and "expected" in result.stderr
    assert not (tmp_path / "back").exists() and not list(tmp_path.glob("*.restoring"))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 9}', '{"format": 1, "catalogue": 5}'])
def test_a_manifest_that_cannot_be_read(whole: Path, tmp_path: Path, text: str) -> None:
    damaged = Path(shutil.copytree(whole, tmp_path / "damaged"))
    (damaged / MANIFEST).write_text(text)
    with pytest.raises(BackupError, match=MANIFEST):
        restore(damaged, GalleryLocation(tmp_path / "back"))


@pytest.mark.parametrize("name", ["catalogue", "photo_list", "checkpoint", "imports"])
def test_a_manifest_that_lacks_something(whole: Path, tmp_path: Path, name: str) -> None:
    damaged = Path(shutil.copytree(whole, tmp_path / "damaged"))
    manifest = json.loads((damaged / MANIFEST).read_text())
    del manifest[name]
    (damaged / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BackupError, match=name):
        restore(damaged, GalleryLocation(tmp_path / "back"))


def test_a_backup_from_before_tuning_was_kept_is_good(whole: Path, tmp_path: Path) -> None:
    older = Path(shutil.copytree(whole, tmp_path / "older"))
    manifest = json.loads((older / MANIFEST).read_text())
    del manifest["index_manifest"]
    (older / MANIFEST).write_text(json.dumps(manifest))
    assert restore(older, GalleryLocation(tmp_path / "back")).products == 12


def test_a_manifest_cannot_lead_out_of_its_folder(whole: Path, tmp_path: Path) -> None:
    damaged = Path(shutil.copytree(whole, tmp_path / "damaged"))
    manifest = json.loads((damaged / MANIFEST).read_text())
    manifest["catalogue"][0] = "../../etc/passwd"
    (damaged / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BackupError, match=r"damaged/passwd is missing"):
        restore(damaged, GalleryLocation(tmp_path / "back"))


def test_folders_that_are_something_else(whole: Path, gallery: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="is not empty and not a backup"):
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "file").touch()
        backup(GalleryLocation(gallery), tmp_path / "full")
    other = Path(shutil.copytree(whole, tmp_path / "other"))
    (other / MARK).write_text("f" * 32)
    with pytest.raises(BackupError, match=f"is of the gallery '{'f' * 32}': expected a backup of this one"):
        backup(GalleryLocation(gallery), other)
    with pytest.raises(BackupError, match=f"{gallery} is not empty: expected an empty folder, or none"):
        restore(whole, GalleryLocation(gallery))
    with (
        process_lock(other / MARK, blocking=False),
        pytest.raises(LockHeldError, match="another process is busy with the backup in"),
    ):
        (other / MARK).write_text(lineage(GalleryLocation(gallery).open_catalogue().state().identity))
        backup(GalleryLocation(gallery), other)


@pytest.mark.parametrize("place", [".", "backup", "photos/a/b", "..", "../link/c"])
def test_a_folder_that_is_not_apart_from_the_gallery_is_refused(gallery: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / "link").symlink_to(gallery)
    before = sorted(gallery.rglob("*"))
    expected = f"is, holds or lies in the gallery {gallery}: expected a folder apart from it"
    with pytest.raises(BackupError, match=expected):
        backup(GalleryLocation(gallery), gallery / place)
    assert sorted(gallery.rglob("*")) == before


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("step", [0, 1, 3, 20, 60, 70, 73, 75, 77, 79, 99])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_backup_that_fails_leaves_only_the_one_before(
    gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_first: bool, step: int
) -> None:
    to, left = tmp_path / "to", step
    if not is_first:
        backup(GalleryLocation(gallery), to)
        add(gallery, 1)
        GalleryLocation(gallery).open_catalogue().delete(["boot-1"])
    before = {name: data for name, data in files_in(to).items() if name != MARK}
    fsync = os.fsync

    def full(descriptor: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(28, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    try:
        report = backup(GalleryLocation(gallery), to)
    except OSError:
        assert {name: data for name, data in files_in(to).items() if name != MARK} == before
        assert left < 0
    else:
        assert left >= 0 and report.missing == ()
    monkeypatch.undo()
    backup(GalleryLocation(gallery), to)
    assert_whole(to)


def test_a_backup_that_fails_over_a_damaged_one_removes_nothing(
    gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup(GalleryLocation(gallery), tmp_path / "to")
    (tmp_path / "to" / MANIFEST).write_text("{")
    before = files_in(tmp_path / "to")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backups, "_dump_consistently", full)
    with pytest.raises(OSError, match="No space left"):
        backup(GalleryLocation(gallery), tmp_path / "to")
    assert files_in(tmp_path / "to").keys() >= before.keys()


def test_a_gallery_that_lacks_a_photo_is_backed_up_all_the_same(gallery: Path, tmp_path: Path) -> None:
    product = GalleryLocation(gallery).open_catalogue().get("boot-1")
    assert product
    (gallery / PHOTOS / f"{product.photo}.webp").unlink()
    result = run("backup", "--gallery", gallery, tmp_path / "to")
    assert result.exit_code == 1 and f"missing: photo {product.photo}: {product.photo}.webp cannot" in result.stderr
    restore(tmp_path / "to", GalleryLocation(tmp_path / "back"))
    assert [str(problem) for problem in verify(GalleryLocation(tmp_path / "back")).problems] == [
        f"product boot-1: photo {product.photo} cannot be read (No such file or directory): expected it in the gallery",
        f"product boot-1: photo {product.photo} has no thumbnail: expected one beside it",
    ]


def test_between_a_file_and_a_server(
    gallery: Path,
    tmp_path: Path,
    other_checkpoint: Path,
    postgres: Postgres,  # noqa: F811 - the fixture
) -> None:
    url = postgres.place()
    backup(GalleryLocation(gallery), tmp_path / "to")
    restore(tmp_path / "to", GalleryLocation(tmp_path / "served", url))
    assert not (tmp_path / "served" / "catalogue.sqlite").exists()
    assert verify(GalleryLocation(tmp_path / "served", url)).problems == ()
    assert contents(Catalogue(url)) == contents(GalleryLocation(gallery).open_catalogue())
    with pytest.raises(BackupError, match=r"holds a catalogue of revision 12: expected one without products"):
        restore(tmp_path / "to", GalleryLocation(tmp_path / "again", url))
    assert not (tmp_path / "again").exists()
    backup(GalleryLocation(tmp_path / "served", url), tmp_path / "to2")
    restore(tmp_path / "to2", GalleryLocation(tmp_path / "back"))
    assert contents(GalleryLocation(tmp_path / "back").open_catalogue()) == contents(
        GalleryLocation(gallery).open_catalogue()
    )
    reembed(GalleryLocation(tmp_path / "served", url), other_checkpoint)
    assert verify(GalleryLocation(tmp_path / "served", url)).problems == ()
    with closing(Catalogue(url)) as catalogue:
        assert catalogue.state().checkpoint == load_checkpoint(other_checkpoint).sha256
