from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from index_builder.cli.main import app
from index_builder.datasets.public.registry import PUBLIC_SETS, find_set


def test_every_known_set_can_be_found_and_says_where_it_is_from() -> None:
    for name, known in PUBLIC_SETS.items():
        assert find_set(name) is known and known.name == name
        assert known.home.startswith("http") and "http" in known.by_hand and known.licence and known.commands
        assert all(file.url.startswith("http") for file in known.files)
        assert len({file.name for file in known.files}) == len(known.files)
        if not known.files:
            assert "browser" in known.by_hand
    assert {"qmul-v1", "handbags", "qmul-v2", "sketchy", "tu-berlin", "quickdraw"} == set(PUBLIC_SETS)


def test_quickdraw_comes_by_class_or_whole() -> None:
    assert len(find_set("quickdraw").files) == 345
    (file,) = find_set("quickdraw/flip flops").files
    assert file.name == "flip flops.ndjson" and file.url.endswith("/full/simplified/flip%20flops.ndjson")
    assert find_set("quickdraw/shoe").name == "quickdraw"
    with pytest.raises(ValueError, match="unknown QuickDraw class 'clog': expected one of https://"):
        find_set("quickdraw/clog")
    with pytest.raises(ValueError, match="unknown data set 'imagenet': expected one of qmul-v1, handbags"):
        find_set("imagenet")


@pytest.mark.parametrize("arguments", [[], ["--list"], ["sketchy", "--list"]])
def test_the_command_lists_what_is_known(arguments: list[str]) -> None:
    text = CliRunner().invoke(app, ["fetch", *arguments]).stdout
    listed = json.loads(CliRunner().invoke(app, ["fetch", *arguments, "--json"]).stdout)["data_sets"]
    assert [known["name"] for known in listed] == list(PUBLIC_SETS)
    for known in listed:
        (row,) = [line for line in text.splitlines() if line.startswith(f"{known['name']} ")]
        assert all(known[field] in row for field in ("size", "licence", "home"))
        assert ("by hand" in row) == (not known["by_program"])
