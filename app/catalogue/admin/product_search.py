"""Search for products by an operator: by words, or by the beginning of an id, in the order of ids."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, or_, select

from app.catalogue.catalogue import Catalogue
from app.catalogue.catalogue_view import CatalogueView
from app.database.filter_conditions import LIVE_BY_KEY, where_clauses
from app.database.rows import PRODUCT_COLUMNS
from app.database.tables import products as _products
from app.database.word_index.lookup import resolve_words
from app.products.filters import Filters
from app.products.product import Product
from app.words.word_query import WordMatch, WordQuery


@dataclass(frozen=True)
class ProductPage:
    """Page of products, in the order of their ids.

    `words` says what became of the words of the text, None without any.
    """

    products: list[Product]
    has_more: bool
    words: WordMatch | None


def find_products(catalogue: Catalogue, query: WordQuery, after: str | None, limit: int) -> ProductPage:
    """Find the products that have all words of a text, as searches find them, or whose ids begin with it.

    An empty text finds all products. At most `limit` are returned, from the first after the id `after`.
    """
    with catalogue.moment() as connection:
        rows = select(*PRODUCT_COLUMNS).where(LIVE_BY_KEY).order_by(_products.c.product_id).limit(limit + 1)
        if after is not None:
            rows = rows.where(_products.c.product_id > after)
        words: WordMatch | None = None
        if text := query.text.strip():
            filters, words = resolve_words(connection, Filters(words=query))
            has_words: ColumnElement[bool] = and_(*where_clauses(filters)) if filters.word_choices else false()
            rows = rows.where(or_(has_words, _products.c.product_id.startswith(text, autoescape=True)))
        found = CatalogueView(connection, None).products_of(rows)
    return ProductPage(found[:limit], len(found) > limit, words)
