"""The line drawings by kind: complete in every language, and drawn on one square."""

from __future__ import annotations

import re

import pytest

from app.web.examples.kinds import read_kinds
from app.web.languages import read_languages

TABLE = read_kinds()
LANGUAGES = set(read_languages())


def test_there_are_some_thirty() -> None:
    wanted = {"lamp", "sofa", "table", "watch", "glasses", "dress", "shirt", "hat", "bicycle", "guitar", "bag", "boot"}
    assert len(TABLE.kinds) >= 30 and wanted <= set(TABLE.kinds)


@pytest.mark.parametrize("name", sorted(TABLE.kinds))
def test_a_kind_is_named_in_every_language(name: str) -> None:
    kind = TABLE.kinds[name]
    for texts in (kind.label, kind.phrase, kind.words):
        assert set(texts) == LANGUAGES and all(texts.values())


@pytest.mark.parametrize("name", sorted(TABLE.kinds))
def test_its_strokes_lie_on_the_paper(name: str) -> None:
    paths = TABLE.kinds[name].paths
    assert 2 <= len(paths) <= 12
    for path in paths:
        assert re.fullmatch(r"M[\d. ]+(?:[LC][\d. ]+)+", path)
        assert all(0 <= float(number) <= 120 for number in re.findall(r"[\d.]+", path))


@pytest.mark.parametrize("name", sorted(TABLE.families))
def test_the_members_of_a_family_are_kinds(name: str) -> None:
    family = TABLE.families[name]
    assert set(family.members) <= set(TABLE.kinds) and set(family.words) == LANGUAGES
    assert family.phrase is None or set(family.phrase) == LANGUAGES


def test_no_name_is_that_of_a_kind_and_of_a_family() -> None:
    assert not set(TABLE.kinds) & set(TABLE.families)
