"""All rules of a shop, as one TOML text says them: read, checked, and written from data of the same shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from app.core.error_text import cut, describe_validation_error, expected_one_of, truncate
from app.core.toml_reader import InvalidTomlError, parse_toml
from app.rules.rule import DEFAULT_BOUND, Rule
from app.rules.rule_tables import WHOLE, PinTable, RangeTable, RuleTable, Table, Where

MOST_BYTES = 2**20
"""Length of the longest text of rules."""

_MOST_RULES = 200
_MOST_PROBLEMS = 20  # that are described


class InvalidRulesError(ValueError):
    """Rules that cannot be used. `problems` has a line for each mistake, and the message is the first of them."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(problems[0])
        self.problems = tuple(problems)


@dataclass(frozen=True)
class RuleSet:
    """All rules of a text, also those that do not act yet or any more."""

    rules: tuple[Rule, ...] = ()
    bound: float = DEFAULT_BOUND


class _Document(Table):
    bound: Annotated[Decimal, Field(ge=0, le=1, allow_inf_nan=False)] = Decimal(str(DEFAULT_BOUND))
    rule: Annotated[tuple[RuleTable, ...], Field(max_length=_MOST_RULES)] = ()


def parse_rules(text: str, prefix: str = "") -> RuleSet:
    """Parse and check a TOML text. Raises InvalidRulesError: rule, key, value and what was expected.

    Each of its problems begins with `prefix`, which tells where the text is from.
    """
    try:
        if len(text.encode()) > MOST_BYTES:
            raise InvalidRulesError([f"the text has more than {MOST_BYTES:,} bytes: expected a short one"])
        return check_rules(parse_toml(text, "the text"))
    except InvalidTomlError as error:
        raise InvalidRulesError([f"{prefix}{error}"]) from None
    except InvalidRulesError as error:
        raise InvalidRulesError([f"{prefix}{problem}" for problem in error.problems]) from None


def check_rules(content: Any) -> RuleSet:
    """Check rules as data of the shape of the TOML. Raises InvalidRulesError."""
    if not isinstance(content, dict):
        raise InvalidRulesError([f"the rules are {truncate(content)}: expected an object with bound and rule"])
    try:
        document = _Document.model_validate(content)
    except ValidationError as error:
        details = error.errors(include_url=False)[:_MOST_PROBLEMS]
        raise InvalidRulesError([_describe(detail, content) for detail in details]) from None
    names = [table.name for table in document.rule]
    if twice := [name for number, name in enumerate(names) if name in names[:number]]:
        raise InvalidRulesError(
            [f"two rules have the name {truncate(name)}: expected distinct names" for name in twice]
        )
    return RuleSet(tuple(table.to_rule() for table in document.rule), float(document.bound))


def _describe(error: ErrorDetails, content: Mapping[str, Any]) -> str:
    """Describe one of pydantic's errors by its rule and key."""
    location = [part for part in error["loc"] if part not in ("[key]", "texts", "range")]
    label, keys = "", location
    if len(location) > 1 and location[0] == "rule" and isinstance(location[1], int):
        number, keys = location[1], location[2:]
        table = content["rule"][number]
        name = table.get("name") if isinstance(table, dict) else None
        label = f"rule {number + 1}" + (f" ({truncate(name)})" if isinstance(name, str) else "")
    key = ".".join(cut(str(part)) if isinstance(part, str) else str(part + 1) for part in keys)
    if error["type"] == WHOLE:
        return f"{label}{' ' * bool(key)}{key} {error['msg']}"
    where = f"{label}: {key}" if label and key else label or key
    if error["type"] == "extra_forbidden":
        table = _table_of(keys) if label else _Document
        known = [field.alias or name for name, field in table.model_fields.items()]
        return f"{where} is not a key: {expected_one_of(known, 'there is none')}"
    return describe_validation_error(error, where)


def _table_of(keys: list[int | str]) -> type[Table]:
    """Return the table of a rule in which the last of `keys` is."""
    tables: dict[str, type[Table]] = {"where": Where, "pin": PinTable}
    return tables.get(str(keys[-2]), RangeTable) if len(keys) > 1 else RuleTable
