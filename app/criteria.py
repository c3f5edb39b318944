"""How a shopper narrows a search down to some of the products."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from app.names import category_path, color_names, key_of, spaced


@dataclass(frozen=True)
class Filters:
    """What results must have; None or nothing leaves a property open. A product without one fails every filter of it.

    A category matches itself and everything below it: "shoes" matches "Shoes > Boots". A product of any of the colours
    passes; "red" matches "Black/Red", and "red/black" what has both. Of brands, genders and sizes, and of attributes of
    one name, any passes; attributes of several names must all be there. Prices are inclusive, and compared as numbers
    unless a currency is given, in which they then are. With `in_stock`, what is out of stock fails; a product that
    nothing is known of passes. Case never matters. Raises ValueError for what nothing can have.
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
        pairs = tuple((spaced(name).lower(), value) for name, value in self.attributes)
        object.__setattr__(self, "attributes", pairs)
        for name, price in (("min_price", self.min_price), ("max_price", self.max_price)):
            if price is not None and not (price.is_finite() and price >= 0):
                raise ValueError(f"{name} is {price}: expected a number from 0")
        if self.category is not None and category_path(self.category) is None:
            raise ValueError(f"category is {self.category!r}: expected a path such as 'Shoes > Boots'")
        if nameless := [color for color in self.colors if not color_names(color)]:
            raise ValueError(f"color is {nameless[0]!r}: expected a name such as 'red'")
        for name, values in self.wanted().items():
            if not name or not all(map(spaced, values)):
                found = f"{name or 'attribute'} is {', '.join(map(repr, values))}"
                raise ValueError(f"{found}: expected a name and a value, such as 'material' and 'leather'")
        if self.currency is not None and not self.currency.strip():
            raise ValueError(f"currency is {self.currency!r}: expected a code such as 'EUR'")

    @property
    def is_open(self) -> bool:
        """Whether every product passes."""
        return self == Filters()

    @property
    def single_trait(self) -> tuple[str, str] | None:
        """Name and key of the trait that these filters ask for, where they ask for one value of it and nothing else."""
        asked = [("color", names) for names in map(color_names, self.colors)]
        asked += [(name, [value]) for name, values in self.wanted().items() for value in values]
        plain = replace(self, colors=(), brands=(), genders=(), sizes=(), attributes=())
        if len(asked) != 1 or len(asked[0][1]) != 1 or not plain.is_open:
            return None
        (name, (value,)), *_ = asked
        return name, key_of(value)

    def wanted(self) -> dict[str, list[str]]:
        """Values of traits but colour, any of which passes, by the trait's name."""
        wanted = {"brand": [*self.brands], "gender": [*self.genders], "size": [*self.sizes]}
        for name, value in self.attributes:
            wanted.setdefault(name, []).append(value)
        return {name: values for name, values in wanted.items() if values}
