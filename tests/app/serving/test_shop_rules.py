"""Rules of a served gallery: followed in the catalogue or a file, and never overwritten unseen."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.database.merchandising.stored_rules import RulesChangedError, version_of
from app.rules.rule_set import InvalidRulesError
from app.serving.shop_rules import RulesInFileError, ShopRules
from tests.support.small_galleries import open_catalogue

RULE = '[[rule]]\nname = "Old"  # a comment\nbury = 0.5\nwhere = { brand = "Acme" }\n'


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.serving.shop_rules._INTERVAL", 0.01)


@contextmanager
def started(directory: Path, path: Path | None = None) -> Iterator[ShopRules]:
    """Follow rules as a server does, with a connection to the catalogue of its own."""
    catalogue = open_catalogue(directory)
    rules = ShopRules(path, lambda: catalogue)
    rules.start()
    yield rules
    rules.close()


def names(rules: ShopRules) -> list[str]:
    return [rule.name for rule in rules.active().rules]


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_stored_rules_act_on_all_servers_and_are_not_overwritten_unseen(directory: Path) -> None:
    with started(directory) as mine, started(directory) as other:
        seen = version_of(mine.read())
        mine.replace(RULE, seen)
        assert names(mine) == ["Old"] and mine.active() is mine.active()
        wait_until(lambda: names(other) == ["Old"])
        assert other.read() == RULE
        with pytest.raises(RulesChangedError, match=f"have version {version_of(RULE)} and not {seen}: read them again"):
            other.replace("", seen)
        with pytest.raises(InvalidRulesError, match="bury is 5: expected at most 1"):
            other.replace(RULE.replace("0.5", "5"), None)
        assert mine.read() == RULE
        other.replace("", None)
        wait_until(lambda: names(mine) == [])
    with started(directory) as later:
        assert later.read() == ""


def test_a_file_is_the_only_source(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(RULE)
    with started(tmp_path) as stored:
        stored.replace(RULE.replace("Old", "Stored"), None)
    with caplog.at_level("INFO", logger="app.serving"), started(tmp_path, path) as rules:
        assert names(rules) == ["Old"]
        with pytest.raises(RulesInFileError, match=r"are in the file .*rules.toml \(SKETCHFIND_RULES\): expected a"):
            rules.replace("", None)
        path.write_text(RULE.replace("0.5", "5"))
        wait_until(lambda: len(caplog.records) == 1)
        time.sleep(0.05)  # several looks
        os.remove(path)
        wait_until(lambda: len(caplog.records) == 2)
        assert names(rules) == ["Old"]
        path.write_text(RULE + RULE.replace("Old", "New"))
        wait_until(lambda: names(rules) == ["Old", "New"])
    first, second, third = [record.getMessage() for record in caplog.records]
    assert first == f"the rules stay as they were: {path}: rule 1 ('Old'): bury is 5: expected at most 1"
    assert "cannot be read: No such file" in second and third == "the rules have changed: 2 rules"


def test_rules_that_cannot_be_used_at_the_start_are_named(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text("limit = 1")
    with pytest.raises(InvalidRulesError, match=r"rules.toml: limit is not a key: expected one of bound, rule"):
        ShopRules(path, lambda: open_catalogue(tmp_path)).start()
