"""The tables of a text of rules, as pydantic checks them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.products.conditions import PRICE, Condition, Range
from app.products.product import CUSTOM_LABELS
from app.rules.rule import Hide, Move, Pin, Rule
from app.words.word_query import WordQuery

WHOLE = "whole"
"""Type of errors of a table as a whole. Their messages say what is wrong."""

_EFFECTS = ("boost", "bury", "pin", "hide")


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def parse_moment(text: str) -> date | datetime:
    """Parse a day or a time, as JSON has them. Raises ValueError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return datetime.fromisoformat(text)


def _as_date(value: object) -> date | datetime:
    """Return a day or a time: of TOML, or as a text of JSON."""
    with suppress(ValueError):
        value = parse_moment(value) if isinstance(value, str) else value
    if not isinstance(value, date):  # a time is one too
        raise PydanticCustomError("moment", "a date such as 2026-11-27, or a time such as 2026-11-27T08:00:00+01:00")
    return value


def _as_moment(value: object) -> datetime | None:
    """Return the beginning of a day, or a time, which is of UTC unless it names its zone."""
    if value is None:
        return None
    moment = _as_date(value)
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _as_end(value: object) -> datetime | None:
    """Return the end of a day, or a time."""
    moment = _as_moment(value)
    is_day = moment is not None and not isinstance(_as_date(value), datetime)
    last = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
    return min(moment, last) + timedelta(days=1) if moment and is_day else moment


def _check_text(value: str) -> str:
    if not value.strip() or "\0" in value:  # which PostgreSQL refuses
        raise PydanticCustomError("text", "a text without NUL")
    return value


def _check_words(value: str) -> str:
    try:
        words = WordQuery(value).tokens()
    except ValueError as error:
        raise PydanticCustomError("words", "{expected}", {"expected": str(error).rpartition("expected ")[2]}) from None
    if not words:
        raise PydanticCustomError("words", "words that a shopper types")
    return value


def _reject_bool(value: object) -> object:
    if isinstance(value, bool):
        raise PydanticCustomError("number", "a number")
    return value


_Text = Annotated[str, Field(max_length=1000), AfterValidator(_check_text)]
_Texts = Annotated[list[_Text], BeforeValidator(_as_list), Field(min_length=1, max_length=10_000)]
_Number = Annotated[Decimal, BeforeValidator(_reject_bool), Field(allow_inf_nan=False, decimal_places=4, max_digits=16)]
_Weight = Annotated[Decimal, BeforeValidator(_reject_bool), Field(gt=0, le=1, allow_inf_nan=False)]


class Table(BaseModel):
    """Table without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RangeTable(Table):
    """Numbers from a bound to another one."""

    at_least: _Number | None = None
    at_most: _Number | None = None

    @model_validator(mode="after")
    def _check_bounds(self) -> RangeTable:
        if self.at_least is None and self.at_most is None:
            raise PydanticCustomError(WHOLE, "has no bound: expected at_least, at_most, or both")
        return self

    def to_range(self) -> Range:
        """Return the range."""
        return Range(self.at_least, self.at_most)


class _Label(Table):
    """A label's texts, or the range of its number."""

    texts: _Texts | None = None
    range: RangeTable | None = None


def _as_label(value: object) -> object:
    return {"range": value} if isinstance(value, dict) else {"texts": value}


_LabelOf = Annotated[_Label, BeforeValidator(_as_label)]


class Where(Table):
    """Condition of a rule."""

    product_id: _Texts | None = None
    group_id: _Texts | None = None
    category: _Texts | None = None
    brand: _Texts | None = None
    color: _Texts | None = None
    gender: _Texts | None = None
    size: _Texts | None = None
    attribute: dict[_Text, _Texts] = {}
    in_stock: bool | None = None
    on_sale: bool | None = None
    currency: _Text | None = None
    price: RangeTable | None = None
    margin: RangeTable | None = None
    discount: RangeTable | None = None
    custom_label_0: _LabelOf | None = None
    custom_label_1: _LabelOf | None = None
    custom_label_2: _LabelOf | None = None
    custom_label_3: _LabelOf | None = None
    custom_label_4: _LabelOf | None = None

    def to_condition(self) -> Condition:
        """Return the condition."""
        labels: dict[str, _Label | None] = {name: getattr(self, name) for name in CUSTOM_LABELS}
        ranges: dict[str, RangeTable | None] = {name: getattr(self, name) for name in (PRICE, "margin", "discount")}
        ranges |= {name: label.range for name, label in labels.items() if label}
        traits: dict[str, list[str] | None] = {n: getattr(self, n) for n in ("color", "brand", "gender", "size")}
        traits |= {" ".join(name.lower().split()): values for name, values in self.attribute.items()}
        return Condition(
            product_ids=tuple(self.product_id or ()),
            group_ids=tuple(self.group_id or ()),
            categories=tuple(self.category or ()),
            traits=tuple((name, tuple(values)) for name, values in traits.items() if values),
            labels=tuple((name, tuple(label.texts)) for name, label in labels.items() if label and label.texts),
            ranges=tuple((name, wanted.to_range()) for name, wanted in ranges.items() if wanted),
            currency=self.currency,
            in_stock=self.in_stock,
            on_sale=self.on_sale,
        )


_Words = Annotated[
    list[Annotated[str, AfterValidator(_check_words)]], BeforeValidator(_as_list), Field(min_length=1, max_length=1000)
]


class PinTable(Table):
    """Position of a pinned product, and the lists in which it is pinned."""

    position: Annotated[int, Field(ge=1, le=100)]
    words: _Words | None = None
    category: _Text | None = None

    @model_validator(mode="after")
    def _check_list(self) -> PinTable:
        if self.words is None and self.category is None:
            raise PydanticCustomError(WHOLE, "is for no list: expected words, a category, or both")
        return self


class RuleTable(Table):
    """Rule with its condition and one effect."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    where: Where
    boost: _Weight | None = None
    bury: _Weight | None = None
    pin: PinTable | None = None
    hide: bool | None = None
    begins: Annotated[datetime | None, BeforeValidator(_as_moment), Field(alias="from")] = None
    ends: Annotated[datetime | None, BeforeValidator(_as_end), Field(alias="until")] = None

    @model_validator(mode="after")
    def _check_effect(self) -> RuleTable:
        given = [effect for effect in _EFFECTS if getattr(self, effect)]
        if len(given) != 1:
            problem = f"has {' and '.join(given) or 'no effect'}"
            raise PydanticCustomError(WHOLE, f"{problem}: expected one of boost, bury, pin, hide = true")
        if self.where.to_condition() == Condition():
            raise PydanticCustomError(WHOLE, "has an empty where: expected at least one condition in it")
        if self.begins and self.ends and self.begins >= self.ends:
            raise PydanticCustomError(WHOLE, "ends before it begins: expected until after from")
        return self

    def to_rule(self) -> Rule:
        """Return the rule."""
        effect: Move | Pin | Hide = Hide()
        if self.boost or self.bury:
            effect = Move(float((self.boost or 0) - (self.bury or 0)))
        elif self.pin:
            effect = Pin(self.pin.position, tuple(self.pin.words or ()), self.pin.category)
        return Rule(self.name, self.where.to_condition(), effect, self.begins, self.ends)
