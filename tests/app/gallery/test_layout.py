from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from app.database.errors import CatalogueError
from app.gallery.layout import CATALOGUE_FILE, CHECKPOINT_FILE, GalleryLocation


def test_the_url_of_a_catalogue_is_not_shown(tmp_path: Path) -> None:
    location = GalleryLocation(tmp_path, "postgresql://shop:secret@host/shop")
    assert "secret" not in f"{location} {location!r} {[location]}"


def test_a_missing_gallery_is_created_only_when_asked(tmp_path: Path) -> None:
    location = GalleryLocation(tmp_path / "new")
    with pytest.raises(CatalogueError, match=r"no gallery at .*new"):
        location.open_catalogue()
    assert not location.directory.exists()
    location.open_or_create_catalogue().close()
    with closing(location.open_catalogue()) as catalogue:
        assert location.exists and catalogue.size() == 0


def test_a_catalogue_elsewhere_is_not_replaced_by_a_new_file(tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT_FILE).touch()
    for connect in (GalleryLocation(tmp_path).open_catalogue, GalleryLocation(tmp_path).open_or_create_catalogue):
        with pytest.raises(CatalogueError, match="elsewhere"):
            connect()
    assert not (tmp_path / CATALOGUE_FILE).exists()


def test_the_url_names_the_catalogue(tmp_path: Path) -> None:
    location = GalleryLocation(tmp_path / "gallery", f"sqlite:///{tmp_path / 'elsewhere.sqlite'}")
    location.open_or_create_catalogue().close()
    assert (tmp_path / "elsewhere.sqlite").is_file() and not (tmp_path / "gallery" / CATALOGUE_FILE).exists()
