"""The tree stays one that a stranger finds their way in: small folders, small files, names that say something."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("app", "index_builder", "model", "benchmarks", "clients/python")
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
SCRIPTS = [
    path
    for folder in ("static/js", "clients/javascript")
    for path in sorted((ROOT / folder).rglob("*.js"))
    if "vendor" not in path.parts
]

MOST_MODULES = 12  # in a folder
MOST_LINES = 250  # in a file
MOST_VAGUE = 0.005  # share of variables
VAGUE = {"each", "one", "found", "made", "kept", "told", "some", "spent"}


def variables(tree: ast.AST) -> Iterator[str]:
    """Names that are bound: assignments, loop targets, parameters, `with` and `except` targets."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name


@pytest.mark.parametrize("ending", [".py", ".js"])
def test_no_folder_has_too_many_modules(ending: str) -> None:
    counts: dict[Path, int] = {}
    for path in SOURCES if ending == ".py" else SCRIPTS:
        counts[path.parent] = counts.get(path.parent, 0) + (path.name != "__init__.py")
    assert {str(folder.relative_to(ROOT)): n for folder, n in counts.items() if n > MOST_MODULES} == {}


def test_no_file_is_too_long() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in chain(SOURCES, SCRIPTS)}
    assert {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > MOST_LINES} == {}


def test_few_variables_have_a_vague_name() -> None:
    names = [name for path in SOURCES for name in variables(ast.parse(path.read_text()))]
    assert sum(name in VAGUE for name in names) < MOST_VAGUE * len(names)


def test_vague_names_are_counted() -> None:
    tree = ast.parse("for each in made:\n    one = lambda told: [some for some in kept]\n")
    assert sorted(VAGUE.intersection(variables(tree))) == ["each", "one", "some", "told"]
