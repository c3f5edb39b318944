from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from index_builder.cli import app
from tests.shapes import write_shapes


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def answer(*arguments: object) -> dict[str, Any]:
    """The one JSON object that a command prints on stdout."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shapes(tmp_path_factory.mktemp("cli") / "shapes", photos=12)


def test_from_pairs_to_figures_and_a_gallery(pairs: Path, tmp_path: Path) -> None:
    net, gallery = tmp_path / "net.safetensors", tmp_path / "gallery"
    trained = answer("train", "--data", pairs, "--steps", 2, "--out", net, "--device", "cpu")
    assert trained["steps"] == 2 and Path(trained["checkpoint"]) == net and set(trained["acc@1"]) == {"shapes"}
    figures = answer("evaluate", "--data", pairs, "--checkpoint", net, "--report", tmp_path / "report")
    assert (figures["n_queries"], figures["n_gallery"]) == (24, 12)
    assert 0 <= figures["acc@1"] <= figures["acc@5"] <= figures["acc@10"] <= 100
    assert (tmp_path / "report" / "report.html").is_file()
    built = answer("build", pairs / "photos", "--gallery", gallery, "--checkpoint", net)
    assert (built["added"], built["unchanged"], built["size"], built["skipped"]) == (12, 0, 12, [])
    again = answer("build", pairs / "photos", "--gallery", gallery, "--checkpoint", net)
    assert (again["added"], again["unchanged"], again["size"]) == (0, 12, 12)


def test_skipped_photos_are_listed_at_the_end(pairs: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "good.jpg").write_bytes((pairs / "photos" / "1.jpg").read_bytes())
    (photos / "bad.jpg").write_bytes(b"no photo")
    result = run("build", photos, "--gallery", tmp_path / "gallery")
    assert result.exit_code == 0
    assert "1 added, 0 updated, 0 unchanged: 1 products." in result.stdout
    assert "skipped bad: image cannot be read" in result.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["evaluate", "--data", "/nowhere"], "pair folder not found: /nowhere"),
        (["evaluate", "--data", ".", "--gallery-from", "drawings"], "--gallery-from is 'drawings', expected one of"),
        (["evaluate", "--data", ".", "--split", "half"], "--split is 'half', expected one of all, held-out"),
        (["train", "--out", "x"], "nothing to train on: expected at least one --data DIR"),
        (["build", "/nowhere", "--gallery", "x"], "/nowhere"),
        (["serve", "--gallery", "/nowhere"], "/nowhere"),
    ],
)
def test_wrong_input_is_one_line_and_status_2(arguments: list[str], words: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("sketchfind: ") and words in line and result.stdout == ""


def test_help_names_every_command_and_default() -> None:
    listed = run("--help").output
    assert all(command in listed for command in ("train", "evaluate", "build", "serve", "demo"))
    assert "oriented" in run("train", "--help").output
