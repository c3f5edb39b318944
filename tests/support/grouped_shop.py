"""Random shops of shoes in several sizes and colours, with what a plain loop over all products answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from app.products.filters import Filters
from app.products.product import Photo, Product
from tests.support.small_galleries import DIM, small_checkpoint

FILTERS = [
    Filters(),
    Filters(sizes=("EU 42",)),
    Filters(sizes=("42",), in_stock=True),
    Filters(max_price=Decimal(20), in_stock=True),
    Filters("Shoes > Boots", colors=("red",)),
    Filters("shoes", Decimal(15), Decimal(30), currency="EUR", genders=("Women",)),
    Filters(brands=("acme",), genders=("men", "women"), sizes=("9", "10")),
]


def passes(product: Product, filters: Filters) -> bool:
    """Whether a product passes filters of the kinds in FILTERS."""
    category, wanted = (product.category or "").lower(), (filters.category or "").lower()
    choices = [(filters.colors, product.color), (filters.brands, product.brand), (filters.genders, product.gender)]
    price = Decimal(-1) if product.price is None else product.price
    return (
        (not wanted or category == wanted or category.startswith(f"{wanted} > "))
        and all(not values or str(own).lower() in map(str.lower, values) for values, own in choices)
        and (not filters.sizes or bool(set(filters.sizes) & set(product.sizes)))
        and (filters.currency in (None, product.currency))
        and (filters.min_price is None or price >= filters.min_price)
        and (filters.max_price is None or 0 <= price <= filters.max_price)
        and not (filters.in_stock and product.availability == "out_of_stock")
    )


@dataclass
class GroupedShop:
    """Products with the embeddings (P,D) of their photos, by id."""

    products: dict[str, Product]
    embeddings: dict[str, NDArray[np.float32]]

    def put(self, products: Sequence[Product], random: np.random.Generator) -> NDArray[np.float32]:
        """Add products; return the embeddings of all of their photos, equal for photos of equal content."""
        for product in products:
            sources = [photo.source for photo in product.photos]
            rows = [np.random.default_rng(int(source)).standard_normal(DIM) for source in sources]
            self.products[product.product_id] = product
            self.embeddings[product.product_id] = np.asarray(rows or [random.standard_normal(DIM)], np.float32)
        return np.concatenate([self.embeddings[product.product_id] for product in products])

    def distances(self, sketch: NDArray[np.float32]) -> dict[str, float]:
        """Return the distance of each product by the definition of HOLEF in float64."""
        weight = small_checkpoint().network.distance.weight.double().numpy()  # type: ignore[operator]
        s = sketch.astype(np.float64)
        return {
            name: min(float((weight * (s[:, None] - p[None, :]) ** 2).sum()) for p in photos.astype(np.float64))
            for name, photos in self.embeddings.items()
        }

    def nearest(
        self, sketch: NDArray[np.float32], k: int, filters: Filters, group_of: Callable[[Product], object]
    ) -> list[str]:
        """Return the ids of the nearest passing product of each of the k nearest groups."""
        distances = self.distances(sketch)
        groups: dict[object, str] = {}
        for name in sorted(self.products, key=lambda name: (distances[name], name)):
            if passes(self.products[name], filters):
                groups.setdefault(group_of(self.products[name]), name)
        return list(groups.values())[:k]


def by_id(product: Product) -> object:
    return ("id", product.group_id) if product.group_id else product.product_id


def by_photo(product: Product) -> object:
    return by_id(product) if product.group_id or not product.photos else ("photo", product.photos[0].source)


def singly(product: Product) -> object:
    return product.product_id


def random_products(random: np.random.Generator, count: int, *, has_ties: bool = True) -> list[Product]:
    """Draw products: many in groups, some with several photos or none, with ties some with photos of others."""
    return [_random_product(random, f"p{number:03}", has_ties=has_ties) for number in random.permutation(count)]


def _random_product(random: np.random.Generator, name: str, *, has_ties: bool) -> Product:
    group = int(random.integers(12))
    sources = random.choice(60, size=int(random.integers(4)), replace=False)
    if group < 4:  # sizes of one shoe share its photos
        sources = np.array([100 + group, 200 + group])
    if not has_ties:
        sources = random.integers(2**40, size=len(sources))
    product = Product(
        name,
        f"Shoe {name}",
        category=str(random.choice(["Shoes > Boots", "shoes > boots", "Shoes", "Bags"])),
        price=None if random.random() < 0.2 else Decimal(int(random.integers(10, 40))),
        currency="EUR" if random.random() < 0.5 else "USD",
        color=str(random.choice(["red", "Red", "black"])),
        brand=str(random.choice(["Acme", "ACME", "Other"])),
        gender=str(random.choice(["men", "women"])),
        size=str(random.choice(["41", "42", "9", "10"])),
        size_system="EU" if random.random() < 0.4 else None,
        availability=str(random.choice(["in_stock", "out_of_stock"])),
        group_id=f"g{group}" if group < 9 else None,
        photos=tuple(Photo(f"{source:064}", f"{source}") for source in sources),
    )
    return product if random.random() < 0.9 else replace(product, group_id=None)
