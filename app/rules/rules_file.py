"""The TOML file of a shop's rules."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from app.core.error_text import cut, describe_validation_error, expected_one_of, truncate
from app.core.toml_reader import InvalidTomlError, read_toml
from app.rules.rule import DEFAULT_BOUND, Rule
from app.rules.rule_tables import WHOLE, PinTable, RangeTable, RuleTable, Table, Where

_MOST_FILE = 2**20  # bytes
_MOST_RULES = 200


class RulesFileError(ValueError):
    """File of rules that cannot be read, or a value in it that cannot be used."""


@dataclass(frozen=True)
class RuleSet:
    """All rules of a file, also those that do not act yet or any more."""

    rules: tuple[Rule, ...] = ()
    bound: float = DEFAULT_BOUND


class _File(Table):
    bound: Annotated[Decimal, Field(ge=0, le=1, allow_inf_nan=False)] = Decimal(str(DEFAULT_BOUND))
    rule: Annotated[tuple[RuleTable, ...], Field(max_length=_MOST_RULES)] = ()


def read_rules(path: Path) -> RuleSet:
    """Read and check a file of rules. Raises RulesFileError: file, rule, key, value and what was expected."""
    try:
        content = read_toml(path, _MOST_FILE)
    except InvalidTomlError as error:
        raise RulesFileError(str(error)) from None
    try:
        file = _File.model_validate(content)
    except ValidationError as error:
        raise RulesFileError(f"{path}: {_describe(error.errors(include_url=False)[0], content)}") from None
    names = [table.name for table in file.rule]
    if twice := [name for number, name in enumerate(names) if name in names[:number]]:
        raise RulesFileError(f"{path}: two rules have the name {truncate(twice[0])}: expected distinct names")
    return RuleSet(tuple(table.to_rule() for table in file.rule), float(file.bound))


def _describe(error: ErrorDetails, content: dict[str, Any]) -> str:
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
        table = _table_of(keys) if label else _File
        known = [field.alias or name for name, field in table.model_fields.items()]
        return f"{where} is not a key: {expected_one_of(known, 'there is none')}"
    return describe_validation_error(error, where)


def _table_of(keys: list[int | str]) -> type[Table]:
    """Return the table of a rule in which the last of `keys` is."""
    tables: dict[str, type[Table]] = {"where": Where, "pin": PinTable}
    return tables.get(str(keys[-2]), RangeTable) if len(keys) > 1 else RuleTable
