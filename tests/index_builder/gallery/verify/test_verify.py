"""Verification: names each kind of damage exactly, and finds nothing in a sound gallery."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import create_engine, text

from app.catalogue.catalogue import sqlite_url
from app.core.atomic_files import sha256_of
from app.gallery.checkpoint_store import keep_checkpoint
from app.gallery.gallery import Gallery
from app.gallery.layout import CATALOGUE_FILE, CHECKPOINT_FILE, PHOTOS, GalleryLocation
from app.index.metric_forms import keys_of
from app.products.languages.translations import Translation
from app.products.product import Photo, Product
from index_builder.gallery.verify.verify import verify
from model.checkpoint import load_checkpoint
from tests.index_builder.cli.test_cli import answer, run


@pytest.fixture
def gallery(tiny_gallery: Path, tmp_path: Path) -> Path:
    """Make a gallery whose boot-1 has two photos and an attribute, with a deleted product and a saved index."""
    directory = Path(shutil.copytree(tiny_gallery, tmp_path / "gallery"))
    catalogue = GalleryLocation(directory).open_catalogue()
    first, second = catalogue.get("boot-1"), catalogue.get("boot-2")
    assert first and second
    both = Product(
        *("boot-1", "Boots"),
        color="Black/Red",
        attributes=(("heel", "low"),),
        translations=(Translation("de", "color", "Schwarz/Rot"),),
        photos=first.photos + second.photos,
    )
    vectors = [catalogue.embedding("boot-1"), catalogue.embedding("boot-2")]
    catalogue.put([both], np.concatenate([vector for vector in vectors if vector is not None]))
    catalogue.delete(["sack-1"])
    catalogue.close()
    opened = Gallery.open(directory, load_checkpoint(directory / CHECKPOINT_FILE))
    opened.save()
    opened.close()
    return directory


def sql(directory: Path, *statements: str) -> None:
    """Change the database directly."""
    engine = create_engine(sqlite_url(directory / CATALOGUE_FILE))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def list_problems(directory: Path) -> list[str]:
    return [str(problem) for problem in verify(GalleryLocation(directory)).problems]


def photo_of(directory: Path, product_id: str) -> str:
    catalogue = GalleryLocation(directory).open_catalogue()
    product = catalogue.get(product_id)
    catalogue.close()
    assert product
    return product.photo


def test_a_sound_gallery(gallery: Path) -> None:
    report = answer("verify", "--gallery", gallery)
    notes = report.pop("notes")
    assert report == {"ok": True, "revision": 14, "products": 11, "photos": 11, "problems": []}
    assert [note["message"][:2] for note in notes] == ["2 "]  # the deleted product's photo and thumbnail
    assert run("verify", "--gallery", gallery).stdout.endswith("11 products, 11 photos, nothing wrong.\n")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("INSERT INTO stored_rules VALUES (1, 'limit = 1')", "rules: limit is not a key: expected one of bound, rule"),
        (
            "UPDATE photos SET embedding = x'0000' {pump}",
            "product pump-1: its photo at 0 has an embedding of 2 bytes: expected ",
        ),
        (
            "UPDATE photos SET embedding = CAST(zeroblob(length(embedding) - 4) || x'0000c07f' AS BLOB) {pump}",
            "product pump-1: its photo at 0 has an embedding of NaN or infinity: expected finite",
        ),
        (
            "UPDATE photos SET embedding = zeroblob(length(embedding)) {pump}",
            "product pump-1: the index has another embedding of it: expected the catalogue's",
        ),
        (
            "UPDATE photos SET position = 7 {boot} AND position = 1",
            "product boot-1: its photos have positions 0, 7: expected 0 to 1",
        ),
        (
            "UPDATE photos SET name = '../secret' {pump}",
            "product pump-1: its photo at 0 has the name '../secret': expected a SHA-256",
        ),
        (
            "DELETE FROM photos {pump}",
            "product pump-1: it has no photo: expected at least one embedding",
        ),
        (
            "DELETE FROM photos {boot} AND position = 1",
            "product boot-1: the index has 2 photos of it: expected 1",
        ),
        (
            "UPDATE products SET revision = 99 {pump}",
            "product pump-1: its revision is 99: expected 1 to 14, the catalogue's",
        ),
        (
            "UPDATE products SET attributes = '[heel' {boot}",
            "product boot-1: its row cannot be used: ",
        ),
        (
            'UPDATE products SET attributes = \'[["Heel", "low"]]\' {boot}',
            "product boot-1: its attributes is (('Heel', 'low'),): expected (('heel', 'low'),)",
        ),
        (
            "UPDATE products SET title = CAST(x'426fff74' AS TEXT) {pump}",
            "product pump-1: its row cannot be used: title 'Bo\\udcfft' is not usable",
        ),
        (
            "UPDATE products SET product_id = CAST(x'426fff74' AS TEXT) {pump}",
            "product Bo\\xfft: its id is not UTF-8 text",
        ),
        (
            "UPDATE products SET price = -5 {pump}",
            "product pump-1: its row cannot be used: price -0.0005 is not usable",
        ),
        (
            "UPDATE products SET category_key = 'bags' {pump}",
            "product pump-1: its category_key is 'bags': expected 'shoes > pumps'",
        ),
        (
            "UPDATE products SET currency = 'eur' {pump}",
            "product pump-1: its currency is 'eur': expected 'EUR'",
        ),
        (
            "DELETE FROM traits WHERE value_id = (SELECT id FROM trait_values WHERE name = 'heel')",
            "product boot-1: it is not found by heel 'low': expected all its values",
        ),
        (
            "UPDATE trait_values SET key = 'high', value = 'high' WHERE name = 'heel'",
            "product boot-1: it is found by heel 'high': expected only its own values",
        ),
        (
            "INSERT INTO traits VALUES (77, 1)",
            "catalogue: traits of revision 77 are stored, but no product has it: expected none",
        ),
        (
            "DELETE FROM product_words WHERE word_id = (SELECT id FROM words WHERE key = 'boots')",
            "product boot-1: it is not found by the word 'boots' in place 0: expected all its words",
        ),
        (
            "UPDATE words SET key = 'sandals' WHERE key = 'boots'",
            "product boot-1: it is found by the word 'sandals' in place 0: expected only its own words",
        ),
        (
            "INSERT INTO product_words VALUES (1, 77, 0)",
            "catalogue: words of revision 77 are stored, but no product has them: expected none",
        ),
        (
            "INSERT INTO product_labels VALUES (1, 77)",
            "catalogue: labels of revision 77 are stored, but no product has them: expected none",
        ),
        (
            "DELETE FROM product_labels WHERE label_id = (SELECT id FROM labels WHERE text = 'Rot')",
            "product boot-1: it lacks the label 'Rot' of color 'red' in de: expected those of its translations",
        ),
        (
            "INSERT INTO photos SELECT 'sack-1', 0, name, source, link, embedding, colors FROM photos {pump}",
            "product sack-1: photo 0 is stored, but the product is not: expected no photo",
        ),
        (
            "DELETE FROM products {pump}",
            "product pump-1: photo 0 is stored, but the product is not: expected no photo",
        ),
        (
            "UPDATE catalogue SET revision = 3",
            "product boot-1: its revision is 13: expected 1 to 3, the catalogue's",
        ),
        (
            "UPDATE catalogue SET dim = 5",
            "checkpoint: it makes embeddings of ",
        ),
        (
            "UPDATE catalogue SET checkpoint = 'abc'",
            "checkpoint: checkpoint.safetensors has SHA-256 ",
        ),
    ],
)
def test_rows_that_are_wrong(gallery: Path, change: str, message: str) -> None:
    sql(gallery, change.format(pump="WHERE product_id = 'pump-1'", boot="WHERE product_id = 'boot-1'"))
    problems = list_problems(gallery)
    assert len([line for line in problems if line.startswith(message)]) == 1, problems


def in_photo(change: Callable[[Path], object], *, thumbnail: bool = False) -> Callable[[Path], str]:
    def damage(gallery: Path) -> str:
        name = photo_of(gallery, "pump-1")
        change(gallery / PHOTOS / (f"{name}.thumb.webp" if thumbnail else f"{name}.webp"))
        return name

    return damage


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (in_photo(Path.unlink), "photo {} cannot be read (No such file or directory): expected it in the gallery"),
        (in_photo(flip), "photo {} has SHA-256 "),
        (in_photo(cut), "photo {} has SHA-256 "),
        (in_photo(Path.unlink, thumbnail=True), "photo {} has no thumbnail: expected one beside it"),
        (in_photo(cut, thumbnail=True), "photo {} has a thumbnail that is damaged: "),
    ],
)
def test_photos_that_are_wrong(gallery: Path, damage: Callable[[Path], str], message: str) -> None:
    name = damage(gallery)
    problems = list_problems(gallery)
    assert len(problems) == 1 and problems[0].startswith(f"product pump-1: {message.format(name)}"), problems


@pytest.mark.parametrize("change", [flip, cut, Path.unlink])
@pytest.mark.parametrize("name", ["14.faiss", "14.mirrored.embeddings.npy", "14.revisions.npy"])
def test_an_index_that_is_damaged(gallery: Path, name: str, change: Callable[[Path], object]) -> None:
    change(gallery / "index" / name)
    problems = list_problems(gallery)
    assert len(problems) == 1 and problems[0].startswith("index: ") and name in problems[0]
    assert problems[0].endswith("; the next start builds it again")
    Gallery.open(gallery, load_checkpoint(gallery / CHECKPOINT_FILE)).close()
    assert list_problems(gallery) == []


def test_an_index_that_is_absent_or_of_something_else_is_only_noted(gallery: Path) -> None:
    manifest = gallery / "index" / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"identity": "other"}))
    report = verify(GalleryLocation(gallery))
    assert report.problems == () and "its catalogue is other: expected " in str(report.notes)
    shutil.rmtree(gallery / "index")
    report = verify(GalleryLocation(gallery))
    assert report.problems == () and "there is none; the next start builds it" in str(report.notes)


def test_an_index_that_searches_wrongly(gallery: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.index.segment.keys_of", lambda distance, rows: keys_of(distance, rows)[::-1] * 2)
    problems = list_problems(gallery)
    assert len(problems) == 2  # of the photos, and of their mirror images
    assert all(line.startswith("index: a search for row ") and "expected [" in line for line in problems)


def test_an_index_behind_the_catalogue_and_beside_a_server(gallery: Path) -> None:
    catalogue = GalleryLocation(gallery).open_catalogue()
    vectors, product = catalogue.embedding("pump-1"), catalogue.get("pump-1")
    assert vectors is not None and product
    catalogue.put([Product("new", "New", photos=product.photos), product], np.concatenate([vectors, vectors]))
    assert verify(GalleryLocation(gallery)).problems == ()


def test_a_checkpoint_that_is_damaged_or_not_yet_in_its_place(gallery: Path) -> None:
    path = gallery / CHECKPOINT_FILE
    sha256 = sha256_of(path)
    copy = keep_checkpoint(gallery, path)
    flip(path)
    report = verify(GalleryLocation(gallery))
    assert report.problems == () and f"{CHECKPOINT_FILE} differs from checkpoints/{sha256}" in str(report.notes)
    copy.unlink()
    assert (
        list_problems(gallery)[0].startswith(f"checkpoint: {CHECKPOINT_FILE} has SHA-256 ")
        and sha256 in list_problems(gallery)[0]
    )
    path.unlink()
    assert list_problems(gallery)[0].startswith("checkpoint: checkpoint not found: ")


def test_a_database_that_is_damaged(gallery: Path) -> None:
    path = gallery / CATALOGUE_FILE
    GalleryLocation(gallery).open_catalogue().close()
    data = bytearray(path.read_bytes())
    size = 4096
    for page in range(3, len(data) // size):
        data[page * size : page * size + 64] = b"\xa5" * 64
    path.write_bytes(bytes(data))
    problems = list_problems(gallery)
    assert problems and all(line.startswith("catalogue: ") for line in problems)
    assert "damaged" in problems[0] or "malformed" in problems[0]
    assert "malformed; `sketchfind restore` makes the gallery from a backup" in problems[-1]
    path.write_bytes(b"no database at all" * 500)
    assert list_problems(gallery)[0].startswith("catalogue: it cannot be read: ")


def test_left_over_files_are_noted(gallery: Path) -> None:
    (gallery / PHOTOS / f"{'a' * 64}.webp.1-2.partial").write_text("x")
    (gallery / "index" / "9.faiss.partial").write_text("x")
    report = verify(GalleryLocation(gallery))
    assert report.problems == ()
    notes = [str(note) for note in report.notes]
    assert any("3 files that no product names" in note for note in notes)
    assert any("index/9.faiss.partial" in note for note in notes)


def test_the_exit_status_and_what_is_no_gallery(gallery: Path, tmp_path: Path) -> None:
    sql(gallery, "DELETE FROM traits WHERE value_id = (SELECT id FROM trait_values WHERE name = 'heel')")
    result = run("verify", "--gallery", gallery)
    assert result.exit_code == 1 and "1 problems." in result.stdout
    as_json = run("verify", "--gallery", gallery, "--json")
    assert as_json.exit_code == 1 and json.loads(as_json.stdout)["problems"][0]["what"] == "product boot-1"
    nowhere = run("verify", "--gallery", tmp_path / "nowhere")
    assert nowhere.exit_code == 2 and "no gallery at" in nowhere.stderr


def test_a_photo_of_two_products_is_checked_once(gallery: Path) -> None:
    catalogue = GalleryLocation(gallery).open_catalogue()
    vectors, name = catalogue.embedding("pump-1"), photo_of(gallery, "pump-1")
    assert vectors is not None
    catalogue.put([Product("twin", "Twin", photos=(Photo(name, "source"),))], vectors)
    (gallery / PHOTOS / f"{name}.webp").unlink()
    assert len(list_problems(gallery)) == 1
