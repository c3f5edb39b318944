"""Response bodies of searches."""

from __future__ import annotations

from pydantic import BaseModel, Field

from app.api.schemas.products import ProductSummary, summarise
from app.api.schemas.queries import OBJECT_EXAMPLE, WORDS_EXAMPLE, ObjectInfo, WordsInfo
from app.api.schemas.rules import EXPLANATION, ExplanationInfo
from app.core.error_text import cut
from app.products.variants import VariantPrices as PriceRange
from app.search.results import Explanation, QueryKind, Result, SearchResult

_MOST_DESCRIPTION = 300  # characters: answers while drawing should stay small; the product itself has all of it


class VariantPrices(BaseModel):
    """Range of the prices of variants in one currency."""

    currency: str | None = Field(description="ISO 4217 code; null if the feed has none", examples=["EUR"])
    min: float = Field(description="lowest price", examples=[59.9])
    max: float = Field(description="highest price", examples=[64.9])
    regular: float | None = Field(
        description="lowest regular price of the variants at the lowest price; null unless all of these are on sale",
        examples=[79.9],
    )

    @staticmethod
    def from_range(prices: PriceRange) -> VariantPrices:
        """Build the response from the range of prices in one currency."""
        regular = None if prices.regular is None else float(prices.regular)
        return VariantPrices(
            currency=prices.currency, min=float(prices.lowest), max=float(prices.highest), regular=regular
        )


class ResultInfo(ProductSummary):
    """Product in the results of a search: of variants the nearest one that passes the filters.

    The fields from `group_id` to `availability` are of all variants, also of those that the filters exclude. With
    `variants=true`, and for a product without variants, they are of the product alone.
    """

    group_id: str | None = Field(description="common to the variants; null if the feed has none", examples=["boot-g7"])
    variants: int = Field(description="number of variants, 1 for a product without any", examples=[8])
    sizes: list[str] = Field(description="such as 'EU 42', in the order of sizes", examples=[["EU 41", "EU 42"]])
    colors: list[str] = Field(description="sorted by name", examples=[["black", "red"]])
    color_labels: list[str] = Field(
        description="the same colours in the language of the answer", examples=[["schwarz", "rot"]]
    )
    prices: list[VariantPrices] = Field(description="lowest and highest price in each currency, sorted by currency")
    availability: str | None = Field(
        description="the best of all variants: in_stock, preorder, backorder, null if unknown, out_of_stock",
        examples=["in_stock"],
    )
    in_stock: bool = Field(
        description="false if all variants that pass the filters are out of stock; unknown availability counts as true",
        examples=[True],
    )
    description: str | None = Field(
        description=f"text for people; at most {_MOST_DESCRIPTION} characters, the last one is … if it was cut",
        examples=["Ankle boot with a zip"],
    )
    rank: int = Field(description="position in the list, over all pages; 1 is the first", examples=[1])
    distance: float = Field(
        description="smaller is nearer; comparable within one answer only. Of words alone, 0 if the title has all",
        examples=[1.83],
    )

    explanation: ExplanationInfo | None = Field(
        description="with explain=true, the rules that acted on the result; else null", examples=[EXPLANATION, None]
    )

    @staticmethod
    def from_result(
        result: Result, rank: int, explanation: Explanation | None = None, lang: str | None = None
    ) -> ResultInfo:
        """Build the response from a result, its rank, its explanation if asked for, and a language."""
        product, variants, description = result.product, result.variants, result.product.text("description", lang)
        return ResultInfo(
            **summarise(product, result.photo, lang),
            group_id=variants.group_id,
            variants=variants.count,
            sizes=variants.sizes,
            colors=variants.colors,
            color_labels=variants.color_labels(lang),
            prices=[VariantPrices.from_range(prices) for prices in variants.prices],
            availability=variants.availability,
            in_stock=result.in_stock,
            description=description and cut(description, _MOST_DESCRIPTION),
            rank=rank,
            distance=result.distance,
            explanation=explanation and ExplanationInfo.from_explanation(explanation),
        )


class GalleryInfo(BaseModel):
    """Size and revision of the searched gallery."""

    size: int = Field(description="number of products in the gallery, regardless of filters", examples=[330])
    revision: int = Field(description="revision of the catalogue; each change increases it", examples=[330])


class SearchResponse(BaseModel):
    """Page of a list of results, nearest first or by price."""

    results: list[ResultInfo]
    gallery: GalleryInfo
    timings_ms: Timings
    kind: QueryKind = Field(
        description="kind of the query: the lines of a sketch, the edges of a product's photo, or words alone",
        examples=["sketch"],
    )
    object: ObjectInfo | None = Field(
        description="what was searched in a photo; null for anything else", examples=[None, OBJECT_EXAMPLE]
    )
    confident: bool = Field(
        description="false if the results are hardly nearer than other products, as for a scribble; for an object that "
        "was guessed in a photo, false unless they are much nearer",
        examples=[True],
    )
    next: str | None = Field(
        description="`cursor` of the next page; null at the end", examples=["AAAYkV3Jx0cQ1mTqv2hXn4bZ8sLr6w", None]
    )

    words: WordsInfo | None = Field(
        description="what became of the words in `q`; null without any", examples=[WORDS_EXAMPLE, None]
    )
    checkpoint: str = Field(
        description="first digits of the SHA-256 of the checkpoint that searched", examples=["0123456789ab"]
    )
    search_id: str | None = Field(
        description="id by which `POST /events` reports on these results; null if nothing is counted, on further pages "
        "of a list, with explain, and for products like another",
        examples=["UEEAASNFZ4mrESIzRFVmd4iqu8zd7v8R", None],
    )

    @staticmethod
    def from_result(result: SearchResult, lang: str | None = None) -> SearchResponse:
        """Build the response from the result of a search, in a language as far as products have texts in it."""
        explanations = result.explanations or [None] * len(result.results)
        explained = enumerate(zip(result.results, explanations, strict=True), result.page.start + 1)
        return SearchResponse(
            results=[ResultInfo.from_result(item, rank, explanation, lang) for rank, (item, explanation) in explained],
            gallery=GalleryInfo(size=result.size, revision=result.revision),
            timings_ms=Timings(**{name: round(duration, 3) for name, duration in result.timings_ms.items()}),
            kind=result.kind,
            object=ObjectInfo.from_object(result.object),
            confident=result.is_confident,
            next=result.next,
            words=WordsInfo.from_match(result.words),
            checkpoint=result.checkpoint,
            search_id=result.ticket,
        )


class Timings(BaseModel):
    """Duration of each stage in milliseconds."""

    preprocess: float = Field(description="the sketch becomes a frame", examples=[2.1])
    embed: float = Field(description="the frame becomes an embedding", examples=[9.4])
    candidates: float = Field(description="search of the index", examples=[1.2])
    rerank: float = Field(description="exact distances of the candidates", examples=[0.8])
    total: float = Field(description="sum of these stages and the wait in the queue", examples=[14.2])
