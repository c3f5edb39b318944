"""Required words as SQL conditions, and how well products have them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from app.database.sql_lists import is_any_of
from app.database.tables import product_words, products, words
from app.words.word_query import WordChoice

_LAST = "\U0010ffff"  # sorts after all other characters
_COMPOUND = 8  # half places: more than any other word is away from the best one


def begins_with(beginning: str) -> ColumnElement[bool]:
    """Return the condition that a word begins with a text, in a form for which both databases use the index."""
    return and_(words.c.key >= beginning, words.c.key < beginning + _LAST)


def has_word(choice: WordChoice) -> ColumnElement[bool]:
    """Return the condition that a product has a required word."""
    chosen = select(words.c.id).where(_is_chosen(choice))
    revisions = select(product_words.c.text_revision).where(product_words.c.word_id.in_(chosen))
    return products.c.text_revision.in_(revisions)


def measure_word(connection: Connection, choice: WordChoice) -> dict[int, float]:
    """Return by revision how far each product with a required word is from having it best.

    That is the most telling place of the word in the product, 0 for the title, and half a place more for a word that is
    not the one that was typed, or four places more for a compound.
    """
    detour = case((words.c.key == choice.typed, 0), (_is_word(choice), 1), else_=_COMPOUND)
    half_places = 2 * product_words.c.place + detour
    joined = words.join(product_words, product_words.c.word_id == words.c.id)
    joined = joined.join(products, products.c.text_revision == product_words.c.text_revision)
    query = select(products.c.revision, func.min(half_places)).select_from(joined).where(_is_chosen(choice))
    return {revision: least / 2 for revision, least in connection.execute(query.group_by(products.c.revision))}


def _is_chosen(choice: WordChoice) -> ColumnElement[bool]:
    return or_(_is_word(choice), is_any_of(words.c.key, choice.compounds)) if choice.compounds else _is_word(choice)


def _is_word(choice: WordChoice) -> ColumnElement[bool]:
    conditions = [is_any_of(words.c.key, choice.keys)]
    if choice.prefix is not None:
        conditions.append(begins_with(choice.prefix))
    return or_(*conditions)
