"""Query parameters that filter products, and their checks against the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from app.api.requests.query_parameters import Lang
from app.asgi.errors import ApiError
from app.catalogue.catalogue import Catalogue
from app.catalogue.facets import Facets
from app.core.error_text import cut, expected_one_of, truncate
from app.products.filters import Filters
from app.products.text_keys import collapse_spaces, color_names
from app.rules.rule import ActiveRules
from app.serving.service import Service
from app.words.stemming import Language
from app.words.word_languages import spoken_language
from app.words.word_query import MOST_CHARACTERS, MOST_WORDS, WordQuery

_MAX_VALUES = 50  # of one parameter; a colour such as "red/black" counts as two
_MAX_TOTAL_VALUES = 100
_MAX_ATTRIBUTE_NAMES = 10  # each name adds a condition to every SQL statement
_MAX_SHOWN = 20  # values in an error message; its detail has up to ten times as many
_Text = Annotated[str, Field(max_length=2000)]


def _describe_values(*example: str) -> Any:
    """Return the query parameter of several values, with an example of them."""
    description = "may be repeated; products with any of the values pass"
    return Field(default=[], max_length=_MAX_VALUES, description=description, examples=[list(example)])


def _describe_price(which: str, example: str) -> Any:
    """Return the query parameter of a price."""
    description = f"{which} price, included"
    return Field(default=None, ge=0, le=10**12, allow_inf_nan=False, description=description, examples=[example])


# the filter of one value of each parameter, and the values that the catalogue has of it
_FILTER_FOR_PARAMETER: Mapping[str, Callable[[str], Filters]] = {
    "category": lambda value: Filters(category=value),
    "color": lambda value: Filters(colors=(value,)),
    "brand": lambda value: Filters(brands=(value,)),
    "gender": lambda value: Filters(genders=(value,)),
    "size": lambda value: Filters(sizes=(value,)),
    "attribute": lambda value: Filters(attributes=(_split_attribute(value),)),
    "currency": lambda value: Filters(currency=value),
}
_FACET_VALUES: Mapping[str, Callable[[Facets], list[str]]] = {
    "category": lambda facets: list(facets.categories),
    "color": lambda facets: list(facets.colors),
    "brand": lambda facets: list(facets.brands),
    "gender": lambda facets: list(facets.genders),
    "size": lambda facets: list(facets.sizes),
    "attribute": lambda facets: [f"{name}:{value}" for name, values in facets.attributes.items() for value in values],
    "currency": lambda facets: [prices.currency for prices in facets.prices if prices.currency],
}

_UNKNOWN = {
    "category": (422, "unknown_category"),
    "color": (422, "unknown_color"),
    "brand": (422, "unknown_brand"),
    "gender": (422, "unknown_gender"),
    "size": (422, "unknown_size"),
    "attribute": (422, "unknown_attribute"),
    "currency": (422, "unknown_currency"),
}


class FilterParameters(BaseModel):
    """Filters of products, and the language in which words are typed and answers are written."""

    category: str | None = Field(
        default=None,
        max_length=1000,
        description="path such as 'Shoes > Boots', or an ancestor such as 'Shoes'",
        examples=["Shoes > Boots"],
    )
    color: list[_Text] = _describe_values("black", "red")
    brand: list[_Text] = _describe_values("Acme")
    gender: list[_Text] = _describe_values("women")
    size: list[_Text] = _describe_values("41", "42")
    attribute: list[_Text] = Field(
        default=[],
        max_length=_MAX_VALUES,
        description="NAME:VALUE such as 'material:leather'; may be repeated: any value per name passes, all names must",
        examples=[["material:leather"]],
    )
    in_stock: bool = Field(default=False, description="exclude products that are out of stock", examples=[True])
    min_price: Decimal | None = _describe_price("lowest", "20")
    max_price: Decimal | None = _describe_price("highest", "89.90")
    currency: str | None = Field(
        default=None,
        max_length=20,
        description="ISO 4217 code; required with a price if products have several currencies",
        examples=["EUR"],
    )
    q: str = Field(
        default="",
        max_length=MOST_CHARACTERS,
        description="words that products must have; the last one also as a beginning, unless a space follows",
        examples=["red suede"],
    )
    lang: Lang = None

    async def read_filters(self, service: Service, rules: ActiveRules) -> Filters:
        """Return the filters of a request.

        Raises ApiError for a value that no product has, and for prices that cannot be compared. Only catalogue queries
        run in another thread, since the switch costs milliseconds on a busy machine.
        """
        catalogue = service.gallery.catalogue
        single = {"category": self.category, "currency": self.currency}
        repeated = {
            "color": self.color,
            "brand": self.brand,
            "gender": self.gender,
            "size": self.size,
            "attribute": self.attribute,
        }
        _check_count(repeated)
        values = [(kind, value) for kind, value in single.items() if value is not None]
        values += [(kind, value) for kind, several in repeated.items() for value in several]
        if values:
            await run_in_threadpool(_check_values, catalogue, values)
        filters = Filters(
            self.category,
            self.min_price,
            self.max_price,
            tuple(self.color),
            self.currency,
            brands=tuple(self.brand),
            genders=tuple(self.gender),
            sizes=tuple(self.size),
            attributes=tuple(map(_split_attribute, self.attribute)),
            words=_read_words(self.q, service.settings.language, self.lang),
            in_stock=self.in_stock or service.settings.out_of_stock == "hide",
            hidden=rules.hidden,
        )
        if self.min_price is not None or self.max_price is not None:
            await run_in_threadpool(_check_prices, catalogue, filters)
        return filters


def _read_words(text: str, language: Language | None, lang: str | None) -> WordQuery | None:
    """Read the words of a request, None if the text has none. Raises ApiError for too many."""
    try:
        words = WordQuery(text, language, spoken_language(lang))
    except ValueError as error:
        raise ApiError(422, "invalid_parameter", str(error), {"parameter": "q", "at_most": MOST_WORDS}) from None
    return words if words.tokens() else None


def _split_attribute(text: str) -> tuple[str, str]:
    """Split an attribute filter: "material:leather" -> ("material", "leather")."""
    name, _, value = text.partition(":")
    return name, value


def _check_count(repeated: Mapping[str, Sequence[str]]) -> None:
    """Check the number of values. Raises ApiError for more than a page sends, which would slow the database down."""
    counts = {kind: len(values) for kind, values in repeated.items() if values}
    counts |= {"color": sum(len(color_names(value)) for value in repeated["color"])}
    for kind, count in counts.items():
        if count > _MAX_VALUES:
            raise _too_many_error(kind, f"{kind} has {count} values", _MAX_VALUES)
    names = {collapse_spaces(_split_attribute(value)[0]).lower() for value in repeated["attribute"]}
    if len(names) > _MAX_ATTRIBUTE_NAMES:
        raise _too_many_error("attribute", f"attribute has {len(names)} names", _MAX_ATTRIBUTE_NAMES)
    if (count := sum(counts.values())) > _MAX_TOTAL_VALUES:
        longest = max(counts, key=lambda kind: counts[kind])
        kinds = ", ".join(kind for kind in counts if counts[kind])
        raise _too_many_error(longest, f"{kinds} have {count} values", _MAX_TOTAL_VALUES)


def _too_many_error(parameter: str, problem: str, limit: int) -> ApiError:
    """Return the error for a parameter with more than `limit` values."""
    message = f"{problem}: expected at most {limit}"
    return ApiError(422, "invalid_parameter", message, {"parameter": parameter, "at_most": limit})


def _check_values(catalogue: Catalogue, values: Sequence[tuple[str, str]]) -> None:
    """Check pairs of parameter and value. Raises ApiError for the first pair whose filter no product passes."""
    single_filters = [_build_filters(kind, value) for kind, value in values]
    traits = [filters and filters.single_trait for filters in single_filters]
    known = catalogue.traits_in({trait for trait in traits if trait})
    for (kind, value), filters, trait in zip(values, single_filters, traits, strict=True):
        if filters is None or not (trait in known if trait else catalogue.has(filters)):
            raise _unknown_value_error(catalogue, kind, value)


def _build_filters(kind: str, value: str) -> Filters | None:
    """Return the filters of a single value, or None for a value that a product cannot have."""
    try:
        return None if "\0" in value else _FILTER_FOR_PARAMETER[kind](value)
    except ValueError:
        return None


def _unknown_value_error(catalogue: Catalogue, kind: str, value: str) -> ApiError:
    """Return the error for a value whose filter no product passes."""
    known = _FACET_VALUES[kind](catalogue.facets())
    if kind == "attribute":  # the values of the same name, if the catalogue has any
        same = f"{' '.join(_split_attribute(value)[0].split()).lower()}:"
        known = [text for text in known if text.startswith(same)] or known
    shown = [*map(cut, known[:_MAX_SHOWN])] + ["…"] * (len(known) > _MAX_SHOWN)
    message = f"{kind} {truncate(value)} is unknown: {expected_one_of(shown, 'no product has any')}"
    return ApiError(*_UNKNOWN[kind], message, {kind: value[:80], "known": known[: 10 * _MAX_SHOWN]})


def _check_prices(catalogue: Catalogue, filters: Filters) -> None:
    """Check a price range. Raises ApiError if it is empty, or lacks a currency where products have several."""
    low, high = filters.min_price, filters.max_price
    if low is not None and high is not None and low > high:
        message = f"min_price is {cut(str(low))}: expected at most max_price, which is {cut(str(high))}"
        raise ApiError(422, "invalid_parameter", message, {"parameter": "min_price"})
    if filters.currency is not None:
        return
    currencies = catalogue.currencies()
    if len(currencies) > 1:  # 100 yen are not 100 euros
        message = f"currency is missing: expected one of {', '.join(currencies)}, the currencies of products"
        raise ApiError(422, "invalid_parameter", message, {"parameter": "currency", "known": currencies})


class VariantsParameter(BaseModel):
    """Whether products of one group are results of their own."""

    variants: bool = Field(
        default=False,
        description="return and count each product, not one result per group of variants",
        examples=[False],
    )
