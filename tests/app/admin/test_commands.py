"""Commands that the admin page starts: in processes of their own, one at a time, with their output."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.admin.commands import CommandRun, CommandRunningError, Commands
from app.settings import load_settings

PROGRAM = """
import os, sys, time
name, *rest = sys.argv[1:]
print(rest, {key: value for key, value in os.environ.items() if key.startswith("SKETCHFIND_")})
print("Checking 1 of 2", file=sys.stderr, flush=True)
time.sleep(60 if name == "tune" else 0)
sys.exit(name == "verify")
"""


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Commands]:
    monkeypatch.setenv("SKETCHFIND_REQUIRE_KEY", "true")
    settings = load_settings(gallery=tmp_path, catalogue="postgresql://u:secret@db/name", photos="s3://shop/p")
    commands = Commands(settings, (sys.executable, "-c", PROGRAM))
    yield commands
    commands.close()


def finished(run: CommandRun) -> CommandRun:
    deadline = time.monotonic() + 30
    while run.status is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return run


def test_a_command_gets_the_gallery_and_its_places_alone_and_its_output_is_kept(
    commands: Commands, tmp_path: Path
) -> None:
    commands.start("verify")
    run = finished(commands.runs["verify"])
    assert (run.status, run.progress) == (1, "Checking 1 of 2")
    assert f"['--gallery', '{tmp_path}']" in run.result
    places = {"SKETCHFIND_CATALOGUE": "postgresql://u:secret@db/name", "SKETCHFIND_PHOTOS": "s3://shop/p"}
    assert str(places) in run.result
    commands.start("backup", tmp_path / "to")
    run = finished(commands.runs["backup"])
    assert run.status == 0 and f"['{tmp_path}/to'," in run.result


def test_one_command_runs_at_a_time_and_ends_with_the_server(commands: Commands) -> None:
    commands.start("tune")
    with pytest.raises(CommandRunningError, match="tune is running on this server"):
        commands.start("verify")
    run = commands.runs["tune"]
    assert run.status is None and run.seconds < 30
    niceness = {child.nice() for child in psutil.Process().children() if "-c" in child.cmdline()}
    assert niceness == {min(os.nice(0) + 5, 19)}  # searches go first
    commands.close()
    assert run.status not in (None, 0)
