"""The TOML file of a shop's rules."""

from __future__ import annotations

from pathlib import Path

from app.core.toml_reader import InvalidTomlError, read_text
from app.rules.rule_set import MOST_BYTES, InvalidRulesError, RuleSet, parse_rules


def read_rules_file(path: Path) -> str:
    """Read the text of a file of rules. Raises InvalidRulesError with the path."""
    try:
        return read_text(path, MOST_BYTES)
    except InvalidTomlError as error:
        raise InvalidRulesError([str(error)]) from None


def read_rules(path: Path) -> RuleSet:
    """Read and check a file of rules. Raises InvalidRulesError: file, rule, key, value and what was expected."""
    return parse_rules(read_rules_file(path), f"{path}: ")
