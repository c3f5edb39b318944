"""Reading of results from rankings: their products and variants, of one selection."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np

from app.catalogue.product_cache import ProductCache
from app.core.arrays import Rows
from app.gallery.selection import Selection
from app.index.groups import Groups
from app.products.product import Product
from app.products.variants import Variants
from app.search.listing.pins import rank_with_pins
from app.search.ranking import Ranking, Row
from app.search.results import Query, Result
from app.search.variants_cache import VariantsCache


@dataclass(frozen=True)
class ResultReader:
    """Reader of the products of a selection. Products of one of `groups` are one result."""

    selection: Selection
    groups: Groups
    products: ProductCache
    variants: VariantsCache

    def nearest(self, rankings: Sequence[Ranking], queries: Sequence[Query]) -> list[list[Row]]:
        """Return the nearest product of each of the nearest groups of rankings, as many as each query reaches."""
        asked = list(zip(rankings, queries, strict=True))
        products = self._read_nearest(rankings, {r for pair in asked for r in self._can_be_nearest(*pair)})
        ranked = [
            rank_with_pins(ranking, products, query.pins, self.groups)
            if query.pins
            else ranking.top_k(products, _count(query), self.groups)
            for ranking, query in asked
        ]
        return [
            [row for row in rows if row.product.product_id != query.own][: query.reach]
            for rows, query in zip(ranked, queries, strict=True)
        ]

    def _can_be_nearest(self, ranking: Ranking, query: Query) -> list[int]:
        """Return the revisions of products that can be among the nearest: all, if any may be pinned."""
        return ranking.revisions.tolist() if query.pins else ranking.top_k_with_ties(_count(query), self.groups)

    def _read_nearest(self, rankings: Sequence[Ranking], revisions: Set[int]) -> dict[int, Product]:
        """Read the products of `revisions`, or of all candidates if some of them have changed."""
        products = self.selection.products(self.products, revisions)
        if len(products) < len(revisions):  # old states of changed products drop out, and others take their places
            candidates = (revision for ranking in rankings for revision in ranking.revisions.tolist())
            products = self.selection.products(self.products, candidates)
        return products

    def results(self, nearest: Sequence[Sequence[Row]]) -> list[list[Result]]:
        """Make the results of each query from its nearest products, with the live variants of all."""
        shown = {product.revision: product for rows in nearest for product, *_ in rows}
        revisions = np.array([product.revision for rows in nearest for product, *_ in rows], np.int64)
        members = self.groups.members_of(np.unique(self.groups.numbers_of(revisions)))
        products = self.selection.products(self.products, members.tolist()) | shown
        variants = self._by_group(members, products)
        passing = self._by_group(self._passing(members), products)
        summaries = {number: self.variants.summarise(of_group) for number, of_group in variants.items()}
        numbers = iter(self.groups.numbers_of(revisions).tolist())
        return [
            [self._result(row, summaries[(number := next(numbers))], passing[number]) for row in rows]
            for rows in nearest
        ]

    @staticmethod
    def _result(row: Row, variants: Variants, passing: Sequence[Product]) -> Result:
        return Result(row.product, row.distance, row.position, variants, is_any_in_stock(passing), row.pin)

    def _by_group(self, members: Rows, products: dict[int, Product]) -> dict[int, list[Product]]:
        """Return the known products of the revisions `members`, by the number of their group."""
        grouped: dict[int, list[Product]] = {}
        for number, revision in zip(self.groups.numbers_of(members).tolist(), members.tolist(), strict=True):
            if revision in products:
                grouped.setdefault(number, []).append(products[revision])
        return grouped

    def _passing(self, members: Rows) -> Rows:
        """Return those revisions whose products pass the filters. Without groups, all do that were found."""
        passing = self.selection.passing
        return members if passing is None or not len(self.groups) else members[np.isin(members, passing)]


def _count(query: Query) -> int:
    """Return how many results to find, with that of the product itself, which is left out."""
    return query.reach + (query.own is not None)


def is_any_in_stock(products: Sequence[Product]) -> bool:
    """Return whether any product is not out of stock. An unknown availability counts as in stock."""
    return any(product.availability != "out_of_stock" for product in products)
