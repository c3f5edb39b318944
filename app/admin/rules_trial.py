"""Trial of a text of rules before it is saved: the products of each rule, and the results of a search of words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from app.asgi.client_address import rate_limit_key
from app.asgi.errors import ApiError
from app.database.read_limits import ReadTimeoutError
from app.products.filters import Filters
from app.rules.rule import ActiveRules, Rule, active_rules, describe_effect
from app.rules.rule_set import RuleSet
from app.search.listing.cursor import ListRequest
from app.search.results import Explanation, Result
from app.search.search_request import SearchRequest
from app.serving.service import Service
from app.words.word_query import WordQuery

_RESULTS = 24


@dataclass(frozen=True)
class TriedRule:
    """Rule with its effect as a text, whether it acts now, and the number of its products, None if not counted."""

    name: str
    effect: str
    is_active: bool
    products: int | None


@dataclass(frozen=True)
class TriedResult:
    """Result with its rank, and what the rules did to it."""

    rank: int
    result: Result
    rank_without_rules: int | None
    rules: tuple[str, ...]  # effects and names of those that acted on it


@dataclass(frozen=True)
class Trial:
    """What rules would do: to the products, and to the results of a search, None without words."""

    rules: list[TriedRule]
    results: list[TriedResult] | None


async def try_rules(request: Request, service: Service, rule_set: RuleSet, words: str) -> Trial:
    """Try rules as if they were saved now. Raises ApiError for words that no search takes."""
    now = datetime.now(UTC)
    active = active_rules(rule_set.rules, rule_set.bound, now)
    results = await _search(request, service, active, words) if words else None
    counts = await run_in_threadpool(_count_products, service, rule_set.rules)
    tried = [
        TriedRule(rule.name, describe_effect(rule), rule.is_active(now), count)
        for rule, count in zip(rule_set.rules, counts, strict=True)
    ]
    return Trial(tried, results)


def _count_products(service: Service, rules: tuple[Rule, ...]) -> list[int | None]:
    """Count the products of each rule, as far as the time limit of a request allows."""
    counts: list[int | None] = []
    try:
        with service.reads.limited(), service.gallery.catalogue.view() as view:
            for rule in rules:
                counts.append(len(view.meeting(rule.condition)))
    except ReadTimeoutError:
        counts += [None] * (len(rules) - len(counts))
    return counts


async def _search(request: Request, service: Service, rules: ActiveRules, text: str) -> list[TriedResult]:
    out_of_stock = service.settings.out_of_stock
    try:
        words = WordQuery(text, service.settings.language)
    except ValueError as error:
        raise ApiError(422, "invalid_parameter", str(error), {"parameter": "q"}) from None
    filters = Filters(words=words, in_stock=out_of_stock == "hide", hidden=rules.hidden)
    listing = ListRequest(out_of_stock_last=out_of_stock == "last")
    asked = SearchRequest(None, _RESULTS, filters, mirror=True, listing=listing, rules=rules, explain=True)
    found = await service.search(rate_limit_key(request.scope), asked)
    explained = zip(found.results, found.explanations or (), strict=True)
    return [_explain(rank, result, explanation) for rank, (result, explanation) in enumerate(explained, 1)]


def _explain(rank: int, result: Result, explanation: Explanation) -> TriedResult:
    acting = tuple(f"{describe_effect(rule)}: {rule.name}" for rule in explanation.rules)
    return TriedResult(rank, result, explanation.rank, acting)
