"""Rules as JSON and as TOML: the one says what the other does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from app.rules.rule_set import InvalidRulesError, check_rules, parse_rules
from app.rules.toml_writer import write_toml

WHERE: dict[str, Any] = {"brand": "Acme"}


def document(**rule: Any) -> dict[str, Any]:
    return {"rule": [{"name": "A", "hide": True, "where": WHERE} | rule]}


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"bound": 0.25, "rule": []},
        document(name='Quotes " \\ and \n \x7f \x01 ü 鞋', boost=None),
        document(where={"attribute": {"sole  material": ["gum", "cork"]}, "brand": None, "in_stock": False}),
        document(hide=None, boost=1e-05, where={"margin": {"at_least": -40.5, "at_most": 7}}),
        document(hide=False, pin={"position": 2, "words": ["red boots"], "category": None}),
        {"rule": [*document()["rule"], *document(name="B", **{"from": "2026-11-27", "until": "2026-11-30"})["rule"]]},
        document(until="2026-11-30T08:00:00+01:00", **{"from": "20261127"}),
        document(until="9999-12-31"),
    ],
)
def test_json_and_the_toml_written_from_it_are_the_same_rules(content: dict[str, Any]) -> None:
    assert parse_rules(write_toml(content)) == check_rules(content)


def test_toml_is_written_for_people() -> None:
    content = {"bound": 0.3, **document(**{"from": "2026-11-27"})}
    rule = '[[rule]]\nname = "A"\nhide = true\nwhere = { brand = "Acme" }\nfrom = 2026-11-27\n'
    assert write_toml(content) == f"bound = 0.3\n\n{rule}"


def test_days_of_json_are_those_of_toml() -> None:
    (rule,) = check_rules(document(until="2026-11-30", **{"from": "2026-11-27"})).rules
    assert (rule.begins, rule.ends) == (datetime(2026, 11, 27, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))


@pytest.mark.parametrize("content", [7, [], {"rule": [7]}, document(where={"brand": None}), document(name="\ud800")])
def test_other_data_is_refused(content: Any) -> None:
    with pytest.raises(InvalidRulesError):
        check_rules(content)


def test_every_mistake_is_named() -> None:
    wrong = '[[rule]]\nname = "{}"\nboost = 7\nwhere = {{ colour = "red" }}\n'
    with pytest.raises(InvalidRulesError) as caught:
        parse_rules(wrong.format("A") + wrong.format("B"))
    named = [problem.partition(":")[0] for problem in caught.value.problems]
    assert named == ["rule 1 ('A')", "rule 1 ('A')", "rule 2 ('B')", "rule 2 ('B')"]
