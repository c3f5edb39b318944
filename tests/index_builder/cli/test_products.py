"""Changes of a gallery from the command line, beside a server that shows it."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.gallery.layout import GalleryLocation
from index_builder.cli.main import app
from tests.conftest import draw_product
from tests.support.writable_server import Shop, opened, own_gallery


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def answer(*arguments: object) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def shows_within_a_second(shop: Shop, seed: int, name: str, *, is_first: bool) -> bool:
    """Return whether a search for a drawn product begins to find this one first, or ceases to, within a second."""
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        if (shop.found(seed)[0] == name) == is_first:
            return True
    return False


def test_products_come_and_go_beside_a_server(tiny_gallery: Path, tmp_path: Path) -> None:
    gallery, key = own_gallery(tiny_gallery, tmp_path)
    draw_product(30).save(tmp_path / "a.png")
    with opened(gallery, key) as shop:
        words = ("--title", "Red boot", "--price", "59.90 EUR", "--attribute", "heel=high")
        added = answer("add", "x", "--gallery", gallery, "--photo", tmp_path / "a.png", *words)
        assert added == {"product_id": "x", "outcome": "added"}
        assert shows_within_a_second(shop, 30, "x", is_first=True)
        assert shop.client.get("/products/x").json()["price"] == 59.9
        assert answer("add", "x", "--gallery", gallery, "--photo", tmp_path / "a.png")["outcome"] == "unchanged"
        several = ("--size", "41", "--size", "42", "--color", "Black", "--color", "Red", "--availability", "sold out")
        variant = ("--size-system", "eu", "--size-type", "tall", "--group-id", "shoe 7")
        assert answer("add", "x", "--gallery", gallery, *several, *variant)["outcome"] == "updated"
        product = shop.client.get("/products/x").json()
        assert (product["size"], product["color"], product["availability"]) == ("41 / 42", "Black/Red", "out_of_stock")
        assert (product["size_system"], product["size_type"], product["group_id"]) == ("EU", "tall", "shoe 7")
        assert shop.client.get("/facets?size=EU 42 tall").json()["size"] == 1
        assert answer("add", "x", "--gallery", gallery, "--brand", "Acme")["outcome"] == "updated"
        listed = answer("list", "--gallery", gallery, "--after", "tote-2", "--limit", 1)
        assert [product["product_id"] for product in listed["products"]] == ["x"] and listed["next"] is None
        assert answer("remove", "x", "--gallery", gallery) == {"removed": 1}
        assert shows_within_a_second(shop, 30, "x", is_first=False)
    listed_as_text = run("list", "--gallery", gallery, "--limit", 1).stdout
    assert listed_as_text == "boot-1\tBoot number 1\tShoes > Boots\t129.00 EUR\n"


def test_a_feed_is_imported_into_a_gallery(tiny_gallery: Path, tmp_path: Path, feed: Path) -> None:
    gallery, _ = own_gallery(tiny_gallery, tmp_path)
    same = answer("import", feed, "--gallery", gallery)
    assert (same["added"], same["updated"], same["unchanged"], same["size"]) == (0, 0, 12, 12)
    draw_product(31).save(tmp_path / "b.png")
    (tmp_path / "new.jsonl").write_text('{"id": "y", "image_link": "b.png"}\n{"id": "z", "image_link": "c.png"}\n')
    new = answer("import", tmp_path / "new.jsonl", "--gallery", gallery)
    assert (new["added"], new["size"]) == (1, 13) and "is not there" in new["skipped"][0][1]
    (tmp_path / "de.csv").write_text("id,title\nboot-1,Stiefel\nx,Hut\n")
    german = answer("import", tmp_path / "de.csv", "--gallery", gallery, "--language", "de")
    assert (german["updated"], german["skipped"][0][0], german["size"]) == (1, "line 3", 13)
    answer("add", "boot-1", "--gallery", gallery, "--title", "Boot", "--text", "title_fr=Botte")
    stored = answer("list", "--gallery", gallery, "--limit", 1)["products"][0]
    assert {code: texts["title"] for code, texts in stored["translations"].items()} == {"de": "Stiefel", "fr": "Botte"}
    refused = run("import", tmp_path / "de.csv", "--gallery", gallery, "--language", "cz")
    assert refused.exit_code == 2 and refused.stderr.startswith("sketchfind: language 'cz' is unknown: expected a code")


def test_a_complete_feed_removes_what_it_lacks(tiny_gallery: Path, tmp_path: Path, feed: Path) -> None:
    gallery, _ = own_gallery(tiny_gallery, tmp_path)
    header, *lines = feed.read_text().splitlines()
    shorter = feed.with_name("shorter.csv")
    shorter.write_text("\n".join([header, *lines[3:]]))
    for command in ("import", "build"):
        result = run(command, shorter, "--gallery", gallery, "--complete", *checkpoint_option(command, gallery))
        assert (
            result.exit_code == 1 and "the feed lacks 3 of 12 products (25 %), expected at most 20 %" in result.stderr
        )
        assert result.stdout.startswith("0 added, 0 updated, 0 unchanged: 12 products.")
    options = ("--gallery", gallery, "--complete", "--max-removed", 25)
    dry = answer("import", shorter, *options, "--dry-run")
    assert (dry["removed"], dry["unchanged"], dry["size"]) == (3, 9, 12)
    done = answer("import", shorter, *options)
    assert (done["removed"], done["unchanged"], done["size"]) == (3, 9, 9)
    again = run("build", shorter, *options, *checkpoint_option("build", gallery))
    assert again.exit_code == 0 and again.stdout.startswith("0 added, 0 updated, 9 unchanged: 9 products.")


def test_imports_of_servers_are_listed_and_cancelled(tiny_gallery: Path, tmp_path: Path) -> None:
    gallery, _ = own_gallery(tiny_gallery, tmp_path)
    catalogue = GalleryLocation(gallery).open_catalogue()
    jobs = [catalogue.operations.add(name) for name in ("first", "second")]
    (gallery / "imports").mkdir()
    (gallery / "imports" / "second.feed").write_text("id,image_link\n")
    assert answer("imports", "cancel", "second", "--gallery", gallery) == {"cancelled": "second"}
    assert [job.id for job in catalogue.operations.unfinished()] == ["first"]
    assert list((gallery / "imports").iterdir()) == []
    page = answer("imports", "list", "--gallery", gallery, "--limit", 1)
    assert (page["operations"][0]["id"], page["operations"][0]["state"]) == ("second", "cancelled")
    first = run("imports", "list", "--gallery", gallery, "--after", page["next"]).stdout.split("\t")
    assert first[:2] == ["first", "queued"] and first[3] == str(jobs[0].counts)
    for arguments in (["cancel", "second"], ["cancel", "none"], ["list", "--after", "none"]):
        result = run("imports", *arguments, "--gallery", gallery)
        assert result.exit_code == 2 and "there is no import" in result.stderr
    catalogue.close()


def test_names_that_are_not_utf_8_are_told_readably(tiny_gallery: Path, tmp_path: Path) -> None:
    gallery, _ = own_gallery(tiny_gallery, tmp_path)
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    draw_product(31).save(folder / os.fsdecode(b"bo\xf6t.png"))
    draw_product(32).save(folder / "good.png")
    (folder / "feed.jsonl").write_text('{"id": "y", "image_link": "b.png"}\n{"id": "good", "image_link": "good.png"}\n')
    for source, what, why in (
        (folder, r"bo\xf6t.png", "its name is not UTF-8: rename the file"),
        (folder / "feed.jsonl", "y", rf"photo {tmp_path}/caf\xe9/b.png is not there"),
    ):
        assert answer("import", source, "--gallery", gallery)["skipped"] == [[what, why]]
        result = run("import", source, "--gallery", gallery)
        assert result.exit_code == 0 and result.stdout.splitlines()[1:] == [f"skipped {what}: {why}"]


def test_an_import_of_which_nothing_is_usable_ends_with_status_1(tiny_gallery: Path, tmp_path: Path) -> None:
    gallery, _ = own_gallery(tiny_gallery, tmp_path)
    path = tmp_path / "feed.csv"
    path.write_text("id,price,image_link\n" + "n,cheap,x\n" * 1200)
    reason = "price 'cheap' cannot be read: expected a form such as '59.90 EUR'"
    for command in ("import", "build"):
        result = run(command, path, "--gallery", gallery, *checkpoint_option(command, gallery))
        assert result.exit_code == 1
        first, second, *_, last = result.stdout.splitlines()
        assert first == "0 added, 0 updated, 0 unchanged: 12 products. 1200 skipped."
        assert (second, last) == (f"skipped line 2: {reason}", "skipped 200 more")
        assert result.stderr.splitlines()[-1] == (
            f"sketchfind: nothing was changed: 1,200 of 1,200 entries gave no product (1200 x line 2: {reason})"
        )
    counted = run("import", path, "--gallery", gallery, "--json")
    assert counted.exit_code == 1 and json.loads(counted.stdout)["skipped_count"] == 1200


def checkpoint_option(command: str, gallery: Path) -> list[object]:
    return ["--checkpoint", gallery / "checkpoint.safetensors"] if command == "build" else []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add", "x"], "product 'x' is new and has no photo: expected --photo FILE"),
        (["add", "x", "--photo", "/nowhere.png"], "photo /nowhere.png is not there"),
        (["add", "boot-1", "--price", "cheap"], "price 'cheap' cannot be read"),
        (["add", "boot-1", "--attribute", "heel"], "--attribute is 'heel': expected NAME=VALUE"),
        (["remove", "boot-1", "x"], "there is no product 'x'"),
        (["import", "/nowhere"], "no source at /nowhere"),
    ],
)
def test_wrong_input_is_one_line_and_changes_nothing(tiny_gallery: Path, arguments: list[str], words: str) -> None:
    result = run(*arguments, "--gallery", tiny_gallery)
    assert result.exit_code == 2 and words in result.stderr and len(result.stderr.strip().splitlines()) == 1
    assert answer("list", "--gallery", tiny_gallery, "--limit", 100)["products"][0]["product_id"] == "boot-1"


def test_no_gallery_is_made_by_accident(tmp_path: Path) -> None:
    for arguments in (["list"], ["add", "x"], ["remove", "x"], ["import", str(tmp_path)]):
        result = run(*arguments, "--gallery", tmp_path / "none")
        assert result.exit_code == 2 and "no gallery at" in result.stderr
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "command",
    [
        *("verify", "serve", "list", "reembed", "tune", "backup {to}", "add x", "remove x", "import {to}", "keys list"),
        "build {photos}",
    ],
)
def test_a_gallery_whose_catalogue_is_elsewhere_says_so(
    tiny_gallery: Path, photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.delenv("SKETCHFIND_CATALOGUE", raising=False)
    gallery = shutil.copytree(tiny_gallery, tmp_path / "gallery")
    for path in gallery.glob("catalogue.sqlite*"):
        path.unlink()
    result = run(*command.format(to=tmp_path / "to", photos=photo_folder).split(), "--gallery", gallery)
    assert result.exit_code == 2
    assert f"gallery {gallery} has no catalogue catalogue.sqlite: expected its URL in --catalogue" in result.stderr
    assert "expected its URL in --catalogue or SKETCHFIND_CATALOGUE" in result.stderr
    assert not list(gallery.glob("catalogue.sqlite*")) and not (tmp_path / "to").exists()


def test_rules_are_checked_against_a_gallery(tiny_gallery: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(
        """
        [[rule]]
        name = "Boots"
        boost = 0.5
        where = { category = "Shoes > Boots" }
        [[rule]]
        name = "Sofa"
        pin = { position = 2, words = "red" }
        where = { product_id = "sofa-1" }
        until = 2020-01-01
        """
    )
    lines = run("rules", "check", rules, "--gallery", tiny_gallery)
    assert lines.stdout == "Boots\tboost 0.5\t2 products\tactive\nSofa\tpin 2\t1 product\tnot active now\n"
    checked = answer("rules", "check", rules, "--gallery", tiny_gallery)
    assert checked["bound"] == 0.3 and checked["rules"][0]["products"] == 2
    rules.write_text("[[rule]]")
    wrong = run("rules", "check", rules, "--gallery", tiny_gallery)
    assert wrong.exit_code == 2 and "rules.toml: rule 1: name is missing" in wrong.stderr


def test_rules_are_stored_and_printed(tmp_path: Path) -> None:
    gallery, rules = tmp_path / "gallery", tmp_path / "rules.toml"
    gallery.mkdir()
    Catalogue(sqlite_url(gallery / "catalogue.sqlite")).close()
    text = '[[rule]]\nname = "Sofa"  # soon gone\nhide = true\nwhere = { product_id = "sofa-1" }\n'
    rules.write_text(text)
    assert run("rules", "get", "--gallery", gallery).stdout == ""
    assert run("rules", "set", rules, "--gallery", gallery).stdout == "1 rule stored\n"
    rules.write_text("[[rule]]")
    wrong = run("rules", "set", rules, "--gallery", gallery)
    assert wrong.exit_code == 2 and "rules.toml: rule 1: name is missing" in wrong.stderr
    assert run("rules", "get", "--gallery", gallery).stdout == text
