"""Examples that follow the categories of a catalogue."""

from __future__ import annotations

from typing import cast

import pytest

from app.catalogue.catalogue import Catalogue
from app.web.examples.gallery_examples import GalleryExamples


class Counted:
    """Catalogue that counts how often its categories are counted."""

    def __init__(self, categories: dict[str, int]) -> None:
        self.products, self.changes, self.count = categories, 1, 0

    def revision(self) -> int:
        return self.changes

    def categories(self) -> dict[str, int]:
        self.count += 1
        return self.products


def names(examples: GalleryExamples) -> list[str]:
    return [kind.name for kind in examples.kinds]


def test_they_are_chosen_again_after_a_change_and_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("app.web.examples.gallery_examples.time.monotonic", lambda: now)
    catalogue, examples = Counted({"Hats": 5}), GalleryExamples()

    def refresh() -> None:
        examples.refresh(cast(Catalogue, catalogue))

    assert examples.kinds == [] and examples.phrases("en") == []
    refresh()
    assert names(examples) == ["hat"] and examples.phrases("en") == ["a hat"]
    catalogue.products, catalogue.changes = {"Guitars": 5}, 2
    refresh()
    assert names(examples) == ["hat"]
    now += 61
    refresh()
    assert names(examples) == ["guitar"]
    now += 61
    refresh()
    assert catalogue.count == 2  # nothing has changed


def test_a_shop_that_names_them_is_not_counted() -> None:
    catalogue, examples = Counted({"Hats": 5}), GalleryExamples(["lamp", "vase"])
    examples.refresh(cast(Catalogue, catalogue))
    assert names(examples) == ["lamp", "vase"] and catalogue.count == 0
