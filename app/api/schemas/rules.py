"""Request and response bodies of rules, and explanations of what they did to the results of a search."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from app.core.toml_reader import parse_toml
from app.rules.rule import DEFAULT_BOUND, Move, Pin, Rule
from app.search.results import Explanation

EXPLANATION = {"rules": [], "rank_without_rules": 7, "distance_without_rules": 1.95}
"""Example of an explanation. FastAPI leaves nulls of examples out, which rules have."""

_RULE = {"name": "Good margin", "boost": 0.5, "where": {"margin": {"at_least": 40}, "in_stock": True}}


class ActingRule(BaseModel):
    """Rule that acted on a result."""

    name: str = Field(description="name of the rule", examples=["Good margin"])
    effect: Literal["boost", "bury", "pin"] = Field(description="what it does", examples=["boost"])
    weight: float | None = Field(
        description="share of the most that rules may move a product; null for a pin", examples=[0.5]
    )
    position: int | None = Field(description="position that a pin asks for; null for other effects", examples=[1, None])

    @staticmethod
    def from_rule(rule: Rule) -> ActingRule:
        """Build the response from a rule that moves or pins."""
        weight = rule.effect.weight if isinstance(rule.effect, Move) else None
        position = rule.effect.position if isinstance(rule.effect, Pin) else None
        effect: Literal["boost", "bury", "pin"] = "pin" if weight is None else "boost" if weight > 0 else "bury"
        return ActingRule(name=rule.name, effect=effect, weight=weight and abs(weight), position=position)


class ExplanationInfo(BaseModel):
    """Rules that acted on a result, and its place without them. Products that rules hide stay hidden for it."""

    rules: list[ActingRule] = Field(description="rules that acted on it")
    rank_without_rules: int | None = Field(
        description="rank in the same list without rules; null if it is not among its results", examples=[7]
    )
    distance_without_rules: float | None = Field(description="distance in that list", examples=[1.95])

    @staticmethod
    def from_explanation(explanation: Explanation) -> ExplanationInfo:
        """Build the response from an explanation."""
        rules = [ActingRule.from_rule(rule) for rule in explanation.rules]
        return ExplanationInfo(
            rules=rules, rank_without_rules=explanation.rank, distance_without_rules=explanation.distance
        )


class RulesDocument(BaseModel):
    """All rules of a gallery, also those that do not act yet or any more."""

    bound: float = Field(DEFAULT_BOUND, description="how far boost and bury may go, 0 to 1", examples=[0.3])
    rule: list[dict[str, Any]] = Field(
        [],
        description="rules as the tables of docs/merchandising.md, with texts for days and times",
        examples=[[_RULE]],
    )

    @staticmethod
    def from_text(text: str) -> RulesDocument:
        """Build the response from the TOML text of rules. Raises InvalidTomlError."""
        return RulesDocument(**parse_toml(text, "the text"))


RULES_DOCS: dict[str, Any] = {
    "required": True,
    "content": {"application/json": {"schema": RulesDocument.model_json_schema()}},
}
"""OpenAPI's `requestBody` of a route that takes rules."""
