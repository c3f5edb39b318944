"""Tests of PhotoStore: conversion to WebP, thumbnails, full disks and damaged files."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from app.decoding.product_photo import encode_webp_files
from app.gallery.photo_store import PhotoStore, photo_file, thumbnail_file
from app.gallery.storage.file_storage import FileStorage
from app.gallery.storage.folder_storage import FolderStorage
from tests.conftest import draw_product


def store_and_read(store: PhotoStore, image: Image.Image) -> Image.Image:
    """Store an image, and return the stored photo."""
    return store.open(store.keep(*encode_webp_files(image)))


def test_a_photo_is_kept_by_its_hash_without_metadata(files: FileStorage) -> None:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    draw_product(1, (3000, 1500)).save(buffer, "JPEG", exif=exif, comment=b"secret")
    image = Image.open(io.BytesIO(buffer.getvalue()))
    store = PhotoStore(files)
    name = store.keep(*encode_webp_files(image))
    data = store.read(name)
    assert hashlib.sha256(data).hexdigest() == name and store.has(name)
    small = io.BytesIO(files.read(thumbnail_file(name)))
    with Image.open(io.BytesIO(data)) as photo, Image.open(small) as thumbnail:
        assert (photo.format, photo.mode, photo.size) == ("WEBP", "RGB", (1024, 512))
        assert (thumbnail.format, thumbnail.size) == ("WEBP", (320, 160))
        assert not {"exif", "icc_profile", "xmp"} & photo.info.keys() and not photo.getexif()
    assert b"where I live" not in data and b"secret" not in data
    assert sorted(files.names()) == sorted([f"{name}.webp", f"{name}.thumb.webp"])


def test_a_small_photo_is_not_enlarged(tmp_path: Path) -> None:
    assert store_and_read(PhotoStore(FolderStorage(tmp_path)), draw_product(1, (200, 100))).size == (200, 100)


def test_a_photo_lying_on_its_side_is_kept_upright(tmp_path: Path) -> None:
    image = draw_product(2, (200, 100))
    exif = Image.Exif()
    exif[0x0112] = 6  # rotated by 90 degrees
    buffer = io.BytesIO()
    image.save(buffer, "PNG", exif=exif)
    photo = store_and_read(PhotoStore(FolderStorage(tmp_path)), Image.open(buffer))
    assert photo.size == (100, 200)
    difference = np.asarray(photo, float) - np.asarray(image.transpose(Image.Transpose.ROTATE_270), float)
    assert np.abs(difference).mean() < 8


def test_colours_are_turned_into_srgb(tmp_path: Path) -> None:
    srgb: bytes = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"....").replace(b"bXYZ", b"rXYZ").replace(b"....", b"bXYZ")
    image = Image.new("RGB", (64, 64), (200, 30, 30))
    image.info["icc_profile"] = swapped  # its red is blue
    red, _, blue = store_and_read(PhotoStore(FolderStorage(tmp_path)), image).getpixel((32, 32))  # type: ignore[misc]
    assert red < 60 and blue > 150


def test_an_unusable_profile_is_ignored(tmp_path: Path) -> None:
    lab: bytes = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    image = Image.new("RGB", (64, 64), (200, 30, 30))
    for profile in (lab, b"garbage"):
        image.info["icc_profile"] = profile
        red, green, blue = store_and_read(PhotoStore(FolderStorage(tmp_path)), image).getpixel((32, 32))  # type: ignore[misc]
        assert red > 180 and green < 60 and blue < 60


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "YCbCr", "F"])
def test_photos_of_every_mode_are_kept(tmp_path: Path, mode: str) -> None:
    image = draw_product(3, (80, 60))
    image = (
        Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
        if mode == "I;16"
        else image.convert(mode)
    )
    assert store_and_read(PhotoStore(FolderStorage(tmp_path)), image).size == (80, 60)


def test_transparent_parts_are_white(tmp_path: Path) -> None:
    photo = store_and_read(PhotoStore(FolderStorage(tmp_path)), Image.new("RGBA", (32, 32), (0, 0, 0, 0)))
    assert photo.getpixel((16, 16)) == (255, 255, 255)


def test_nothing_of_a_photo_remains_when_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail_on_write(path: Path, data: bytes) -> int:
        path.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail_on_write)
    with pytest.raises(OSError, match="No space left"):
        PhotoStore(FolderStorage(tmp_path)).keep(*encode_webp_files(draw_product(1)))
    assert list(tmp_path.iterdir()) == []


def test_a_photo_is_opened_and_measured(files: FileStorage) -> None:
    store = PhotoStore(files)
    name = store.keep(*encode_webp_files(draw_product(1, (200, 100))))
    assert store.size(name) == store.open(name).size == (200, 100)
    files.write({photo_file("damaged"): store.read(name)[:40]})
    assert store.size("none") is None
    with pytest.raises(FileNotFoundError):
        store.open("none")
    with pytest.raises(OSError, match="decoder"):
        store.open("damaged")
    assert store.has(name) and store.missing([name, "damaged"]) == {"damaged"}  # it has no thumbnail
