"""Building: feeds and photo folders become galleries, and only changes are done again."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from rich.progress import Progress

from app.database.errors import CheckpointMismatchError
from app.decoding import product_photo as prints
from app.feeds.records import FeedError
from app.gallery.gallery import Gallery
from app.gallery.layout import GalleryLocation
from app.photo_fetch import linked_photos as linked
from app.products.product import Product
from app.search.retriever import Retriever
from index_builder.gallery.build import BuildReport, build
from model.checkpoint import load_checkpoint, save_checkpoint
from model.network.dssa import DSSA
from model.preprocessing.preprocess import PreprocessConfig
from tests.conftest import PRODUCTS, draw_product
from tests.support.forks import forked


@pytest.fixture
def shop(tmp_path: Path, feed: Path) -> Path:
    """Copy the feed, so that a test can change it."""
    shutil.copytree(feed.parent, tmp_path / "shop")
    return tmp_path / "shop" / feed.name


def contents(gallery: Path, checkpoint: Path) -> dict[str, tuple[Product, NDArray[np.float32]]]:
    """Return the products and embeddings of a gallery by id, without their revisions."""
    opened = Gallery.open(gallery, load_checkpoint(checkpoint))
    records = {}
    for product in opened.catalogue.page(limit=10_000):
        embedding = opened.catalogue.embedding(product.product_id)
        assert embedding is not None and opened.photos.has(product.photo)
        records[product.product_id] = (replace(product, revision=0), embedding)
    assert opened.size == len(records)
    opened.close()
    return records


def assert_same(gallery: Path, fresh: Path, checkpoint: Path) -> None:
    """Check that two galleries have the same products, and the same embeddings up to rounding."""
    ours, theirs = contents(gallery, checkpoint), contents(fresh, checkpoint)
    assert [product for product, _ in ours.values()] == [product for product, _ in theirs.values()]
    for (_, our), (_, their) in zip(ours.values(), theirs.values(), strict=True):
        np.testing.assert_allclose(our, their, atol=1e-4)


def test_a_feed_becomes_a_gallery(tiny_gallery: Path, tiny_checkpoint: Path, feed: Path) -> None:
    checkpoint = load_checkpoint(tiny_gallery / "checkpoint.safetensors")
    assert checkpoint.sha256 == load_checkpoint(tiny_checkpoint).sha256
    gallery = Gallery.open(tiny_gallery, checkpoint)
    assert gallery.is_saved and gallery.size == len(PRODUCTS)
    for number, (name, category, price, photo) in enumerate(PRODUCTS):
        product = gallery.catalogue.get(name)
        assert product is not None
        assert (product.category or "", f"{product.price} EUR" if product.price else "") == (category, price)
        assert len(product.photos) == 1
        assert product.photos[0].source == hashlib.sha256((feed.parent / photo).read_bytes()).hexdigest()
        frame = checkpoint.preprocess.photo(draw_product(number))
        result = Retriever(checkpoint, gallery).search(frame, 1).results[0]
        assert result.product == product  # the edge map is of the original photo, not of the stored one


def test_a_photo_folder_becomes_a_gallery(tmp_path: Path, photo_folder: Path, tiny_checkpoint: Path) -> None:
    report = build(photo_folder, GalleryLocation(tmp_path / "gallery"), tiny_checkpoint)
    assert report == BuildReport(12, 0, 0, (), 12, is_mirrored=True)
    assert contents(tmp_path / "gallery", tiny_checkpoint)["shoes/boot-1"][0].category == "shoes"


def test_building_again_does_nothing(
    tmp_path: Path, shop: Path, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(shop, GalleryLocation(tmp_path / "gallery"), tiny_checkpoint)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "gallery").rglob("*") if path.is_file()}
    monkeypatch.setattr(prints, "decode_image", None)
    assert build(shop, GalleryLocation(tmp_path / "gallery"), tiny_checkpoint) == BuildReport(
        0, 0, 12, (), 12, is_mirrored=True
    )
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "gallery").rglob("*") if path.is_file()}
    database = tmp_path / "gallery" / "catalogue.sqlite"
    before.pop(database), after.pop(database)
    assert after == before


def test_only_what_changed_is_done_again(tmp_path: Path, shop: Path, tiny_checkpoint: Path) -> None:
    gallery = tmp_path / "gallery"
    build(shop, GalleryLocation(gallery), tiny_checkpoint)
    draw_product(99).save(shop.parent / "bags" / "sack-1.png")
    lines = shop.read_text().replace("25.00 EUR", "20.00 EUR").splitlines()
    new = lines[1].replace("boot-1", "boot-3", 1)
    shop.write_text("\n".join([*lines[:-1], new]))  # without odd-1, which stays in the gallery
    assert build(shop, GalleryLocation(gallery), tiny_checkpoint) == BuildReport(1, 2, 9, (), 13, is_mirrored=True)
    fresh = build(shop, GalleryLocation(tmp_path / "fresh"), tiny_checkpoint)
    assert fresh.size == 12
    assert "odd-1" in contents(gallery, tiny_checkpoint)
    removing = Gallery.open(gallery, load_checkpoint(tiny_checkpoint))
    assert len(removing.catalogue.delete(["odd-1"])) == 1
    removing.close()
    assert_same(gallery, tmp_path / "fresh", tiny_checkpoint)


def test_new_words_for_a_photo_do_not_embed_it_again(
    tmp_path: Path, shop: Path, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(shop, GalleryLocation(tmp_path / "gallery"), tiny_checkpoint)
    shop.write_text(shop.read_text().replace("\twomen\t", "\tmen\t"))
    monkeypatch.setattr(prints, "decode_image", None)
    assert build(shop, GalleryLocation(tmp_path / "gallery"), tiny_checkpoint) == BuildReport(
        0, 12, 0, (), 12, is_mirrored=True
    )
    monkeypatch.undo()
    build(shop, GalleryLocation(tmp_path / "fresh"), tiny_checkpoint)
    assert_same(tmp_path / "gallery", tmp_path / "fresh", tiny_checkpoint)


def test_photos_that_cannot_be_used_are_listed(
    tmp_path: Path, shop: Path, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = shop.parent
    (photos / "bags" / "tote-1.png").write_bytes(b"not a photo")
    data = (photos / "bags" / "tote-2.png").read_bytes()
    (photos / "bags" / "tote-2.png").write_bytes(data[: len(data) // 2])
    (photos / "bags" / "sack-1.png").unlink()
    (photos / "chairs" / "sofa-1.png").write_bytes(b"")
    (photos / "odd-1.png").write_bytes(b"x" * 200_000)
    monkeypatch.setattr(linked, "MAX_PHOTO_BYTES", 100_000)
    shop.write_text(shop.read_text() + "x\tT\t\t\t\tcheap\t\todd-1.png\n")
    report = build(shop, GalleryLocation(tmp_path / "gallery"), tiny_checkpoint)
    assert (report.added, report.size) == (7, 7)
    reasons = dict(report.skipped)
    assert list(reasons) == ["sofa-1", "tote-1", "tote-2", "sack-1", "odd-1", "line 14"]
    wanted = ("is empty", "cannot be read", "cannot be read", "is not there", "200,000 bytes", "price 'cheap'")
    for reason, words in zip(reasons.values(), wanted, strict=True):
        assert words in reason
    assert reasons["tote-1"].startswith("photo bags/tote-1.png: image cannot be read")


def test_a_lost_photo_is_made_again(tmp_path: Path, shop: Path, tiny_checkpoint: Path) -> None:
    gallery = tmp_path / "gallery"
    build(shop, GalleryLocation(gallery), tiny_checkpoint)
    shutil.rmtree(gallery / "photos")
    assert build(shop, GalleryLocation(gallery), tiny_checkpoint).updated == 12
    assert len(list((gallery / "photos").iterdir())) == 24


def test_another_checkpoint_is_refused_with_both_hashes(tmp_path: Path, shop: Path, tiny_checkpoint: Path) -> None:
    build(shop, GalleryLocation(tmp_path / "gallery"), tiny_checkpoint)
    torch.manual_seed(8)
    config = load_checkpoint(tiny_checkpoint).network.config
    other = save_checkpoint(tmp_path / "other.safetensors", DSSA(config), PreprocessConfig(size=64))
    both = f"{load_checkpoint(tiny_checkpoint).sha256}.*{load_checkpoint(other).sha256}"
    with pytest.raises(CheckpointMismatchError, match=both):
        build(shop, GalleryLocation(tmp_path / "gallery"), other)
    assert (
        build(shop, GalleryLocation(tmp_path / "gallery"), tmp_path / "gallery" / "checkpoint.safetensors").unchanged
        == 12
    )


def test_a_gallery_among_the_photos_is_refused(photo_folder: Path, tiny_checkpoint: Path) -> None:
    with pytest.raises(FeedError, match="lies inside the photo folder"):
        build(photo_folder, GalleryLocation(photo_folder / "gallery"), tiny_checkpoint)
    assert not (photo_folder / "gallery").exists()


def test_an_index_is_kept_until_another_is_named(tmp_path: Path, shop: Path, tiny_checkpoint: Path) -> None:
    gallery, checkpoint = tmp_path / "gallery", load_checkpoint(tiny_checkpoint)
    with pytest.raises(ValueError, match="index 'nonsense'"):
        build(shop, GalleryLocation(gallery), tiny_checkpoint, index="nonsense")
    for index, expected in ((None, "Flat"), ("SQ8", "SQ8"), (None, "SQ8"), ("Flat", "Flat")):
        build(shop, GalleryLocation(gallery), tiny_checkpoint, index=index)
        opened = Gallery.open(gallery, checkpoint)
        assert opened.is_saved and opened.catalogue.state().factory == expected
        opened.close()


def test_progress_is_shown(tmp_path: Path, shop: Path, tiny_checkpoint: Path) -> None:
    with Progress(disable=True) as progress:
        build(shop, GalleryLocation(tmp_path / "gallery"), tiny_checkpoint, progress=progress)
    assert [(task.completed, task.total) for task in progress.tasks] == [(12, 12)]


def test_a_killed_build_is_finished_by_the_next(tmp_path: Path, tiny_checkpoint: Path) -> None:
    source, gallery = tmp_path / "photos", tmp_path / "gallery"
    source.mkdir()
    for number in range(70):
        draw_product(number, (96, 72)).save(source / f"{number}.png")
    with forked(build, source, GalleryLocation(gallery), tiny_checkpoint) as builder:
        while rows(gallery) == 0:
            assert builder.process.is_alive()
            time.sleep(0.005)
    done = rows(gallery)
    assert 0 < done < 70 and done % 32 == 0
    report = build(source, GalleryLocation(gallery), tiny_checkpoint)
    assert (report.added, report.unchanged, report.size) == (70 - done, done, 70)
    build(source, GalleryLocation(tmp_path / "fresh"), tiny_checkpoint)
    assert_same(gallery, tmp_path / "fresh", tiny_checkpoint)


def rows(gallery: Path) -> int:
    """Count the products written so far, by reading the database."""
    try:
        connection = sqlite3.connect(f"file:{gallery / 'catalogue.sqlite'}?mode=ro", uri=True)
        try:
            return int(connection.execute("SELECT count(*) FROM products").fetchone()[0])
        finally:
            connection.close()
    except sqlite3.OperationalError:
        return 0


def test_a_source_without_products_is_refused(tmp_path: Path, tiny_checkpoint: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(FeedError, match="has no products"):
        build(tmp_path / "photos", GalleryLocation(tmp_path / "gallery"), tiny_checkpoint)
    assert not (tmp_path / "gallery").exists()
