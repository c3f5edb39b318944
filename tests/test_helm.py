"""The Helm chart: its values, its references, and what it repeats of the server and the image.

Without helm, templates are read as text, and as YAML without their actions. With helm on PATH, they are rendered.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import SecretStr

from app.api.routes import monitoring
from app.core import shutdown
from app.settings import PREFIX, Settings
from tests.support.json_schema import find_errors
from tests.test_deploy import exposed_metrics
from tests.test_docs import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
CHART = ROOT / "deploy" / "helm" / "sketchfind"
TEMPLATES = {path.name: path.read_text() for path in sorted((CHART / "templates").iterdir())}
MANIFESTS = sorted(name for name in TEMPLATES if name.endswith(".yaml"))
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
GUIDE = (ROOT / "docs" / "scaling.md").read_text().split("\n## Kubernetes\n")[1].split("\n## ")[0]
_ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.S)
_COMMENT = re.compile(r"\{\{-?\s*/\*.*?\*/\s*-?\}\}", re.S)
_OF_THE_CHART = {"gallery", "host", "port"}  # settings that templates give


def examples() -> list[Any]:
    """Return values of an installation: the defaults, the file that the guide shows, and one that switches all on."""
    (shown,) = (yaml.safe_load(block) for block in re.findall(r"\n((?: {4}.*\n)+)", GUIDE) if "settings:" in block)
    switches = {name: {"enabled": True} for name in ("autoscaling", "ingress", "serviceMonitor")}
    jobs = {name: {"enabled": True} for name in ("create", "build", "reembed")}
    everything = {**switches, "jobs": jobs}
    return [pytest.param({}, id="defaults"), pytest.param(shown, id="guide"), pytest.param(everything, id="everything")]


def actions(text: str) -> list[str]:
    """Return what templates do, without comments."""
    return _ACTION.findall(_COMMENT.sub("", text))


def skeleton(name: str) -> Any:
    """Return a template as YAML, without the lines that only have actions, and with `x` for other actions."""
    return yaml.safe_load(_ACTION.sub("x", re.sub(r"^ *\{\{.*\}\}\n", "", TEMPLATES[name], flags=re.M)))


def leaves(values: dict[str, Any], parent: str = "") -> Iterator[str]:
    """Yield the paths of all values that are no maps, or empty ones, such as image.tag."""
    for name, value in values.items():
        path = f"{parent}.{name}".removeprefix(".")
        if isinstance(value, dict) and value:
            yield from leaves(value, path)
        else:
            yield path


def secret_settings() -> set[str]:
    """Return the names of the settings that may contain passwords."""
    return {name for name, field in Settings.model_fields.items() if SecretStr in get_args(field.annotation)}


@pytest.mark.parametrize("values", examples())
def test_values_pass_the_schema(values: dict[str, Any]) -> None:
    merged = {**VALUES, **values}
    assert list(find_errors(merged, SCHEMA, SCHEMA)) == []


@pytest.mark.parametrize(
    "values",
    [
        {"settings": {"catalogue": "postgresql://sketchfind:password@db/sketchfind"}},
        {"settings": {"log_fromat": "json"}},
        {"secretKeys": {"SKETCHFIND_CATALOGUE": ""}},
        {"secretKeys": {}},
        {"replica": 3},
    ],
    ids=str,
)
def test_the_schema_refuses_secrets_as_values_and_names_that_do_not_exist(values: dict[str, Any]) -> None:
    assert list(find_errors({**VALUES, **values}, SCHEMA, SCHEMA)) != []


def test_the_schema_describes_every_value_and_no_other() -> None:
    described = {path.removesuffix(".enabled") for path in leaves(_properties(SCHEMA))} - {"global"}
    missing = [
        path for path in leaves(VALUES) if not any(_is_within(path.removesuffix(".enabled"), d) for d in described)
    ]
    assert missing == []
    assert _undescribed(SCHEMA) == []


def _properties(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the names that a schema has properties for, as nested dicts."""
    return {name: _properties(inner) for name, inner in schema.get("properties", {}).items()}


def _undescribed(schema: dict[str, Any]) -> list[str]:
    inner = schema.get("properties", {})
    found = [
        name for name, each in inner.items() if "$ref" not in each and not each.get("description", "").endswith(".")
    ]
    return found + [name for each in inner.values() for name in _undescribed(each)]


def _is_within(path: str, other: str) -> bool:
    return path == other or path.startswith(f"{other}.")


def test_settings_and_secrets_of_the_schema_are_those_of_the_server() -> None:
    properties = SCHEMA["properties"]
    settings, keys = set(properties["settings"]["properties"]), set(properties["secretKeys"]["properties"])
    public = set(Settings.model_fields) - secret_settings() - _OF_THE_CHART
    assert settings == public
    assert {name for name in keys if name.startswith(PREFIX)} == {PREFIX + name.upper() for name in secret_settings()}
    text = (CHART / "values.yaml").read_text()
    assert [name for name in re.findall(r"\b(?:SKETCHFIND|AWS)_[A-Z_]+(?=: )", text) if name not in keys] == []


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_actions_of_templates_are_closed(name: str) -> None:
    text = TEMPLATES[name]
    assert text.count("{{") == text.count("}}") == len(_ACTION.findall(text))
    words = [action.split()[0] for action in actions(text)]
    assert sum(word in {"if", "with", "range", "define"} for word in words) == words.count("end")
    assert [action for action in actions(text) if action.count("(") != action.count(")") or action.count('"') % 2] == []


def test_templates_use_every_value_and_no_other() -> None:
    used = {path for text in TEMPLATES.values() for path in re.findall(r"\.Values\.([A-Za-z.]+)", text)}
    known = set(leaves(VALUES))
    assert [path for path in sorted(used) if not any(_is_within(leaf, path) for leaf in known)] == []
    assert [leaf for leaf in sorted(known) if not any(_is_within(leaf, path) for path in used)] == []


def test_templates_use_every_helper_and_no_other() -> None:
    text = "".join(TEMPLATES.values())
    defined, included = re.findall(r'define "(.+?)"', text), re.findall(r'include "(.+?)"', text)
    assert len(defined) == len(set(defined)) and set(defined) == set(included)


@pytest.mark.parametrize("name", MANIFESTS)
def test_templates_are_yaml_around_their_actions(name: str) -> None:
    manifest = skeleton(name)
    if name.endswith("-job.yaml"):
        assert manifest is None and "sketchfind.job" in TEMPLATES[name]
    else:
        assert manifest["kind"].lower() == name.removesuffix(".yaml") and manifest["metadata"]["name"] == "x"


def test_the_server_runs_as_its_image_and_its_code_expect() -> None:
    pod = skeleton("deployment.yaml")["spec"]["template"]["spec"]
    container = pod["containers"][0]
    compose, dockerfile = (ROOT / "docker-compose.yml").read_text(), (ROOT / "Dockerfile").read_text()
    routes = {route.path for route in monitoring.router.routes}  # type: ignore[attr-defined]
    probes = [container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")]
    assert probes == ["/healthz", "/healthz", "/readyz"] and {*probes, "/metrics"} <= routes
    assert skeleton("servicemonitor.yaml")["spec"]["endpoints"][0]["path"] == "/metrics"

    pause = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    allowed = int(re.search(r"stop_grace_period: (\d+)s", compose)[1])  # type: ignore[index]
    assert pod["terminationGracePeriodSeconds"] == pause + allowed > pause + shutdown.SECONDS

    user = re.search(r"useradd --uid (\d+)", dockerfile)[1]  # type: ignore[index]
    assert set(re.findall(r"(?:runAsUser|runAsGroup|fsGroup): (\d+)", TEMPLATES["_helpers.tpl"])) == {user}
    for line in ("readOnlyRootFilesystem: true", "drop: [ALL]", "type: RuntimeDefault", "runAsNonRoot: true"):
        assert line in TEMPLATES["_helpers.tpl"]
    assert "enableServiceLinks: false" in TEMPLATES["_helpers.tpl"]  # else SKETCHFIND_PORT is a URL


def test_commands_of_the_chart_exist() -> None:
    pod = skeleton("deployment.yaml")["spec"]["template"]["spec"]
    commands = [pod["containers"][0]["args"][1], *re.findall(r'"command" "(\w+)"', "".join(TEMPLATES.values()))]
    assert sorted(commands) == ["build", "create", "reembed", "serve"] and set(commands) <= set(COMMANDS)
    assert sorted(set(commands) - {"serve"}) == sorted(set(VALUES["jobs"]) - {"backoffLimit", "resources"})


def test_the_autoscaler_reads_a_metric_of_the_server() -> None:
    (metric,) = skeleton("horizontalpodautoscaler.yaml")["spec"]["metrics"]
    name = metric["pods"]["metric"]["name"]
    assert exposed_metrics()[name] == "gauge"
    rules = [yaml.safe_load(block) for block in re.findall(r"\n((?: {4}.*\n)+)", GUIDE) if "seriesQuery" in block]
    (rule,) = rules[0]["rules"]["custom"]
    assert rule["name"]["as"] == name and rule["seriesQuery"].startswith(f"{name}{{")


def test_the_chart_has_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"] == project["version"]


@pytest.mark.parametrize("values", examples())
def test_helm_accepts_and_renders_the_chart(values: dict[str, Any], tmp_path: Path) -> None:
    helm = shutil.which("helm")
    if helm is None:
        pytest.skip("no helm: expected it on PATH to render the chart")
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(values))
    rendered = ""
    for command in (["lint", "--strict"], ["template", "shop"]):
        done = subprocess.run(
            [helm, *command, CHART, "--values", tmp_path / "values.yaml"], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        rendered = done.stdout
    manifests = [manifest for manifest in yaml.safe_load_all(rendered) if manifest]
    kinds = [manifest["kind"] for manifest in manifests]
    assert {"Deployment", "Service", "PodDisruptionBudget"} <= set(kinds)
    assert kinds.count("Job") == sum(job["enabled"] for job in values.get("jobs", {}).values())
