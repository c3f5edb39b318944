"""Filters of a search by properties of products."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from app.core.error_text import cut, truncate
from app.products.conditions import Condition
from app.products.sizes import size_names
from app.products.text_keys import category_path, collapse_spaces, color_names, comparison_key
from app.words.word_query import WordChoice, WordQuery


@dataclass(frozen=True)
class Filters:
    """Required properties of results. None or an empty tuple does not filter by a property.

    A product without a property fails every filter of it. Case never matters.

    A category matches itself and everything below it: "shoes" matches "Shoes > Boots". Any of the colours is enough:
    "red" matches "Black/Red", and "red/black" requires both colours. Sizes work alike: "41" matches "41/42". Any of the
    brands, of the genders, and of an attribute's values is enough, but all named attributes are required. Prices are
    inclusive. With a currency only prices in it pass; without one, prices are compared as plain numbers. `in_stock`
    excludes products that are out of stock, but not those of unknown availability. All words are required. `words` has
    them as they were typed; the catalogue puts `word_choices` in their place. Products that meet any of the conditions
    `hidden` are excluded.

    Raises ValueError for a value that no product can have.
    """

    category: str | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    colors: tuple[str, ...] = ()
    currency: str | None = None
    brands: tuple[str, ...] = ()
    genders: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()  # name and value
    in_stock: bool = False
    words: WordQuery | None = None
    word_choices: tuple[WordChoice, ...] = ()
    hidden: tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        pairs = tuple((collapse_spaces(name).lower(), value) for name, value in self.attributes)
        object.__setattr__(self, "attributes", pairs)
        for name, price in (("min_price", self.min_price), ("max_price", self.max_price)):
            if price is not None and not (price.is_finite() and price >= 0):
                raise ValueError(f"{name} is {price}: expected a number from 0")
        if self.category is not None and category_path(self.category) is None:
            raise ValueError(f"category is {truncate(self.category)}: expected a path such as 'Furniture > Chairs'")
        if nameless := [color for color in self.colors if not color_names(color)]:
            raise ValueError(f"color is {truncate(nameless[0])}: expected a name such as 'red'")
        if nameless := [size for size in self.sizes if not size_names(size)]:
            raise ValueError(f"size is {truncate(nameless[0])}: expected a size such as '41'")
        for name, choices in self.trait_values().items():
            values = [value for choice in choices for value in choice]
            if not name or not all(map(collapse_spaces, values)):
                problem = f"{cut(name) or 'attribute'} is {', '.join(map(truncate, values))}"
                raise ValueError(f"{problem}: expected a name and a value, such as 'material' and 'leather'")
        if self.currency is not None and not self.currency.strip():
            raise ValueError(f"currency is {truncate(self.currency)}: expected a code such as 'EUR'")

    @property
    def is_empty(self) -> bool:
        """Whether the filters let every product pass."""
        return self == Filters()

    @property
    def single_trait(self) -> tuple[str, str] | None:
        """The name and key of the one trait value that these filters require, None if they require anything else."""
        required = [(name, choice) for name, choices in self.trait_values().items() for choice in choices]
        plain = replace(self, colors=(), brands=(), genders=(), sizes=(), attributes=())
        if len(required) != 1 or len(required[0][1]) != 1 or not plain.is_empty:
            return None
        (name, (value,)), *_ = required
        return name, comparison_key(value)

    def trait_values(self) -> dict[str, list[list[str]]]:
        """Return the choices of values by trait. A product passes if it has all values of one choice."""
        choices_by_trait = {
            "color": [color_names(color) for color in self.colors],
            "brand": [[brand] for brand in self.brands],
            "gender": [[gender] for gender in self.genders],
            "size": [size_names(size) for size in self.sizes],
        }
        for name, value in self.attributes:
            choices_by_trait.setdefault(name, []).append([value])
        return {name: choices for name, choices in choices_by_trait.items() if choices}
