"""Demo shop: products differ, are drawn the same on every run, and are in a gallery kept up to date."""

from __future__ import annotations

import csv
import io
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from app.catalogue.catalogue import Catalogue, sqlite_url
from index_builder.demo.art.assortment import KINDS, DemoProduct, Kind, assortment
from index_builder.demo.art.painting.seeded_choices import SeededChoices
from index_builder.demo.art.painting.textures import SIDE
from index_builder.demo.gallery import STAMP, build_demo, write_demo_source

FEW = tuple(kind for kind in KINDS if kind.prefix in ("slip-on", "belt-bag", "swivel-chair"))


@pytest.fixture(scope="module")
def products() -> list[DemoProduct]:
    return list(assortment())


def rows(feed: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(feed.read_text(encoding="utf-8")), delimiter="\t"))


def silhouette(picture: Image.Image) -> npt.NDArray[np.bool_]:
    """Return the mask of the product without its shadow, at a quarter of the size."""
    small = np.asarray(picture.convert("L").resize((SIDE // 4, SIDE // 4)), dtype=np.uint8)
    return np.asarray(small < 200)


def test_the_shop_has_enough_of_everything(products: list[DemoProduct]) -> None:
    sections = Counter(p.category.split(" > ")[0] for p in products)
    assert len(products) >= 300
    assert sections["Shoes"] >= 150
    assert sections["Chairs"] >= 90
    assert sections["Bags"] >= 90
    assert all(len(p.category.split(" > ")) == 2 for p in products)


def test_ids_and_titles_are_unique_and_readable(products: list[DemoProduct]) -> None:
    assert len({p.product_id for p in products}) == len(products)
    assert len({p.title for p in products}) == len(products)
    for p in products:
        assert p.title[0].isupper(), p.title
        assert "  " not in p.title, p.title
        assert 10 < len(p.title) < 80, p.title
        amount, currency = p.price.split()
        assert currency == "EUR"
        assert 5 <= float(amount) < 1000


def test_the_same_choices_on_every_run(products: list[DemoProduct]) -> None:
    for p, again in zip(products, assortment(), strict=True):
        assert (again.product_id, again.title, again.price) == (p.product_id, p.title, p.price)


def test_a_parameter_is_dealt_evenly() -> None:
    products = [SeededChoices("kind", index, 12) for index in range(12)]
    assert Counter(choices.pick("heel", "abc") for choices in products) == {"a": 4, "b": 4, "c": 4}
    values = sorted(choices.between("height", 0, 12) for choices in products)
    assert np.allclose(values, np.arange(12) + 0.5)


@pytest.mark.parametrize("kind", KINDS, ids=[kind.prefix for kind in KINDS])
def test_every_kind_gives_a_whole_product_on_white(kind: Kind) -> None:
    picture = next(assortment((kind,))).picture.photo()
    pixels = np.asarray(picture)
    assert picture.mode == "RGB"
    assert picture.size == (SIDE, SIDE)
    border = min(pixels[:12].min(), pixels[-12:].min(), pixels[:, :12].min(), pixels[:, -12:].min())
    assert border > 235, "the product reaches the rim of its photo"
    box = np.argwhere(silhouette(picture))
    extent = (box.max(axis=0) - box.min(axis=0)).max() * 4
    assert extent > 0.75 * SIDE, "the product does not fill its photo"


def test_products_of_a_kind_differ_in_shape() -> None:
    boots = [k for k in KINDS if k.prefix == "ankle-boot"]
    shapes = [silhouette(p.picture.photo()) for p in assortment(tuple(boots))]
    for a, b in combinations(shapes, 2):
        assert (a ^ b).sum() > 0.01 * (a | b).sum()


def test_photos_have_the_same_bytes_on_every_run(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    feeds = [write_demo_source(tmp_path / "a", lambda *at: seen.append(at), FEW)]
    feeds.append(write_demo_source(tmp_path / "b", kinds=FEW))
    total = sum(kind.count for kind in FEW)
    assert seen == [(done, total) for done in range(1, total + 1)]
    assert feeds[0].read_bytes() == feeds[1].read_bytes()
    for row in rows(feeds[0]):
        photos = [feed.parent / row["image_link"] for feed in feeds]
        assert photos[0].read_bytes() == photos[1].read_bytes()
        with Image.open(photos[0]) as picture:
            picture.load()
            assert picture.size == (SIDE, SIDE)


def test_a_whole_source_is_left_alone_and_a_broken_one_redone(tmp_path: Path) -> None:
    feed = write_demo_source(tmp_path, kinds=FEW)
    photo = tmp_path / rows(feed)[0]["image_link"]
    written = photo.stat().st_mtime_ns
    assert write_demo_source(tmp_path, kinds=FEW) == feed
    assert photo.stat().st_mtime_ns == written
    photo.unlink()
    write_demo_source(tmp_path, kinds=FEW)
    assert photo.is_file()
    (tmp_path / STAMP).unlink()  # as an interrupted run leaves it
    written = photo.stat().st_mtime_ns
    write_demo_source(tmp_path, kinds=FEW)
    assert photo.stat().st_mtime_ns > written


def test_the_gallery_follows_its_checkpoint(tmp_path: Path, tiny_checkpoint: Path) -> None:
    write_demo_source(tmp_path / "source", kinds=FEW)
    gallery = build_demo(tmp_path, tiny_checkpoint, kinds=FEW)
    assert gallery == tmp_path / "gallery"
    revision = Catalogue(sqlite_url(gallery / "catalogue.sqlite")).revision()
    build_demo(tmp_path, tiny_checkpoint, kinds=FEW)
    catalogue = Catalogue(sqlite_url(gallery / "catalogue.sqlite"))
    assert catalogue.revision() == revision
    assert catalogue.size() == sum(kind.count for kind in FEW)
    (gallery / STAMP).write_text("of another checkpoint")
    (gallery / "leftover").touch()
    build_demo(tmp_path, tiny_checkpoint, kinds=FEW)
    assert not (gallery / "leftover").exists()


def test_someone_elses_gallery_is_not_thrown_away(tmp_path: Path, tiny_checkpoint: Path) -> None:
    write_demo_source(tmp_path / "source", kinds=FEW)
    (tmp_path / "gallery").mkdir()
    (tmp_path / "gallery" / "catalogue.sqlite").touch()
    with pytest.raises(ValueError, match="is not a demo gallery"):
        build_demo(tmp_path, tiny_checkpoint, kinds=FEW)
    assert (tmp_path / "gallery" / "catalogue.sqlite").exists()
