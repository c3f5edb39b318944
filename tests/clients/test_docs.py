"""The examples of docs/clients.md run against a real server."""

from __future__ import annotations

import re
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest

from sketchfind_client import Client
from tests.clients.conftest import Served
from tests.support.sketch_files import sketch_file

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/clients.md").read_text()
MODULE = ROOT / "clients/javascript/sketchfind.js"


def program(section: str, served: Served) -> str:
    """Return the examples of a section as one program, with the server's address."""
    text = PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("    ") or not line]
    return textwrap.dedent("\n".join(lines)).replace("https://find.shop.example", served.address)


@pytest.fixture(autouse=True)
def files(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "boot.png").write_bytes(sketch_file(3))
    (tmp_path / "feed.jsonl").write_bytes(served.feed)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEY", served.key)


def check(output: str) -> None:
    """Check what the examples print, in either language."""
    assert re.search(r"^1 (Boot|Pump|Clog) number \d", output, re.M)
    assert "1 changed\nline 2 price" in output and "3 of 3\ndone " in output and "\nline 3 " in output
    assert "422 unknown_category category 'Boats' is unknown" in output


def test_the_examples_in_python(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(program("Python", served), "clients.md", "exec"), {"__name__": "example"})
    output = capsys.readouterr().out
    check(output)
    assert re.search(r"^\d\d products$", output, re.M)


def test_the_examples_in_javascript(node: str, served: Served) -> None:
    for path in MODULE.parent.glob("*.js"):
        shutil.copy(path, ".")
    Path("package.json").write_text('{"type": "module"}')
    Path("example.js").write_text(program("JavaScript", served))
    done = subprocess.run([node, "--no-warnings", "example.js"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    check(done.stdout)


def test_every_operation_is_in_the_table() -> None:
    names = [name for name in vars(Client) if name[0] != "_" and name != "close"]
    assert len(names) >= 20
    for name in names:
        camel = re.sub(r"_(\w)", lambda match: match[1].upper(), name)
        assert f"`{name}`" in PAGE and f"`{camel}`" in PAGE
        assert re.search(rf"^  (async )?{camel}\(", MODULE.read_text(), re.M)
