"""Tests of damaged index manifests: the index is built again from the catalogue, and `verify` reports the damage."""

from __future__ import annotations

import json
import logging
import os
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from app.gallery.gallery import Gallery
from app.gallery.local_index.index_manifest import IndexManifest, UnusableIndexError, parse_manifest, read_manifest
from app.gallery.local_index.index_store import load_index
from app.search.retriever import Retriever
from index_builder.gallery.verify.findings import Findings
from index_builder.gallery.verify.index import IndexCheck
from tests.support.embedding_searches import search_embeddings
from tests.support.small_galleries import (
    TUNING,
    brute_force,
    open_catalogue,
    products,
    ranking,
    save_tuned,
    small_checkpoint,
    vectors,
)

DEEP = "[" * 5000
TEXTS = [
    *("", "null", "3", '"text"', "[]", "{}", "NaN", "1" * 10_000, "[" * 100_000, '{"a":' * 5000),
    *('{"identity": "\\ud800"}', " " * 3_000_000 + "{}"),
]
VALUES = [
    *("null", "true", "-1", "0", "1.5", str(2**70), "1" * 5000, "1e999", "NaN", "-Infinity"),
    *('""', '"1"', '"nprobe=0"', '"efSearch=999999999"', '"nprobe=3\\n"', '"\\ud800"', json.dumps("x" * 100_000)),
    *("[]", "{}", "[[[1]]]", '{"a": {"b": []}}', DEEP),
]


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Path]:
    """Yield a gallery with a tuned index."""
    catalogue = open_catalogue(tmp_path)
    catalogue.put(products([f"p{number}" for number in range(60)]), vectors(60))
    catalogue.set_factory("IVF4,Flat")
    opened = Gallery.open(tmp_path, small_checkpoint())
    save_tuned(opened, TUNING)
    opened.close()
    yield tmp_path


def manifest_of(directory: Path) -> Path:
    return directory / "index" / "manifest.json"


def with_value(manifest: dict[str, Any], keys: tuple[str, ...], value: str) -> str:
    """Return the JSON of a manifest with one value, by its keys, replaced by a text that may be invalid JSON."""
    copied: Any = json.loads(json.dumps(manifest))
    parent = copied
    for key in keys[:-1]:
        parent = parent[key]
    parent[keys[-1]] = "@"
    return json.dumps(copied).replace('"@"', value)


def assert_serves(directory: Path, *, is_made: bool = True) -> None:
    """Assert that the gallery opens, finds everything, and has an index that the next start uses."""
    opened = Gallery.open(directory, small_checkpoint())
    photos = {f"p{number}": vector for number, vector in enumerate(vectors(60))}
    sketch = vectors(1, seed=9)[0]
    assert ranking(opened.snapshot, opened.catalogue, sketch, 60) == brute_force(sketch, photos)
    assert opened.n_candidates in (37, 100)
    if is_made:
        load_index(directory / "index", small_checkpoint().network.distance, opened.catalogue.state())
    opened.close()


def findings_of(directory: Path) -> Findings:
    findings = Findings()
    IndexCheck(directory, small_checkpoint().network.distance, open_catalogue(directory).state(), findings)
    return findings


@pytest.mark.parametrize("text", TEXTS)
def test_texts_that_are_no_manifest(text: str) -> None:
    with pytest.raises(UnusableIndexError) as error:
        parse_manifest(text.encode())
    assert len(str(error.value)) < 300 and "\n" not in str(error.value)


def test_every_value_is_one_that_is_written_or_refused(gallery: Path) -> None:
    manifest = json.loads(manifest_of(gallery).read_text())
    manifest["choice"] = {"factory": "SQ8", "tuning": manifest["tuning"]}
    assert parse_manifest(json.dumps(manifest).encode()).chosen
    inner = [("tuning", key) for key in manifest["tuning"]]
    places = [*((key,) for key in manifest), *inner, *(("choice", *keys) for keys in inner), ("choice", "factory")]
    refused = 0
    for keys in [*places, ("what",), ("tuning", "what"), ("files", "a")]:
        for value in VALUES:
            try:
                parsed = parse_manifest(with_value(manifest, keys, value).encode())
            except UnusableIndexError as error:
                refused += 1
                assert len(str(error)) < 300
                continue
            tunings = [tuning for tuning in (parsed.tuning, parsed.choice and parsed.choice.tuning) if tuning]
            for tuning in tunings:
                assert 0 < tuning.n_candidates < 2**31 and 0 < tuning.training < 2**31 and 0 <= tuning.recall <= 1
            for number in (parsed.revision, parsed.dim, parsed.count):
                assert type(number) is int and 0 <= number < 2**63
    assert refused > 20 * len(places) * 0.7


def test_spoilt_bytes(gallery: Path) -> None:
    text, chance = manifest_of(gallery).read_bytes(), random.Random(0)
    for _ in range(3000):
        spoilt = bytearray(text)
        for _ in range(chance.randint(1, 4)):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        with suppress(UnusableIndexError):
            assert isinstance(parse_manifest(bytes(spoilt[: chance.randint(1, 2 * len(spoilt))])), IndexManifest)


@pytest.mark.parametrize(
    ("keys", "value", "words"),
    [
        ((), "[" * 100_000, "recursion limit"),
        ((), '"\udcff"', "not valid JSON"),
        (("revision",), '"60"', "revision is '60': expected a valid integer"),
        (("files",), "[]", "files is []: expected an object"),
        (("tuning",), "[1]", "tuning is [1]: expected"),
        (("tuning", "n_candidates"), str(10**12), "tuning.n_candidates is 1000000000000: expected"),
        (("tuning", "training"), "true", "tuning.training is true: expected a valid integer"),
        (("tuning", "recall"), "NaN", "tuning.recall is nan: expected"),
        (
            ("tuning", "parameters"),
            '"efSearch=64"',
            "its tuning is invalid (search parameters 'efSearch=64' do not fit",
        ),
        (("tuning", "what"), "1", "tuning.what"),
    ],
)
def test_an_odd_manifest_is_named_and_made_again(
    gallery: Path, caplog: pytest.LogCaptureFixture, keys: tuple[str, ...], value: str, words: str
) -> None:
    caplog.set_level(logging.INFO)
    path = manifest_of(gallery)
    text = with_value(json.loads(path.read_text()), keys, value) if keys else value
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    problems = [str(problem) for problem in findings_of(gallery).problems]
    assert len(problems) == 1 and words in problems[0] and problems[0].endswith("the next start builds it again")
    assert_serves(gallery)
    assert words in caplog.text and "making it from the catalogue" in caplog.text
    assert findings_of(gallery).problems == []


@pytest.mark.parametrize("kind", ["pipe", "folder", "endless", "nowhere"])
def test_a_manifest_that_is_no_file(gallery: Path, kind: str) -> None:
    path = manifest_of(gallery)
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero" if kind == "endless" else path.with_name("none"))
    findings = findings_of(gallery)
    assert len(findings.problems) == (0 if kind == "nowhere" else 1), findings.problems
    assert_serves(gallery, is_made=kind != "folder")


def test_more_candidates_than_there_are_products_cost_nothing(gallery: Path) -> None:
    path = manifest_of(gallery)
    path.write_text(with_value(json.loads(path.read_text()), ("tuning", "n_candidates"), str(2**31 - 1)))
    opened = Gallery.open(gallery, small_checkpoint())
    assert opened.n_candidates == 2**31 - 1 and read_manifest(gallery / "index").tuning == opened.tuning
    found = search_embeddings(Retriever(small_checkpoint(), opened, None, "cpu"), vectors(1), 5)
    assert len(found[0].results) == 5
    opened.close()
