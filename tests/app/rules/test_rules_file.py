"""Files of rules: what they say, and the message for each mistake."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from app.products.conditions import Condition, Range
from app.rules.rule import Hide, Move, Pin, active_rules
from app.rules.rule_set import InvalidRulesError, RuleSet
from app.rules.rules_file import read_rules

RULE = '[[rule]]\nname = "Old"\nbury = 0.5\nwhere = { brand = "Acme" }\n'


def read(directory: Path, text: str) -> RuleSet:
    path = directory / "rules.toml"
    path.write_text(text)
    return read_rules(path)


def test_a_rule_has_a_condition_an_effect_and_dates(tmp_path: Path) -> None:
    rules = read(
        tmp_path,
        """
        bound = 0.25
        [[rule]]
        name = "Margin"
        boost = 0.75
        from = 2026-11-27
        until = 2026-11-30
        [rule.where]
        category = "Shoes"
        color = ["red", "blue"]
        attribute = { "Sole  Material" = "gum" }
        margin = { at_least = 40.5 }
        custom_label_0 = { at_most = 3 }
        custom_label_1 = "New"
        in_stock = true
        [[rule]]
        name = "Pin"
        pin = { position = 2, words = ["red boots"], category = "Shoes" }
        where = { group_id = "g1" }
        until = 2026-11-30T08:00:00+01:00
        [[rule]]
        name = "Hide"
        hide = true
        where = { on_sale = false, price = { at_least = 5, at_most = 10 }, currency = "EUR" }
        """,
    )
    first, second, third = rules.rules
    assert rules.bound == 0.25 and first.effect == Move(0.75) and first.name == "Margin"
    assert first.condition == Condition(
        categories=("Shoes",),
        traits=(("color", ("red", "blue")), ("sole material", ("gum",))),
        labels=(("custom_label_1", ("New",)),),
        ranges=(("margin", Range(Decimal("40.5"))), ("custom_label_0", Range(None, Decimal(3)))),
        in_stock=True,
    )
    assert second.effect == Pin(2, ("red boots",), "Shoes") and second.condition == Condition(group_ids=("g1",))
    prices = (("price", Range(Decimal(5), Decimal(10))),)
    assert (third.effect, third.condition) == (Hide(), Condition(ranges=prices, currency="EUR", on_sale=False))

    def names(*moment: int) -> list[str]:
        return [rule.name for rule in active_rules(rules.rules, 1, datetime(*moment, tzinfo=UTC)).rules]  # type: ignore[misc,arg-type]

    assert names(2026, 11, 26, 23) == ["Pin", "Hide"] and names(2026, 11, 27) == ["Margin", "Pin", "Hide"]
    assert names(2026, 11, 30, 7) == ["Margin", "Hide"] and names(2026, 12, 1) == ["Hide"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (RULE.replace("0.5", "3"), "rule 1 ('Old'): bury is 3: expected at most 1"),
        (RULE.replace("0.5", "true"), "rule 1 ('Old'): bury is true: expected a number"),
        (
            RULE + RULE.replace("bury", "raise").replace("Old", "New"),
            "rule 2 ('New'): raise is not a key: expected one",
        ),
        (RULE.replace("brand", "colour"), "where.colour is not a key: expected one of product_id, group_id, category"),
        (RULE.replace('"Acme"', "7"), "rule 1 ('Old'): where.brand is 7: expected a valid list"),
        (RULE.replace('"Acme"', '["a", 7]'), "rule 1 ('Old'): where.brand.2 is 7: expected a valid string"),
        (
            RULE.replace('brand = "Acme"', "margin = { over = 3 }"),
            "where.margin.over is not a key: expected one of at_least",
        ),
        (RULE.replace('brand = "Acme"', "custom_label_2 = { at_least = 'x' }"), "where.custom_label_2.at_least is 'x'"),
        (RULE.replace('brand = "Acme"', "margin = {}"), "rule 1 ('Old') where.margin has no bound: expected at_least"),
        (RULE.replace('brand = "Acme"', ""), "rule 1 ('Old') has an empty where: expected at least one condition"),
        (RULE.replace("bury = 0.5", ""), "rule 1 ('Old') has no effect: expected one of boost, bury, pin, hide"),
        (RULE.replace("bury", "hide = true\nboost"), "rule 1 ('Old') has boost and hide: expected one of"),
        (
            RULE.replace("bury = 0.5", "pin = { position = 1 }"),
            "('Old') pin is for no list: expected words, a category",
        ),
        (RULE.replace("bury = 0.5", 'pin = { position = 1, words = "?" }'), "pin.words.1 is '?': expected words that"),
        (RULE.replace("bury = 0.5", 'pin = { position = 0, words = "a" }'), "pin.position is 0: expected at least 1"),
        (RULE.replace("bury", "from = 'today'\nbury"), "from is 'today': expected a date such as 2026-11-27"),
        (RULE.replace("bury", "from = 2026-02-02\nuntil = 2026-01-01\nbury"), "ends before it begins"),
        (RULE.replace('"Acme"', '"a\\u0000"'), "where.brand.1 is 'a\\x00': expected a text without NUL"),
        (RULE.replace('name = "Old"\n', ""), "rule 1: name is missing: it is required"),
        (RULE + RULE, "two rules have the name 'Old': expected distinct names"),
        ("bound = 2", "bound is 2: expected at most 1"),
        ("rule = 1", "rule is 1: expected a valid tuple"),
        ("limit = 1", "limit is not a key: expected one of bound, rule"),
        ("bound = ", "rules.toml: the text is not valid TOML"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidRulesError) as caught:
        read(tmp_path, text)
    assert message in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRulesError, match=r"none.toml cannot be read: No such file"):
        read_rules(tmp_path / "none.toml")


def test_the_example_of_the_docs_is_valid(tmp_path: Path) -> None:
    page = Path(__file__).resolve().parents[3] / "docs/merchandising.md"
    rules = read(tmp_path, page.read_text().split("```toml")[1].split("```")[0]).rules
    assert [type(rule.effect) for rule in rules] == [Move, Move, Hide, Pin]
