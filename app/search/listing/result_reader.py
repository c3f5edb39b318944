"""Reading of results from rankings: their products and variants, of one selection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.catalogue.product_cache import ProductCache
from app.core.arrays import Rows
from app.gallery.selection import Selection
from app.index.first_stage.groups import Groups
from app.products.product import Product
from app.products.variants import Variants
from app.search.listing.pins import find_pinned, place_pinned, without_pinned
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
        pinned = [
            find_pinned(ranking, query.pins, self.selection, self.products, self.groups)
            for ranking, query in zip(rankings, queries, strict=True)
        ]
        others = [without_pinned(*pair, self.groups) for pair in zip(rankings, pinned, strict=True)]
        counts = [query.reach + (query.own is not None) for query in queries]
        products = self._read_nearest(others, counts)
        ranked = [ranking.top_k(products, n, self.groups) for ranking, n in zip(others, counts, strict=True)]
        return [
            place_pinned([row for row in rows if row.product.product_id != query.own], pins)[: query.reach]
            for rows, pins, query in zip(ranked, pinned, queries, strict=True)
        ]

    def _read_nearest(self, rankings: Sequence[Ranking], counts: Sequence[int]) -> dict[int, Product]:
        """Read the products, by revision, that can be among the nearest of a ranking."""
        revisions = {
            revision
            for ranking, count in zip(rankings, counts, strict=True)
            for revision in ranking.top_k_with_ties(count, self.groups)
        }
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
        return members if passing.is_everything or not len(self.groups) else members[passing.among(members)]


def is_any_in_stock(products: Sequence[Product]) -> bool:
    """Return whether any product is not out of stock. An unknown availability counts as in stock."""
    return any(product.availability != "out_of_stock" for product in products)
