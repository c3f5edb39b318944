"""What the words of a query mean in a catalogue: its own words, other forms of them, beginnings, or typing errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from app.database.sql_lists import is_any_of
from app.database.tables import product_words, word_bigrams, words
from app.database.word_index.conditions import begins_with
from app.products.filters import Filters
from app.words.compounds import ends_of_compound, has_compounds, is_compound_with_end, possible_forms
from app.words.stemming import Language, common_beginning, stem
from app.words.tokens import Token
from app.words.typos import distance, first_bigrams, least_shared, max_typos
from app.words.word_languages import LANGUAGES, OWN, readings
from app.words.word_query import Correction, WordChoice, WordMatch

_LEAST_STEMMED = 3  # letters; shorter words have no other forms
_MOST_CANDIDATES = 1000  # words that are compared with one that is unknown, the most alike first
_MOST_MEANINGS = 5  # of a typing error

_OF_PRODUCT = select(product_words.c.word_id).where(product_words.c.word_id == words.c.id).exists()


def resolve_words(connection: Connection, filters: Filters) -> tuple[Filters, WordMatch | None]:
    """Return the filters with choices of words in place of those that were typed, and what became of these.

    A word that no product has is taken for a typing error of the known words nearest to it. If there are none, it is
    left out. Without words, the match is None.
    """
    if filters.words is None:
        return filters, None
    query, typed = filters.words, filters.words.tokens()
    choices, corrected, dropped = list[WordChoice](), list[Correction](), list[str]()
    for place, token in enumerate(typed, 1):
        is_open = query.is_open and place == len(typed)
        choice = _find_word(connection, token.key, query.language, is_open=is_open)
        if choice is None and (meanings := _find_meanings(connection, token.key, is_open=is_open)):
            choice = WordChoice(token.key, tuple(meaning.key for meaning in meanings))
            corrected.append(Correction(token.spelling, tuple(meaning.spelling for meaning in meanings)))
        if choice is None:
            dropped.append(token.spelling)
        else:
            choices.append(choice)
    match = WordMatch(tuple(choices), tuple(corrected), tuple(dropped))
    return replace(filters, words=None, word_choices=match.choices), match


def _find_word(connection: Connection, key: str, language: Language | None, *, is_open: bool) -> WordChoice | None:
    """Find the words of products with the stem of a word, its compounds, and with `is_open` all that it begins.

    Each word is stemmed by the languages of the texts that have it. `language` is that of texts without one, and of
    compounds. Return None if there are no words.
    """
    keys = tuple(_find_forms(connection, key, language))
    prefix = key if is_open and _is_known(connection, begins_with(key)) else None
    compounds = _find_compounds(connection, key, language, is_known=bool(keys))
    return WordChoice(key, keys, prefix, compounds) if keys or prefix or compounds else None


def _find_compounds(connection: Connection, key: str, language: Language | None, *, is_known: bool) -> tuple[str, ...]:
    """Find the words of products that are compounds of a word: with `is_known`, those that end with it too."""
    if not has_compounds(key, language):
        return ()
    stemmed = stem(key, language)
    candidates = _known_words(connection, words.c.key.contains(stemmed, autoescape=True))
    ends = {
        word: {form for end in ends_of_compound(word, stemmed, language) for form in possible_forms(end, language)}
        for word in candidates
    }
    known = set(_known_words(connection, is_any_of(words.c.key, sorted(set().union(*ends.values())))))
    return tuple(
        word
        for word, own in ends.items()
        if not known.isdisjoint(own) or (is_known and is_compound_with_end(word, stemmed, language))
    )


def _find_forms(connection: Connection, key: str, language: Language | None) -> Iterator[str]:
    """Yield the words of products that are a word, or have its stem in a language of theirs."""
    alike = words.c.key == key
    if len(key) >= _LEAST_STEMMED:
        beginning = min((common_beginning(key, spoken) for spoken in LANGUAGES), key=len)
        alike = or_(alike, and_(words.c.languages > OWN, begins_with(beginning)))
        if language is not None:
            alike = or_(alike, begins_with(common_beginning(key, language)))
    columns = words.c.key, func.coalesce(words.c.languages, OWN)
    for word, bits in connection.execute(select(*columns).where(alike, _OF_PRODUCT).order_by(words.c.key)).all():
        if word == key or any(stem(word, spoken) == stem(key, spoken) for spoken in readings(bits, language)):
            yield word


def _find_meanings(connection: Connection, key: str, *, is_open: bool) -> list[Token]:
    """Find the words of products that a typing error means; with `is_open` also longer ones, if there are no others.

    They are the nearest ones, of these those with the same first letter, and of these the most frequent ones.
    """
    if not (most := max_typos(key)):
        return []
    candidates = _similar_words(connection, key)
    for is_prefix in (False, True) if is_open else (False,):
        distances = {number: distance(key, word.key, is_prefix=is_prefix) for number, word in candidates.items()}
        if (nearest := min(distances.values(), default=most + 1)) <= most:
            alike = {number: candidates[number] for number, count in distances.items() if count == nearest}
            same_letter = {number: word for number, word in alike.items() if word.key[0] == key[0]}
            return _most_frequent(connection, same_letter or alike)
    return []


def _similar_words(connection: Connection, key: str) -> dict[int, Token]:
    """Return the words of products, by id, that have enough of a word's bigrams to be meant by it."""
    shared, number = func.count(), word_bigrams.c.word_id
    having = select(number).where(is_any_of(word_bigrams.c.bigram, sorted(first_bigrams(key)))).group_by(number)
    having = having.having(shared >= least_shared(key)).order_by(shared.desc(), number).limit(_MOST_CANDIDATES)
    query = select(words.c.id, words.c.key, words.c.spelling).where(words.c.id.in_(having), _OF_PRODUCT)
    return {row.id: Token(row.key, row.spelling) for row in connection.execute(query)}


def _most_frequent(connection: Connection, alike: dict[int, Token]) -> list[Token]:
    number = product_words.c.word_id
    query = select(number, func.count()).where(is_any_of(number, list(alike))).group_by(number)
    counts = {row[0]: row[1] for row in connection.execute(query)}
    order = sorted(alike, key=lambda number: (-counts[number], alike[number].key))
    return [alike[number] for number in order[:_MOST_MEANINGS]]


def _known_words(connection: Connection, condition: ColumnElement[bool]) -> Sequence[str]:
    return connection.execute(select(words.c.key).where(condition, _OF_PRODUCT).order_by(words.c.key)).scalars().all()


def _is_known(connection: Connection, condition: ColumnElement[bool]) -> bool:
    return connection.execute(select(words.c.id).where(condition, _OF_PRODUCT).limit(1)).first() is not None
