"""Tests of merging the index and removing photos beside searches and writes."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from app.catalogue.catalogue import Catalogue
from app.database.errors import ConcurrentChangeError
from app.database.tables import trait_values, word_bigrams, words
from app.decoding.product_photo import encode_webp_files
from app.gallery.gallery import Gallery
from app.gallery.garbage import GRACE, remove_unused_photos
from app.gallery.local_index import local_index as module
from app.gallery.maintenance import Maintenance
from app.gallery.photo_store import PhotoStore
from app.gallery.storage.folder_storage import FolderStorage
from app.index.part import merge
from app.products.product import Photo, Product
from tests.conftest import draw_product
from tests.support.background import background
from tests.support.small_galleries import (
    brute_force,
    local_snapshot,
    open_catalogue,
    products,
    ranking,
    small_checkpoint,
    vectors,
)


def test_saving_keeps_what_changes_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = open_catalogue(tmp_path)
    names = [f"p{number}" for number in range(40)]
    everything = vectors(50)
    catalogue.put(products(names), everything[:40])
    gallery = Gallery.open(tmp_path, small_checkpoint())
    catalogue.delete(["p0"])

    def merge_slowly(*arguments: object) -> object:
        catalogue.delete(["p1"])
        catalogue.put(products([f"q{number}" for number in range(10)]), everything[40:])
        gallery.refresh()  # as a search does that does not wait
        return merge(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "merge", merge_slowly)
    gallery.save()
    monkeypatch.undo()
    photos = dict(zip([*names, *(f"q{number}" for number in range(10))], everything, strict=True))
    del photos["p0"], photos["p1"]
    sketch = vectors(1, seed=9)[0]
    assert ranking(gallery.snapshot, catalogue, sketch, 48) == brute_force(sketch, photos)
    assert gallery.size == 48 and gallery.revision == catalogue.revision()
    again = Gallery.open(tmp_path, small_checkpoint())
    assert ranking(again.snapshot, catalogue, sketch, 48) == brute_force(sketch, photos)
    for opened in (gallery, again, catalogue):
        opened.close()


def test_the_index_is_merged_when_much_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REPLAY", 5)
    catalogue = open_catalogue(tmp_path)
    catalogue.put(products(["a", "b"]), vectors(2))
    gallery = Gallery.open(tmp_path, small_checkpoint())
    assert not gallery.is_scattered
    maintenance = Maintenance(gallery, lambda: None)
    maintenance.start()
    for number in range(6):
        catalogue.put(products(["a"]), vectors(1, seed=number))
    deadline = time.monotonic() + 10
    while not (gallery.is_saved and gallery.revision == 8):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    maintenance.close()
    assert len(local_snapshot(gallery).parts) == 1 and local_snapshot(gallery).parts[0].live.all()
    gallery.close()
    catalogue.close()


def test_it_has_no_threads_before_it_is_started_and_none_after_it_is_closed(tmp_path: Path) -> None:
    open_catalogue(tmp_path).close()
    gallery = Gallery.open(tmp_path, small_checkpoint())
    before = background()
    Maintenance(gallery, lambda: None).close()
    maintenance = Maintenance(gallery, lambda: None)
    assert background() <= before
    maintenance.start()
    assert len(background() - before) == 2
    maintenance.close()
    assert background() <= before
    gallery.close()


def test_another_process_is_followed_without_a_search(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    gallery = Gallery.open(tmp_path, small_checkpoint())
    maintenance = Maintenance(gallery, lambda: None)
    maintenance.start()
    catalogue.put(products(["a"]), vectors(1))
    deadline = time.monotonic() + 1
    while gallery.size == 0:
        assert time.monotonic() < deadline
    maintenance.close()
    gallery.close()
    catalogue.close()
    assert not [thread for thread in threading.enumerate() if thread in maintenance._threads]


def test_only_old_photos_that_nobody_shows_are_removed(tmp_path: Path) -> None:
    catalogue, store = open_catalogue(tmp_path), PhotoStore(FolderStorage(tmp_path / "photos"))
    used, unused, fresh = (store.keep(*encode_webp_files(draw_product(number, (40, 30)))) for number in range(3))
    catalogue.put([Product("a", "a", photos=(Photo(used, "s"),))], vectors(1))
    for left in ("left.webp.1-1.partial", f"{'f' * 64}.thumb.webp"):
        (tmp_path / "photos" / left).touch()
    for path in (tmp_path / "photos").iterdir():
        os.utime(path, (0, time.time() - GRACE - 9))
    store.release([fresh])
    remove_unused_photos(store, catalogue)
    assert (store.has(used), store.has(unused), store.has(fresh)) == (True, False, True)
    assert len(list((tmp_path / "photos").iterdir())) == 4
    catalogue.close()


def test_a_photo_that_cannot_be_removed_does_not_keep_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue, store = open_catalogue(tmp_path), PhotoStore(FolderStorage(tmp_path / "photos"))
    names = [store.keep(*encode_webp_files(draw_product(number, (40, 30)))) for number in range(3)]
    for path in (tmp_path / "photos").iterdir():
        os.utime(path, (0, time.time() - GRACE - 9))
    rename = os.rename

    def refuse_one(source: Path, target: Path) -> None:
        if source.name.startswith(names[1]):
            raise PermissionError(1, "Operation not permitted")
        rename(source, target)

    monkeypatch.setattr("app.gallery.storage.folder_storage.os.rename", refuse_one)
    remove_unused_photos(store, catalogue)
    assert [store.has(name) for name in names] == [False, True, False]
    catalogue.close()


def test_a_photo_that_could_not_be_touched_is_touched_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.gallery.maintenance._TOUCH_INTERVAL", 0.1)
    open_catalogue(tmp_path).close()
    gallery = Gallery.open(tmp_path, small_checkpoint())
    name = gallery.photos.keep(*encode_webp_files(draw_product(1, (40, 30))))
    path, long_ago = tmp_path / "photos" / f"{name}.webp", time.time() - GRACE - 9
    os.utime(path, (0, long_ago))
    with monkeypatch.context() as patch:

        def read_only(_path: Path) -> None:
            raise OSError(30, "Read-only file system")

        patch.setattr("app.gallery.storage.folder_storage.os.utime", read_only)
        gallery.photos.release([name, "0" * 64])
        assert path.stat().st_mtime == pytest.approx(long_ago)
    maintenance = Maintenance(gallery, lambda: None)
    maintenance.start()
    deadline = time.monotonic() + 10
    while path.stat().st_mtime < time.time() - 60:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    maintenance.close()
    assert gallery.photos.touch_released() is None
    gallery.close()


def test_values_that_no_product_has_any_more_go_with_the_next_merge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_REPLAY", 5)
    catalogue = open_catalogue(tmp_path)
    gallery = Gallery.open(tmp_path, small_checkpoint())
    for number in range(7):
        stamped = [Product(name, "T", brand="ACME", attributes=(("updated", f"on{number}"),)) for name in "ab"]
        catalogue.put(stamped, vectors(2, seed=number))
    maintenance = Maintenance(gallery, lambda: None)
    maintenance.start()
    deadline = time.monotonic() + 10
    while values_of(catalogue) != {("brand", "ACME"), ("updated", "on6")}:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    maintenance.close()
    assert catalogue.facets().attributes["updated"] == {"on6": 2}
    with catalogue.moment() as connection:
        known = dict(connection.execute(select(words.c.key, words.c.id)).all())
        assert sorted(known) == ["acme", "on6", "t"]
        assert set(connection.execute(select(word_bigrams.c.word_id)).scalars()) == {known["acme"]}
    gallery.close()
    catalogue.close()


def values_of(catalogue: Catalogue) -> set[tuple[str, str]]:
    """Return the names and values by which products can be filtered."""
    with catalogue.moment() as connection:
        return {(name, value) for name, value in connection.execute(select(trait_values.c.name, trait_values.c.value))}


def test_a_photo_that_is_stored_again_is_not_removed(tmp_path: Path) -> None:
    store = PhotoStore(FolderStorage(tmp_path / "photos"))
    name = store.keep(*encode_webp_files(draw_product(1, (40, 30))))
    store.condemn([name], before=time.time() - 60)()
    assert store.has(name)
    store.condemn([name], before=time.time() + 60)()
    assert not list(store.files.names())


def test_what_others_have_changed_is_not_overwritten(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    catalogue.put(products(["a"]), vectors(1), {"a": 0})
    with pytest.raises(ConcurrentChangeError) as error:
        catalogue.put(products(["a", "b"]), vectors(2), {"a": 0, "b": 0})
    assert error.value.ids == {"a"} and catalogue.revision() == 1
    catalogue.put(products(["a", "b"]), vectors(2), {"a": 1, "b": 0})
    catalogue.close()
