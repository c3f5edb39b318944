"""Labels: what values of filters, such as categories, are called in a language. Filters take the values themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from app.products.languages.codes import best_languages
from app.products.languages.translations import Translation
from app.products.text_keys import color_names, comparison_key

CATEGORY, COLOR = "category", "color"
_STEP = " > "


class Label(NamedTuple):
    """Text that a value has in a language. Its key is the one by which values are compared."""

    name: str  # CATEGORY or COLOR
    key: str
    language: str
    text: str


@dataclass(frozen=True)
class Labels:
    """Labels in one language. A value without a label is its own."""

    texts: Mapping[tuple[str, str], str] = field(default_factory=dict)  # by name and key

    def category(self, path: str) -> str:
        """Return the label of a category, whose steps without labels keep their names."""
        label = self.texts.get((CATEGORY, comparison_key(path)))
        above, step, name = path.rpartition(_STEP)
        return label or f"{self.category(above)}{step}{name}" if above else label or path

    def color(self, name: str) -> str:
        """Return the label of a colour."""
        return self.texts.get((COLOR, comparison_key(name)), name)

    def colors(self, names: Iterable[str]) -> list[str]:
        """Return the labels of colours, in their order."""
        return [self.color(name) for name in names]


NO_LABELS = Labels()


def best_labels(labels: Iterable[Label], wanted: str) -> Labels:
    """Return the labels in the best languages for a wanted one. Of several, the one that sorts first."""
    known = list(labels)
    order = best_languages({label.language for label in known}, wanted)
    alike = [label for label in known if label.language in order]
    best = sorted(alike, key=lambda label: (order.index(label.language), label.text), reverse=True)
    return Labels({(label.name, label.key): label.text for label in best})


def find_labels(category: str | None, color: str | None, translations: Iterable[Translation]) -> set[Label]:
    """Return the labels that a product's translations give to its category, all categories above, and its colours.

    Texts with another number of steps or colours say nothing of single ones.
    """
    values = {CATEGORY: (category or "").split(_STEP), COLOR: color_names(color)}
    labels = set[Label]()
    for language, name, text in translations:
        if name == COLOR:
            labels |= _pair(name, language, values[name], color_names(text))
        elif name == CATEGORY and category:
            paths, texts = _paths(values[name]), _paths(text.split(_STEP))
            labels |= _pair(name, language, paths, texts) or {Label(name, comparison_key(category), language, text)}
    return labels


def _pair(name: str, language: str, values: list[str], texts: list[str]) -> set[Label]:
    """Return the labels of values by their places, none if there are not as many texts."""
    if len(values) != len(texts):
        return set()
    return {Label(name, comparison_key(value), language, text) for value, text in zip(values, texts, strict=True)}


def _paths(steps: list[str]) -> list[str]:
    """Return a category path and all above it, as paths."""
    return [_STEP.join(steps[: n + 1]) for n in range(len(steps))]
