"""Documentation is true as far as a test can tell: everything that can be used is named in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
from fastapi.routing import APIRoute

from app.admin.router import ROUTERS as ADMIN_ROUTERS
from app.api.routes import events, imports, monitoring, product_writes, products, rules, search, strokes
from app.settings import Settings
from app.web import pages
from index_builder.cli.main import app
from index_builder.datasets.public.registry import PUBLIC_SETS
from index_builder.experiments.definitions import EXPERIMENTS, TRUNKS
from index_builder.training.config.presets import PRESETS
from index_builder.training.objectives import OBJECTIVES
from model.network.distances import DISTANCES
from model.network.dssa import ATTENTIONS, BACKBONES, HEADS, STEMS

DOCS = Path(__file__).resolve().parents[1] / "docs"
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def text(name: str) -> str:
    return (DOCS / name).read_text()


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    row = re.search(rf"^\| `SKETCHFIND_{name.upper()}` \| (.*?) \|", text("server.md"), re.M)
    assert row, f"SKETCHFIND_{name.upper()} is not in docs/server.md"
    default = Settings.model_fields[name].default
    if isinstance(default, str | int):
        assert row[1] == str(default).lower()  # as the environment has it


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_option_is_documented(command: str) -> None:
    section = text("usage.md").split(f"## `sketchfind {command}")[1].split("\n## ")[0]
    commands = [COMMANDS[command], *getattr(COMMANDS[command], "commands", {}).values()]  # and those of a group
    parameters = [parameter for each in commands for parameter in each.params]
    options = [option for parameter in parameters for option in parameter.opts if option[:2] == "--"]
    assert [option for option in options if option != "--help" and f"`{option}`" not in section] == []


def test_every_route_is_documented() -> None:
    routers = [module.router for module in (pages, monitoring, search, products, imports, strokes, events, rules)]
    routers += [product_writes.router, products.photo_router, *ADMIN_ROUTERS]
    known = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    assert len(known) >= 8
    listed = text("server.md") + text("admin.md")
    for route in known:
        path = route.path.replace("{product_id:path}", "{id}")
        for method in (route.methods or set()) - {"HEAD"}:
            assert f"`{method} {path}`" in listed


def test_every_error_code_is_documented() -> None:
    source = "".join(path.read_text() for path in (DOCS.parent / "app").rglob("*.py"))
    codes = set(re.findall(r'\b[45]\d\d, "(\w+)"', source)) | set(re.findall(r'\b[45]\d\d: "(\w+)"', source))
    assert {"empty_body", "blank_sketch", "not_an_image", "image_too_large", "unknown_category"} <= codes
    assert [code for code in sorted(codes) if f"`{code}`" not in text("server.md")] == []


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("model.md", [*PRESETS, *OBJECTIVES, *STEMS, *BACKBONES, *ATTENTIONS, *HEADS, *DISTANCES]),
        ("experiments.md", [*EXPERIMENTS, *TRUNKS]),
        ("usage.md", [*EXPERIMENTS, *TRUNKS, *PUBLIC_SETS]),
    ],
)
def test_every_part_that_can_be_chosen_is_documented(page: str, names: list[str]) -> None:
    assert [name for name in names if f"`{name}`" not in text(page)] == []


@pytest.mark.parametrize("page", ["../README.md", *sorted(path.name for path in DOCS.glob("*.md"))])
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text(page)):
        assert "://" in target or ((DOCS / page).parent / target).exists(), f"{page} links to {target}"
