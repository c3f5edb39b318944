"""API keys: shown once, kept as hashes, made and removed on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.catalogue.api_keys import InvalidKeyError
from index_builder.cli.main import app
from tests.support.small_galleries import open_catalogue


def keys_command(*arguments: str) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of `sketchfind keys ...`."""
    result = CliRunner().invoke(app, ["keys", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_a_key_is_found_and_its_text_is_kept_nowhere(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    key = catalogue.keys.add("importer", "write")
    record = catalogue.keys.find(key)
    assert record and (record.name, record.scope) == ("importer", "write")
    assert key.startswith("sk_") and len(key) > 40
    assert all(catalogue.keys.find(other) is None for other in ("", key[:-1], key + "x", record.sha256, "\udcff"))
    catalogue.close()
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and key[3:].encode() in file.read_bytes()]


def test_what_another_process_changes_counts_within_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server, command = open_catalogue(tmp_path).keys, open_catalogue(tmp_path).keys
    now = 100.0
    monkeypatch.setattr("app.catalogue.api_keys.time.monotonic", lambda: now)
    assert server.recent() == []
    key = command.add("one", "read")
    now += 0.9
    assert server.find(key)
    command.remove("one")
    now += 0.9
    assert server.find(key) is None


def test_two_keys_of_one_name_are_refused(tmp_path: Path) -> None:
    keys = open_catalogue(tmp_path).keys
    first = keys.add("one", "read")
    with pytest.raises(InvalidKeyError, match="there is a key 'one' already"):
        keys.add("one", "write")
    assert keys.find(first) and len(keys.all()) == 1


@pytest.mark.parametrize("name", ["", "a b", "-x", "x" * 65, "a\nb", "é"])
def test_odd_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidKeyError, match="expected up to 64 letters"):
        open_catalogue(tmp_path).keys.add(name, "read")


def test_the_command_line_makes_lists_and_removes(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    gallery = ["--gallery", str(tmp_path)]
    status, key, _ = keys_command("add", "shop", "--scope", "write", *gallery)
    assert status == 0 and catalogue.keys.find(key.strip())
    _, text, _ = keys_command("add", "board", "--json", *gallery)
    added = json.loads(text)
    assert set(added) == {"name", "scope", "key"} and added["scope"] == "read"
    _, listed, _ = keys_command("list", *gallery)
    assert [line.split("\t")[:2] for line in listed.splitlines()] == [["board", "read"], ["shop", "write"]]
    assert key.strip() not in listed and added["key"] not in listed
    _, listed, _ = keys_command("list", "--json", *gallery)
    assert [entry["name"] for entry in json.loads(listed)["keys"]] == ["board", "shop"]
    assert keys_command("remove", "shop", *gallery)[0] == 0
    assert [entry.name for entry in catalogue.keys.all()] == ["board"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add", "x", "--scope", "admin"], "--scope is 'admin', expected one of read, write"),
        (["add", "a b"], "key name is 'a b': expected up to 64"),
        (["remove", "nobody"], "there is no key 'nobody': expected none, as there are no keys"),
    ],
)
def test_wrong_commands_end_in_one_line(tmp_path: Path, arguments: list[str], words: str) -> None:
    open_catalogue(tmp_path)
    status, said, complaint = keys_command(*arguments, "--gallery", str(tmp_path))
    assert status == 2 and said == "" and words in complaint and complaint.count("\n") == 1


def test_a_missing_gallery_is_not_made(tmp_path: Path) -> None:
    status, _, complaint = keys_command("list", "--gallery", str(tmp_path / "none"))
    assert status == 2 and "no gallery at" in complaint and not (tmp_path / "none").exists()
