"""Searches that the admin page lists: words and filters alone, counted, and bounded in number."""

from __future__ import annotations

from decimal import Decimal

from app.products.filters import Filters
from app.search.results import Page, QueryKind, SearchResult
from app.serving.recent_searches import RecentSearches, describe_filters
from app.words.word_query import WordQuery


def answer(kind: QueryKind = "sketch") -> SearchResult:
    return SearchResult([], 12, 1, {}, None, 0.8, Page(0, b"", b"", is_last=True), kind)


def test_searches_that_are_alike_are_counted_and_the_oldest_are_forgotten() -> None:
    searches = RecentSearches(2)
    red, boots = Filters(words=WordQuery("red suede ")), Filters(category="Shoes > Boots")
    for filters in (Filters(), red, boots, red):
        searches.note(filters, answer())
    latest = searches.list_latest()
    assert [(search.summary.words, search.summary.filters, search.count) for search in latest] == [
        ("red suede", (), 2),
        ("", ("category Shoes > Boots",), 1),
    ]
    searches.note(red, answer("words"))
    assert [search.count for search in searches.list_latest()] == [1, 2]


def test_with_a_limit_of_0_nothing_is_kept() -> None:
    searches = RecentSearches(0)
    searches.note(Filters(words=WordQuery("red")), answer())
    assert searches.list_latest() == []


def test_filters_are_described() -> None:
    filters = Filters(
        category="Shoes",
        min_price=Decimal(20),
        max_price=Decimal("89.90"),
        currency="EUR",
        colors=("black/red", "blue"),
        brands=("Acme",),
        genders=("women",),
        sizes=("41",),
        attributes=(("material", "leather"),),
        in_stock=True,
    )
    assert list(describe_filters(filters)) == [
        *("category Shoes", "colour black/red", "colour blue", "brand Acme", "gender women", "size 41"),
        *("material leather", "price from 20 EUR", "price up to 89.90 EUR", "in stock"),
    ]
