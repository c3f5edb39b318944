"""Explanations of results: the rules that acted on each, and its place in the same list without rules."""

from __future__ import annotations

from dataclasses import replace

from app.products.grouping import Grouping
from app.products.product import Product
from app.rules.rule import NO_RULES
from app.search.results import MOST_LISTED, Explanation, Query, SearchResult


def without_rules(query: Query) -> Query:
    """Return the query for the whole list without rules, except that hidden products stay hidden."""
    return replace(query, rules=NO_RULES, pins=(), k=MOST_LISTED, listing=replace(query.listing, start=0))


def explain(result: SearchResult, plain: SearchResult, query: Query, grouping: Grouping) -> SearchResult:
    """Return a result with explanations, made with the result of without_rules() of its query."""

    def key_of(product: Product) -> str:
        own = None if query.variants else grouping.key_of(product)
        return own or f"product {product.product_id}"

    places = {key_of(found.product): (rank, found.distance) for rank, found in enumerate(plain.results, 1)}
    explanations = []
    for found in result.results:
        rank, distance = places.get(key_of(found.product), (None, None))
        rules = [*query.rules.moving(found.product), *([found.pin] if found.pin else [])]
        explanations.append(Explanation(tuple(rules), rank, distance))
    return replace(result, explanations=tuple(explanations))
