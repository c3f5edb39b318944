"""Explanations in the results of a search."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from app.rules.rule import Move, Pin, Rule
from app.search.results import Explanation

EXPLANATION = {"rules": [], "rank_without_rules": 7, "distance_without_rules": 1.95}
"""Example of an explanation. FastAPI leaves nulls of examples out, which rules have."""


class ActingRule(BaseModel):
    """Rule that acted on a result."""

    name: str = Field(description="name of the rule in the shop's file", examples=["Good margin"])
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
