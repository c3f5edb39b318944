"""Response bodies of categories and facets."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, Field

from app.api.schemas.queries import WORDS_EXAMPLE, WordsInfo
from app.catalogue.facets import Facets
from app.products.languages.labels import Labels


class CategoryCount(BaseModel):
    """Category and the number of products in and below it."""

    category: str = Field(description="path of the category", examples=["Shoes > Boots"])
    label: str = Field(description="the same path in the language of the answer", examples=["Schuhe > Stiefel"])
    count: int = Field(description="number of products", examples=[16])


class CategoryList(BaseModel):
    """All categories, including ancestors."""

    categories: list[CategoryCount]

    @staticmethod
    def from_counts(counts: Mapping[str, int], labels: Labels) -> CategoryList:
        """Build the response from the counts of categories, with their labels."""
        return CategoryList(
            categories=[
                CategoryCount(category=path, label=labels.category(path), count=count) for path, count in counts.items()
            ]
        )


class ColorCount(BaseModel):
    """Colour and the number of products that have it. A "Black/Red" product has both colours."""

    color: str = Field(description="name of the colour", examples=["black"])
    label: str = Field(description="the same colour in the language of the answer", examples=["schwarz"])
    count: int = Field(description="number of products", examples=[16])


class BrandCount(BaseModel):
    """Brand and the number of its products."""

    brand: str = Field(description="name of the brand", examples=["Acme"])
    count: int = Field(description="number of products", examples=[16])


class GenderCount(BaseModel):
    """Gender and the number of products for it."""

    gender: str = Field(description="gender as feeds have it", examples=["women"])
    count: int = Field(description="number of products", examples=[16])


class SizeCount(BaseModel):
    """Size and the number of products that have it."""

    size: str = Field(description="size as feeds have it", examples=["42"])
    count: int = Field(description="number of products", examples=[16])


class ValueCount(BaseModel):
    """Value of an attribute and the number of products that have it."""

    value: str = Field(description="value of the attribute", examples=["leather"])
    count: int = Field(description="number of products", examples=[16])


class AttributeCounts(BaseModel):
    """Attribute and its values in their order, at most the 100 most frequent ones."""

    name: str = Field(description="name of the attribute", examples=["material"])
    values: list[ValueCount]


class PriceCount(BaseModel):
    """Price range in one currency, and the number of products that have such a price."""

    currency: str | None = Field(description="ISO 4217 code; null if the feed has none", examples=["EUR"])
    min: float = Field(description="lowest price", examples=[14.99])
    max: float = Field(description="highest price", examples=[223.9])
    count: int = Field(description="number of products with a price in this currency", examples=[16])


class FacetsResponse(BaseModel):
    """Values of all filters. Each list is counted with all filters but its own, and so shows the alternatives.

    Variants of one product count as one product, unless `variants=true`.
    """

    size: int = Field(description="number of products that pass all filters", examples=[16])
    categories: list[CategoryCount] = Field(description="categories and their ancestors, sorted by path")
    colors: list[ColorCount] = Field(description="sorted by name")
    brands: list[BrandCount] = Field(description="sorted by name, as are the lists below")
    genders: list[GenderCount]
    sizes: list[SizeCount] = Field(description="in the order of sizes, such as S, M, L, 9, 10, EU 42")
    attributes: list[AttributeCounts]
    in_stock: int = Field(description="number of these products that are not out of stock", examples=[16])
    prices: list[PriceCount]
    words: WordsInfo | None = Field(
        description="what became of the words in `q`; null without any", examples=[WORDS_EXAMPLE, None]
    )

    @staticmethod
    def from_facets(facets: Facets, labels: Labels) -> FacetsResponse:
        """Build the response from the facets of a catalogue, with the labels of values."""
        return FacetsResponse(
            size=facets.size,
            categories=CategoryList.from_counts(facets.categories, labels).categories,
            colors=[
                ColorCount(color=name, label=labels.color(name), count=count) for name, count in facets.colors.items()
            ],
            brands=[BrandCount(brand=name, count=count) for name, count in facets.brands.items()],
            genders=[GenderCount(gender=name, count=count) for name, count in facets.genders.items()],
            sizes=[SizeCount(size=name, count=count) for name, count in facets.sizes.items()],
            attributes=[_count_values(name, values) for name, values in facets.attributes.items()],
            in_stock=facets.in_stock,
            prices=[
                PriceCount(
                    currency=prices.currency, min=float(prices.lowest), max=float(prices.highest), count=prices.count
                )
                for prices in facets.prices
            ],
            words=WordsInfo.from_match(facets.words),
        )


def _count_values(name: str, counts: Mapping[str, int]) -> AttributeCounts:
    return AttributeCounts(name=name, values=[ValueCount(value=value, count=count) for value, count in counts.items()])
