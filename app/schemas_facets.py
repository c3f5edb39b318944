"""The JSON of categories, colours and prices with their counts."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, Field

from app.facets import Facets


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
    prices: list[PriceCount]

    @staticmethod
    def of(facets: Facets) -> FacetsResponse:
        """Facets as clients see them."""
        return FacetsResponse(
            size=facets.size,
            categories=CategoryList.of(facets.categories).categories,
            colors=[ColorCount(color=name, count=count) for name, count in facets.colors.items()],
            prices=[
                PriceCount(currency=each.currency, min=float(each.lowest), max=float(each.highest), count=each.count)
                for each in facets.prices
            ],
        )
