"""Choice of the page's examples, and of the words for what to draw, from the categories of a gallery."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest

from app.web.examples.category_words import CategoryWords
from app.web.examples.kinds import Family, Kind, KindTable

MOST_EXAMPLES = 8
_MOST_PHRASES = 3  # in "draw a shoe, a chair or a bag"


def choose_kinds(table: KindTable, words: CategoryWords, categories: Mapping[str, int]) -> list[Kind]:
    """Return the kinds that a gallery sells, at most MOST_EXAMPLES, those of one family together.

    `categories` has the products in and below each category. The families with the most products come first and all
    have a part of the examples; a category that is not recognised has none.
    """
    counts: dict[str, float] = {}
    for category, count in _count_own(categories).items():
        names = words.find_kinds(category)
        for name in names:
            counts[name] = counts.get(name, 0) + count / len(names)
    ranked = sorted(counts, key=lambda name: -counts[name])  # stable: equal counts keep the order of paths
    groups: dict[str, list[Kind]] = {}
    for name in ranked:
        groups.setdefault(_group_of(table, table.kinds[name]), []).append(table.kinds[name])
    order = sorted(groups, key=lambda group: -sum(counts[kind.name] for kind in groups[group]))
    rounds = zip_longest(*(groups[group] for group in order))
    chosen = [kind for turn in rounds for kind in turn if kind is not None][:MOST_EXAMPLES]
    return [kind for group in order for kind in groups[group] if kind in chosen]


def phrases_of(table: KindTable, kinds: Sequence[Kind], language: str) -> list[str]:
    """Return what to draw: "a boot" for one kind of a family, "a shoe" for several, and at most three in all."""
    families = [table.family_of(kind) for kind in kinds]
    phrases = [_phrase_of(kind, family, families, language) for kind, family in zip(kinds, families, strict=True)]
    return list(dict.fromkeys(phrases))[:_MOST_PHRASES]


def _count_own(categories: Mapping[str, int]) -> dict[str, int]:
    """Return the products of each category without those below it, since an ancestor may name what nobody sells."""
    own = {category.casefold(): count for category, count in categories.items()}
    for category, count in categories.items():
        parent = category.casefold().rpartition(" > ")[0]
        if parent in own:
            own[parent] -= count
    return {category: count for category, count in own.items() if count > 0}


def _phrase_of(kind: Kind, family: Family | None, families: Iterable[Family | None], language: str) -> str:
    shared = sum(other is family for other in families) > 1
    return family.phrase[language] if family and family.phrase and shared else kind.phrase[language]


def _group_of(table: KindTable, kind: Kind) -> str:
    """Return the name of a kind's family, or of the kind itself if it has none."""
    family = table.family_of(kind)
    return next((name for name, other in table.families.items() if other is family), kind.name)
