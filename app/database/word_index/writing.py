"""Writing of products' words and labels, in the transaction that writes the products."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from app.database.labels.writing import insert_labels, remove_labels
from app.database.rows import chunks
from app.database.sql_lists import is_any_of
from app.database.tables import product_words, products, word_bigrams, words
from app.products.product import Product
from app.products.product_words import words_of
from app.words.tokens import Token
from app.words.typos import bigrams, can_be_meant
from app.words.word_languages import OWN


def insert_words(connection: Connection, new: Sequence[Product]) -> None:
    """Insert the words and labels of products, whose revisions are those of their texts too."""
    words_by_product = [(product.revision, words_of(product)) for product in new]
    tokens, languages = set[Token](), defaultdict[str, int](int)
    for _, uses in words_by_product:
        tokens |= uses.keys()
        for token, use in uses.items():
            languages[token.key] |= use.languages
    ids = _claim_ids(connection, tokens, languages)
    rows = [
        {"word_id": ids[token.key], "text_revision": revision, "place": use.place}
        for revision, uses in words_by_product
        for token, use in uses.items()
    ]
    if rows:
        connection.execute(insert(product_words), rows)
    insert_labels(connection, new)


def replace_words(connection: Connection, changed: Sequence[Product]) -> None:
    """Replace the words of live products whose rows have their new texts and revisions already."""
    for chunk in chunks(product.product_id for product in changed):
        remove_words(connection, chunk)
        its_own = update(products).where(is_any_of(products.c.product_id, chunk))
        connection.execute(its_own.values(text_revision=products.c.revision))
    insert_words(connection, changed)


def remove_words(connection: Connection, product_ids: Sequence[str]) -> None:
    """Delete the words and labels of products, of which there must be few enough for one statement."""
    revisions = select(products.c.text_revision).where(is_any_of(products.c.product_id, product_ids))
    connection.execute(delete(product_words).where(product_words.c.text_revision.in_(revisions)))
    remove_labels(connection, product_ids)


def remove_unused_words(connection: Connection) -> None:
    """Delete the words that no product has any more."""
    used = select(product_words.c.word_id).where(product_words.c.word_id == words.c.id)
    connection.execute(delete(words).where(~used.exists()))
    known = select(words.c.id).where(words.c.id == word_bigrams.c.word_id)
    connection.execute(delete(word_bigrams).where(~known.exists()))


def _claim_ids(connection: Connection, wanted: Collection[Token], languages: Mapping[str, int]) -> dict[str, int]:
    """Return the ids of words by key, after adding the words that are missing, and languages by key."""
    ids: dict[str, int] = {}
    more: list[dict[str, int]] = []
    for chunk in chunks(token.key for token in wanted):
        columns = words.c.key, words.c.id, func.coalesce(words.c.languages, OWN)
        for key, number, bits in connection.execute(select(*columns).where(is_any_of(words.c.key, chunk))):
            ids[key] = number
            if bits | languages[key] != bits:
                more.append({"number": number, "bits": bits | languages[key]})
    if more:
        widen = update(words).where(words.c.id == bindparam("number")).values(languages=bindparam("bits"))
        connection.execute(widen, more)
    spellings = {token.key: token.spelling for token in sorted(wanted, reverse=True) if token.key not in ids}
    if spellings:
        last = connection.execute(select(func.coalesce(func.max(words.c.id), 0))).scalar_one()
        new = {key: number for number, key in enumerate(sorted(spellings), last + 1)}
        rows = [
            {"id": number, "key": key, "spelling": spellings[key], "languages": languages[key]}
            for key, number in new.items()
        ]
        connection.execute(insert(words), rows)
        _insert_bigrams(connection, new)
        ids |= new
    return ids


def _insert_bigrams(connection: Connection, new: dict[str, int]) -> None:
    rows = [
        {"bigram": bigram, "word_id": number}
        for key, number in new.items()
        if can_be_meant(key)
        for bigram in bigrams(key)
    ]
    if rows:
        connection.execute(insert(word_bigrams), rows)
