"""The JSON of categories, colours, other traits and prices with their counts."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, Field

from app.catalogue.facets import Facets


class CategoryCount(BaseModel):
    """A category and how many products are in and below it."""

    category: str
    count: int


class CategoryList(BaseModel):
    """All categories, ancestors included."""

    categories: list[CategoryCount]

    @staticmethod
    def of(counts: Mapping[str, int]) -> CategoryList:
        """Counts of categories as clients see them."""
        return CategoryList(categories=[CategoryCount(category=name, count=count) for name, count in counts.items()])


class ColorCount(BaseModel):
    """A colour and how many products have it; a "Black/Red" one has both."""

    color: str
    count: int


class BrandCount(BaseModel):
    """A brand and how many products are of it."""

    brand: str
    count: int


class GenderCount(BaseModel):
    """For whom products are, and how many are for them."""

    gender: str
    count: int


class SizeCount(BaseModel):
    """A size and how many products have it."""

    size: str
    count: int


class ValueCount(BaseModel):
    """A value of an attribute and how many products have it."""

    value: str
    count: int


class AttributeCounts(BaseModel):
    """An attribute and its values, in their order; where there are more than 100, the most frequent ones."""

    name: str
    values: list[ValueCount]


class PriceCount(BaseModel):
    """The prices in one currency, and how many products have one."""

    currency: str | None = Field(description="ISO 4217 code; null where the feed gave none")
    min: float
    max: float
    count: int


class FacetsResponse(BaseModel):
    """What products there are. Each list is counted with all filters but its own: what it could be instead."""

    size: int = Field(description="how many products pass all filters")
    categories: list[CategoryCount] = Field(description="ancestors included, in the order of paths")
    colors: list[ColorCount] = Field(description="in the order of names")
    brands: list[BrandCount] = Field(description="in the order of names, as are the others")
    genders: list[GenderCount]
    sizes: list[SizeCount]
    attributes: list[AttributeCounts]
    in_stock: int = Field(description="how many of them are not out of stock")
    prices: list[PriceCount]

    @staticmethod
    def of(facets: Facets) -> FacetsResponse:
        """Facets as clients see them."""
        return FacetsResponse(
            size=facets.size,
            categories=CategoryList.of(facets.categories).categories,
            colors=[ColorCount(color=name, count=count) for name, count in facets.colors.items()],
            brands=[BrandCount(brand=name, count=count) for name, count in facets.brands.items()],
            genders=[GenderCount(gender=name, count=count) for name, count in facets.genders.items()],
            sizes=[SizeCount(size=name, count=count) for name, count in facets.sizes.items()],
            attributes=[_values(name, values) for name, values in facets.attributes.items()],
            in_stock=facets.in_stock,
            prices=[
                PriceCount(currency=each.currency, min=float(each.lowest), max=float(each.highest), count=each.count)
                for each in facets.prices
            ],
        )


def _values(name: str, counts: Mapping[str, int]) -> AttributeCounts:
    return AttributeCounts(name=name, values=[ValueCount(value=value, count=count) for value, count in counts.items()])
