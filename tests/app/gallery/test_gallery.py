"""Tests of Gallery: following the catalogue, saved indexes and their damage, filters and concurrency."""

from __future__ import annotations

import json
import shutil
import threading
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.database.errors import CatalogueError, CheckpointMismatchError
from app.database.state import Change
from app.gallery.gallery import Gallery
from app.gallery.layout import INDEX
from app.gallery.local_index.index_manifest import MANIFEST
from app.index.index_spec import make_index
from app.products.filters import Filters
from app.products.product import Product
from tests.support.small_galleries import (
    brute_force,
    local_snapshot,
    open_catalogue,
    products,
    ranking,
    small_checkpoint,
    vectors,
)

Photos = dict[str, NDArray[np.float32]]


def fill(directory: Path, count: int = 60, seed: int = 0) -> Photos:
    """Put `count` products into a gallery directory's catalogue. Returns their embeddings by id."""
    catalogue = open_catalogue(directory)
    photos = {f"p{number:03d}": vector for number, vector in enumerate(vectors(count, seed))}
    catalogue.put(products(list(photos)), np.stack(list(photos.values())))
    catalogue.close()
    return photos


def assert_holds(gallery: Gallery, photos: Photos) -> None:
    """Assert that the gallery finds exactly these photos, in the right order."""
    assert gallery.size == len(photos)
    assert gallery.revision == gallery.catalogue.revision()
    for sketch in vectors(3, seed=77):
        ranked = ranking(gallery.snapshot, gallery.catalogue, sketch, len(photos) + 5)
        assert ranked == brute_force(sketch, photos)


def test_a_gallery_follows_every_change_of_another_process(tmp_path: Path) -> None:
    """Apply random puts, replacements and deletes. Followers and a fresh start agree with the definition after each."""
    random = np.random.default_rng(5)
    writer = open_catalogue(tmp_path)
    followers = [Gallery.open(tmp_path, small_checkpoint()) for _ in range(2)]
    photos: Photos = {}
    for turn in range(60):
        names = sorted({f"p{number}" for number in random.integers(0, 80, random.integers(1, 12))})
        if random.random() < 0.3:
            writer.delete(names)
            photos = {name: vector for name, vector in photos.items() if name not in names}
        else:
            embeddings = vectors(len(names), seed=1000 + turn)
            writer.put(products(names), embeddings)
            photos |= dict(zip(names, embeddings, strict=True))
        followers[0].refresh()
        assert_holds(followers[0], photos)
        if turn % 20 == 9:
            followers[0].save()
            assert_holds(followers[0], photos)
            assert_holds(Gallery.open(tmp_path, small_checkpoint()), photos)
    followers[1].refresh()
    assert_holds(followers[1], photos)
    writer.delete(list(photos))
    followers[1].refresh()
    assert_holds(followers[1], {})
    followers[1].save()
    assert_holds(Gallery.open(tmp_path, small_checkpoint()), {})


def test_a_long_history_stays_in_few_parts(tmp_path: Path) -> None:
    writer, gallery = open_catalogue(tmp_path), Gallery.open(tmp_path, small_checkpoint())
    for turn in range(100):
        writer.put(products([f"p{turn}"]), vectors(1, turn))
        gallery.refresh()
    assert len(local_snapshot(gallery).parts) <= 7
    writer.delete([f"p{turn}" for turn in range(60)])
    gallery.refresh()
    assert sum(len(part.live) for part in local_snapshot(gallery).parts) < 80  # most deleted rows are dropped


def test_a_snapshot_stays_as_it_was(tmp_path: Path) -> None:
    photos = fill(tmp_path)
    gallery = Gallery.open(tmp_path, small_checkpoint())
    before, sketch = local_snapshot(gallery), vectors(1, 3)[0]
    rows = before.candidates(np.zeros((1, 9), np.float32), 60)[0]
    embeddings = before.embeddings(rows)
    gallery.catalogue.delete(list(photos)[:30])
    gallery.refresh()
    gallery.save()
    assert gallery.size == 30 and before.size == 60
    np.testing.assert_array_equal(before.embeddings(rows), embeddings)
    assert ranking(gallery.snapshot, gallery.catalogue, sketch, 60) == brute_force(
        sketch, dict(list(photos.items())[30:])
    )


def test_a_saved_index_is_used_and_only_later_changes_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = fill(tmp_path)
    Gallery.open(tmp_path, small_checkpoint()).save()
    catalogue = open_catalogue(tmp_path)
    catalogue.put(products(["p003", "new"]), vectors(2, 5))
    catalogue.delete(["p004"])
    photos |= {"p003": vectors(2, 5)[0], "new": vectors(2, 5)[1]}
    del photos["p004"]
    read: list[Change] = []
    changes = catalogue.changes

    def remember(since: int, limit: int = 4096) -> list[Change]:
        changed = changes(since, limit)
        read.extend(changed)
        return changed

    monkeypatch.setattr(catalogue, "changes", remember)
    gallery = Gallery.open(tmp_path, small_checkpoint(), catalogue)
    assert_holds(gallery, photos)
    assert sorted(change.product_id for change in read) == ["new", "p003", "p004"]


DAMAGES = ("truncated", "flipped", "emptied", "missing")


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["60.faiss", "60.embeddings.npy", "60.revisions.npy", "manifest.json"])
def test_a_damaged_index_is_made_anew(tmp_path: Path, name: str, damage: str) -> None:
    photos = fill(tmp_path)
    Gallery.open(tmp_path, small_checkpoint()).save()
    path = tmp_path / "index" / name
    data = path.read_bytes()
    middle = len(data) // 2
    if damage == "truncated":
        path.write_bytes(data[:middle])
    elif damage == "flipped":
        path.write_bytes(data[:middle] + bytes([data[middle] ^ 16]) + data[middle + 1 :])
    elif damage == "emptied":
        path.write_bytes(b"")
    else:
        path.unlink()
    assert_holds(Gallery.open(tmp_path, small_checkpoint()), photos)
    again = Gallery.open(tmp_path, small_checkpoint())
    assert again.is_saved
    assert_holds(again, photos)


def test_the_index_may_be_deleted_at_any_time(tmp_path: Path) -> None:
    photos = fill(tmp_path)
    gallery = Gallery.open(tmp_path, small_checkpoint())
    shutil.rmtree(tmp_path / "index")
    assert_holds(gallery, photos)
    assert_holds(Gallery.open(tmp_path, small_checkpoint()), photos)
    assert (tmp_path / "index" / "manifest.json").is_file()


@pytest.mark.parametrize(
    "change", [{"identity": "f" * 32}, {"checkpoint": "b" * 64}, {"dim": 9}, {"count": 3}, {"format": 2}, {"files": {}}]
)
def test_an_index_of_something_else_is_made_anew(tmp_path: Path, change: dict[str, object]) -> None:
    photos = fill(tmp_path)
    Gallery.open(tmp_path, small_checkpoint()).save()
    manifest = tmp_path / INDEX / MANIFEST
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | change))
    assert_holds(Gallery.open(tmp_path, small_checkpoint()), photos)
    assert json.loads(manifest.read_text())["identity"] != "f" * 32


def test_an_index_from_another_history_is_made_anew(tmp_path: Path) -> None:
    """Restore a copy of the catalogue that is older than the index."""
    fill(tmp_path, 20)
    shutil.copyfile(tmp_path / "catalogue.sqlite", tmp_path / "copy")
    catalogue = open_catalogue(tmp_path)
    catalogue.put(products(["lost", "lost too"]), vectors(2, 8))
    catalogue.close()
    Gallery.open(tmp_path, small_checkpoint()).save()
    for path in tmp_path.glob("catalogue.sqlite*"):
        path.unlink()
    shutil.move(tmp_path / "copy", tmp_path / "catalogue.sqlite")
    photos = {f"p{number:03d}": vector for number, vector in enumerate(vectors(20))}
    assert_holds(Gallery.open(tmp_path, small_checkpoint()), photos)


def test_a_place_that_cannot_be_written_is_no_reason_not_to_serve(tmp_path: Path) -> None:
    photos = fill(tmp_path)
    (tmp_path / "index").write_text("in the way")
    assert_holds(Gallery.open(tmp_path, small_checkpoint()), photos)


def test_what_is_no_gallery_and_what_is_of_another_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"no gallery at .*nowhere"):
        Gallery.open(tmp_path / "nowhere", small_checkpoint())
    assert not (tmp_path / "nowhere").exists()
    fill(tmp_path)
    with pytest.raises(CheckpointMismatchError, match=f"{'a' * 64}.*{'b' * 64}"):
        Gallery.open(tmp_path, small_checkpoint("b" * 64))


def test_filtered_candidates_are_exact(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    embeddings = vectors(200, 4)
    things = [
        Product(f"p{n:03d}", "T", "Shoes" if n % 10 else "Bags > Totes", Decimal(n)) for n in range(len(embeddings))
    ]
    catalogue.put(things[:150], embeddings[:150])
    gallery = Gallery.open(tmp_path, small_checkpoint())
    catalogue.put(things[150:], embeddings[150:])
    for filters, expected in (
        (Filters(category="bags"), [n for n in range(200) if n % 10 == 0]),
        (Filters(category="bags", max_price=Decimal(15)), [0, 10]),
        (Filters(min_price=Decimal(150), max_price=Decimal(150)), [150]),
        (Filters(max_price=Decimal("0.5"), category="Shoes"), []),
    ):
        with gallery.select(filters) as selection:
            sketch = vectors(1, 6)[0]
            ranked = ranking(selection.snapshot, catalogue, sketch, 7, selection.passing.revisions.tolist())
        assert ranked == brute_force(sketch, {f"p{n:03d}": embeddings[n] for n in expected})[:7]


@pytest.mark.parametrize("factory", ["SQ8", "IVF8,Flat", "HNSW8", "PCA4,IVF4,Flat", "PQ3x4", "PCA4,PQ2x4"])
@pytest.mark.filterwarnings("ignore")
def test_compressed_indexes_never_give_fewer_results_than_exist(tmp_path: Path, factory: str) -> None:
    fill(tmp_path, 400)
    catalogue = open_catalogue(tmp_path)
    catalogue.set_factory(factory)
    gallery = Gallery.open(tmp_path, small_checkpoint())
    catalogue.delete(["p000", "p001"])
    catalogue.put(products(["new"]), vectors(1, 9))
    reopened = Gallery.open(tmp_path, small_checkpoint())
    gallery.refresh()
    for opened in (gallery, reopened):
        sketch = vectors(1, 3)[0]
        ranked = ranking(opened.snapshot, catalogue, sketch, 1000)
        assert len(ranked) == len(set(ranked)) == 399 and "p000" not in ranked and "new" in ranked
        few = sorted(catalogue.live().values())[-9:]
        assert len(ranking(opened.snapshot, catalogue, sketch, 9, few)) == 9


def test_an_index_that_cannot_be_trained_yet_is_flat(tmp_path: Path) -> None:
    photos = fill(tmp_path, 20)
    open_catalogue(tmp_path).set_factory("IVF64,Flat")
    assert_holds(Gallery.open(tmp_path, small_checkpoint()), photos)


def test_an_unknown_factory_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="index 'Flatt' cannot be made for 9 dimensions"):
        make_index(9, "Flatt")


def test_searches_beside_a_writer_always_see_whole_changes(tmp_path: Path) -> None:
    """Replace a pair of products together in every write. Searches see either both old states or neither."""
    writer = open_catalogue(tmp_path)
    writer.put(products(["left", "right", "x", "y"]), vectors(4))
    gallery = Gallery.open(tmp_path, small_checkpoint())
    stop, wrong = threading.Event(), list[str]()

    def read() -> None:
        while not stop.is_set():
            gallery.refresh(wait=False)
            snapshot = local_snapshot(gallery)
            rows = snapshot.candidates(np.ones((1, 9), np.float32), 10)[0]
            rows = rows[rows >= 0]
            first = snapshot.embeddings(rows)[:, 0]
            pair = first[np.abs(first) >= 100]
            if len(rows) != 4 or (len(pair) and (len(pair) != 2 or pair.sum() != 0)):
                wrong.append(f"{snapshot.revision}: {first}")

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for turn in range(60):
        pair = np.full((2, 8), 100 + turn, np.float32)
        pair[1] *= -1
        writer.put(products(["left", "right"]), pair)
    stop.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    gallery.refresh()
    assert gallery.revision == writer.revision()
