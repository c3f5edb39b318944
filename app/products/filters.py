"""How a shopper narrows a search down to some of the products."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from app.core.error_text import cut, truncate
from app.products.text_keys import category_path, collapse_spaces, color_names, comparison_key, size_names


@dataclass(frozen=True)
class Filters:
    """What results must have; None or nothing leaves a property open. A product without one fails every filter of it.

    A category matches itself and everything below it: "shoes" matches "Shoes > Boots". A product of any of the colours
    passes; "red" matches "Black/Red", and "red/black" what has both. Sizes do likewise: "41" matches "41/42". Of brands
    and genders, and of attributes of one name, any passes; attributes of several names must all be there. Prices are
    inclusive, and compared as numbers unless a currency is given, in which they then are. With `in_stock`, what is out
    of stock fails; a product that nothing is known of passes. Case never matters. Raises ValueError for what nothing
    can have.
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

    def __post_init__(self) -> None:
        pairs = tuple((collapse_spaces(name).lower(), value) for name, value in self.attributes)
        object.__setattr__(self, "attributes", pairs)
        for name, price in (("min_price", self.min_price), ("max_price", self.max_price)):
            if price is not None and not (price.is_finite() and price >= 0):
                raise ValueError(f"{name} is {price}: expected a number from 0")
        if self.category is not None and category_path(self.category) is None:
            raise ValueError(f"category is {truncate(self.category)}: expected a path such as 'Shoes > Boots'")
        if nameless := [color for color in self.colors if not color_names(color)]:
            raise ValueError(f"color is {truncate(nameless[0])}: expected a name such as 'red'")
        if nameless := [size for size in self.sizes if not size_names(size)]:
            raise ValueError(f"size is {truncate(nameless[0])}: expected a size such as '41'")
        for name, choices in self.trait_values().items():
            values = [value for choice in choices for value in choice]
            if not name or not all(map(collapse_spaces, values)):
                found = f"{cut(name) or 'attribute'} is {', '.join(map(truncate, values))}"
                raise ValueError(f"{found}: expected a name and a value, such as 'material' and 'leather'")
        if self.currency is not None and not self.currency.strip():
            raise ValueError(f"currency is {truncate(self.currency)}: expected a code such as 'EUR'")

    @property
    def is_empty(self) -> bool:
        """Whether every product passes."""
        return self == Filters()

    @property
    def single_trait(self) -> tuple[str, str] | None:
        """Name and key of the trait that these filters ask for, where they ask for one value of it and nothing else."""
        asked = [(name, choice) for name, choices in self.trait_values().items() for choice in choices]
        plain = replace(self, colors=(), brands=(), genders=(), sizes=(), attributes=())
        if len(asked) != 1 or len(asked[0][1]) != 1 or not plain.is_empty:
            return None
        (name, (value,)), *_ = asked
        return name, comparison_key(value)

    def trait_values(self) -> dict[str, list[list[str]]]:
        """By the name of a trait, choices of values: a product passes with all values of any choice."""
        wanted = {
            "color": [color_names(color) for color in self.colors],
            "brand": [[brand] for brand in self.brands],
            "gender": [[gender] for gender in self.genders],
            "size": [size_names(size) for size in self.sizes],
        }
        for name, value in self.attributes:
            wanted.setdefault(name, []).append([value])
        return {name: choices for name, choices in wanted.items() if choices}
