"""Files for operators: the dashboard and the alerts name metrics that exist, and systemd accepts the units."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from app.observability.metrics import Metrics

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
UNITS = sorted(path.name for path in DEPLOY.glob("*.service"))
MONITORING = [DEPLOY / "alerts.yml", DEPLOY / "dashboard.json"]
_METRIC = re.compile(r"\b(?:sketchfind|process)_[a-z_]+")
_SERIES = re.compile(r"(_bucket|_sum|_count)$")
_COMMAND = "/opt/sketchfind/bin/sketchfind"  # where the units expect the command


def exposed_metrics() -> dict[str, str]:
    """Return the kinds of all metrics by name, such as "counter"."""
    lines = re.findall(r"^# TYPE (\w+) (\w+)$", Metrics().text().decode(), re.M)
    return dict(lines)


@pytest.mark.parametrize("path", MONITORING, ids=lambda path: path.name)
def test_every_metric_that_is_named_exists(path: Path) -> None:
    exposed = exposed_metrics()
    named = set(_METRIC.findall(path.read_text()))
    assert len(named) > 5
    unknown = [name for name in named if name not in exposed and exposed.get(_SERIES.sub("", name)) != "histogram"]
    assert sorted(unknown) == []


def test_every_metric_of_ours_is_on_the_dashboard_and_in_the_docs() -> None:
    dashboard, docs = (DEPLOY / "dashboard.json").read_text(), (ROOT / "docs" / "server.md").read_text()
    ours = [name for name in exposed_metrics() if name.startswith("sketchfind_") and not name.endswith("_created")]
    assert len(ours) >= 9
    assert [name for name in ours if name not in dashboard or name not in docs] == []


def test_panels_of_the_dashboard_do_not_overlap_and_ask_the_chosen_job() -> None:
    panels = json.loads((DEPLOY / "dashboard.json").read_text())["panels"]
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells)) and max(x for x, _ in cells) < 24
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    assert [query for query in queries if query.count("{") != query.count('{job="$job"')] == []


def test_prometheus_accepts_the_alerts() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool: expected it on PATH, as Debian's package prometheus brings it")
    done = subprocess.run([promtool, "check", "rules", DEPLOY / "alerts.yml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def systemd_analyze(*arguments: object) -> str:
    """Run systemd-analyze and return its output. Fails the test with it if the status is not 0."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze: expected it on PATH, as Debian's package systemd brings it")
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """Copy the units, with a command that exists."""
    for path in (*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")):
        (tmp_path / path.name).write_text(path.read_text().replace(_COMMAND, "/bin/true"))
    return sorted(tmp_path.iterdir())


def test_systemd_accepts_the_units(units: list[Path]) -> None:
    assert len(units) == 3
    assert systemd_analyze("verify", "--man=no", *units) == ""  # warnings have the status 0


@pytest.mark.parametrize("name", UNITS)
def test_services_are_hardened(units: list[Path], name: str) -> None:
    unit = next(path for path in units if path.name == name)
    systemd_analyze("security", "--offline=true", "--threshold=20", "--no-pager", unit)  # 2.0 of 10


@pytest.mark.parametrize("name", UNITS)
def test_services_run_commands_that_exist(name: str) -> None:
    from tests.test_docs import COMMANDS

    command = re.search(rf"^ExecStart={_COMMAND} (\w+)(.*)$", (DEPLOY / name).read_text(), re.M)
    assert command and command[1] in COMMANDS
    known = {option for parameter in COMMANDS[command[1]].params for option in parameter.opts}
    assert set(re.findall(r"--[\w-]+", command[2])) <= known


@pytest.mark.parametrize("file", ["Dockerfile", "docker-compose.yml"])
def test_the_build_reaches_the_image(file: str) -> None:
    text = (ROOT / file).read_text()
    line = {"Dockerfile": "ENV SKETCHFIND_BUILD=", "docker-compose.yml": "SKETCHFIND_BUILD: "}[file]
    assert re.search(rf'^ *{line}"?\$\{{SKETCHFIND_BUILD', text, re.M)
