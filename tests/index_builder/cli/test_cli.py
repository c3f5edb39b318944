"""Command line: commands work together, and wrong input ends in one line and status 2."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from app.settings import Settings
from index_builder.cli.console import progress_bar
from index_builder.cli.main import app
from tests.support.shape_pairs import write_shapes

pytestmark = pytest.mark.usefixtures("torch_engine")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def answer(*arguments: object) -> dict[str, Any]:
    """Run a command with --json and return the object that it prints on stdout."""
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


def test_a_folder_of_categories_trains_as_several_and_evaluates_one_by_one(pairs: Path, tmp_path: Path) -> None:
    (tmp_path / "both").mkdir()
    for name in ("clogs", "boots"):
        (tmp_path / "both" / name).symlink_to(pairs)
    trained = answer("train", "--data", tmp_path / "both", "--steps", 1, "--out", tmp_path / "net.safetensors")
    assert set(trained["acc@1"]) == {"boots", "clogs"}
    result = run("evaluate", "--data", tmp_path / "both")
    assert result.exit_code == 2 and "holds 2 categories, expected one, such as" in result.stderr


def test_a_shop_without_sketches_starts_from_the_checkpoint_that_ships(
    pairs: Path, tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model.checkpoint.DEFAULT_CHECKPOINT", tiny_checkpoint)
    out, arguments = tmp_path / "shop.safetensors", ["--photos", pairs / "photos", "--steps", 1, "--device", "cpu"]
    figures = answer("train", *arguments, "--out", out)
    assert figures["start_from"]["checkpoint"] == str(tiny_checkpoint)
    assert figures["start_from"]["taken"] == ["backbone", "attention", "distance"]
    assert figures["start_from"]["fresh"] == []
    measured = figures["comparison"]
    assert set(measured["acc@10"]) == {"before", "after"} and measured["n_gallery"] == 12
    assert measured["improved"] == (measured["acc@10"]["after"] > measured["acc@10"]["before"])
    again = run("train", *arguments, "--out", out)
    assert again.exit_code == 0 and "acc@10 on held-out photos" in again.stdout
    assert ("It improved." in again.stdout) == measured["improved"]


def test_labelled_sketches_are_recognised(pairs: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    classes = tmp_path / "classes"
    for n, sketch in enumerate(sorted((pairs / "sketches").iterdir())):
        target = classes / ("even", "odd")[n % 2] / sketch.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(sketch.read_bytes())
    arguments = ["train", "--classes", classes, "--start-from", tiny_checkpoint, "--steps", 1, "--device", "cpu"]
    figures = answer(*arguments, "--out", tmp_path / "net.safetensors")
    assert set(figures["acc@1"]) == {"recognition"} and "comparison" not in figures


def test_evaluate_by_the_papers_protocol(tiny_checkpoint: Path, tmp_path: Path) -> None:
    folder = write_shapes(tmp_path / "shapes", photos=4, sketches=1)
    (folder / "edge_maps").mkdir()
    for number in range(4):
        shutil.copy(folder / "sketches" / f"{number}_0.png", folder / "edge_maps" / f"{number}.png")
    paper = ("--data", folder, "--checkpoint", tiny_checkpoint, "--gallery-from", "edge_maps", "--views", 10)
    figures = answer("evaluate", *paper)
    assert (figures["gallery_from"], figures["views"], figures["n_queries"]) == ("edge_maps", 10, 4)
    assert (figures["acc@1"], figures["acc@1_interval"]) == (100, [100, 100])  # the edge maps are the sketches
    result = run("evaluate", *paper, "--report", tmp_path / "report")
    assert "acc@1         100.0  (100.0 to 100.0)" in result.stdout
    assert "one view" in (tmp_path / "report" / "report.html").read_text()


def test_evaluate_compares_two_checkpoints(pairs: Path, tiny_checkpoint: Path) -> None:
    options = ("--data", pairs, "--checkpoint", tiny_checkpoint, "--against", tiny_checkpoint)
    compared = answer("evaluate", *options)["against"]
    assert compared["checkpoint"] == str(tiny_checkpoint)
    assert (compared["acc@1"], compared["log_rank_interval"]) == (0, [0, 0])  # it does not differ from itself
    assert f"differences to {tiny_checkpoint}\nacc@1         +0.0  (+0.0 to +0.0)" in run("evaluate", *options).stdout


def test_evaluate_refuses_what_the_folder_or_the_protocol_cannot_give(pairs: Path) -> None:
    for options, words in (
        (["--views", 10], "--views is 10 with --gallery-from photos, expected 1"),
        (["--partial"], "shapes has no sketches with strokes"),
    ):
        result = run("evaluate", "--data", pairs, *options)
        (line,) = result.stderr.strip().splitlines()
        assert result.exit_code == 2 and words in line and result.stdout == ""


def test_skipped_photos_are_listed_at_the_end(pairs: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "good.jpg").write_bytes((pairs / "photos" / "1.jpg").read_bytes())
    (photos / "bad.jpg").write_bytes(b"no photo")
    result = run("build", photos, "--gallery", tmp_path / "gallery")
    assert result.exit_code == 0
    assert "1 added, 0 updated, 0 unchanged: 1 products. 1 skipped." in result.stdout
    assert "skipped bad: photo bad.jpg: image cannot be read" in result.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["evaluate", "--data", "/nowhere"], "pair folder not found: /nowhere"),
        (["evaluate", "--data", ".", "--gallery-from", "drawings"], "--gallery-from is 'drawings', expected one of"),
        (["evaluate", "--data", ".", "--split", "half"], "--split is 'half', expected one of all, held-out"),
        (["evaluate", "--data", ".", "--views", "3"], "--views is 3, expected one of 1, 10"),
        (["train", "--out", "x"], "nothing to train on: expected at least one --data DIR"),
        (["train", "--out", "x", "--classes", "a", "--data", "b"], "got --classes with --data or --photos"),
        (["train", "--out", "x", "--classes", "/nowhere"], "folder of labelled sketches not found: /nowhere"),
        (["build", "/nowhere", "--gallery", "x"], "/nowhere"),
        (["serve", "--gallery", "/nowhere"], "/nowhere"),
    ],
)
def test_wrong_input_is_one_line_and_status_2(arguments: list[str], words: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("sketchfind: ") and words in line and result.stdout == ""


def test_a_build_of_nothing_fails_whoever_reads_it(tmp_path: Path, tiny_checkpoint: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "boot.png").write_bytes(b"no picture")
    build = ("build", tmp_path / "photos", "--gallery", tmp_path / "gallery", "--checkpoint", tiny_checkpoint)
    for result in (run(*build), run(*build, "--json")):
        assert result.exit_code == 2 and "the gallery is empty" in result.stderr
    assert json.loads(result.stdout)["size"] == 0


def test_the_demo_leaves_the_shop_s_database_and_bucket_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Settings] = []
    monkeypatch.setattr("app.server.serve", served.append)
    monkeypatch.setattr("index_builder.demo.gallery.build_demo", lambda directory, *_: directory / "gallery")
    monkeypatch.setenv("SKETCHFIND_CATALOGUE", "postgresql://shop@database/shop")
    monkeypatch.setenv("SKETCHFIND_PHOTOS", "s3://shop/photos")
    assert run("demo", "--directory", tmp_path).exit_code == 0
    assert [(settings.gallery, settings.catalogue, settings.photos) for settings in served] == [
        (tmp_path / "gallery", None, None)
    ]


def test_help_names_every_command_and_default() -> None:
    listed = run("--help").output
    assert all(command in listed for command in ("train", "evaluate", "build", "serve", "demo"))
    assert "oriented" in run("train", "--help").output


@pytest.mark.parametrize("arguments", [("list", "--gallery", "no"), ("keys", "list", "--gallery", "no"), ("serve",)])
def test_a_misspelt_setting_is_named_by_every_command(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SKETCHFIND_GALLERY", raising=False)
    monkeypatch.setenv("SKETCHFIND_CATALOG", "postgresql://user:secret@host/name")
    result = run(*arguments)
    assert result.exit_code == 2 and "secret" not in result.stderr
    first, second = result.stderr.splitlines()
    assert first == (
        "sketchfind: SKETCHFIND_CATALOG is set, but is not a setting and is ignored: did you mean SKETCHFIND_CATALOGUE?"
    )
    assert "gallery" in second


def list_commands(command: Any, path: str = "sketchfind") -> Iterator[tuple[str, Any]]:
    """Yield every command with its path, those of groups too."""
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from list_commands(child, f"{path} {name}")


def test_every_command_option_and_argument_has_help() -> None:
    commands = dict(list_commands(typer.main.get_command(app)))
    assert {"sketchfind add", "sketchfind keys add"} <= commands.keys()
    assert [path for path, command in commands.items() if not command.help] == []
    parameters = [(path, parameter) for path, command in commands.items() for parameter in command.params]
    assert [f"{path} {parameter.opts}" for path, parameter in parameters if not parameter.help] == []


def test_the_version_is_printed_with_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKETCHFIND_BUILD", "1a2b3c4")
    assert run("--version").stdout == f"sketchfind {version('sketchfind')} (build 1a2b3c4)\n"


def test_progress_is_printed_in_lines_without_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index_builder.cli.console._LINE_INTERVAL", 0.0)
    with progress_bar(quiet=False) as progress:
        task = progress.add_task("Checking", total=3)
        progress.update(task, completed=1)
        progress.advance(task)
    assert capsys.readouterr().err.splitlines()[:2] == ["Checking 1 of 3", "Checking 2 of 3"]
    with progress_bar(quiet=True) as progress:
        progress.update(progress.add_task("Checking", total=3), completed=1)
    assert capsys.readouterr().err == ""
