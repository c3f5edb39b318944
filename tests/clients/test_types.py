"""The types of the Python client name what the server's OpenAPI document has. The server may have more."""

from __future__ import annotations

from pathlib import Path
from typing import get_type_hints

import pytest

from app.api.schemas.writes import ProductBody
from app.main import create_app
from app.settings import Settings
from sketchfind_client import types
from tests.support.json_schema import Schema


@pytest.fixture(scope="module")
def document() -> Schema:
    schema: Schema = create_app(Settings(gallery=Path("none"))).openapi()  # not started, so nothing is opened
    return schema


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (types.Result, "ResultInfo"),
        (types.Gallery, "GalleryInfo"),
        (types.SearchAnswer, "SearchResponse"),
        (types.PhotoObject, "ObjectInfo"),
        (types.Attribute, "AttributeInfo"),
        (types.Product, "ProductInfo"),
        (types.ProductDetails, "ProductDetails"),
        (types.ProductPage, "ProductPage"),
        (types.Deletion, "Deleted"),
        (types.ImportProblem, "ProblemInfo"),
        (types.Import, "OperationInfo"),
        (types.VariantPrices, "VariantPrices"),
        (types.Words, "WordsInfo"),
        (types.CorrectedWord, "CorrectedWord"),
        (types.Health, "Health"),
        (types.Readiness, "Readiness"),
    ],
)
def test_every_field_of_an_answer_is_always_there(document: Schema, kind: type, schema: str) -> None:
    assert get_type_hints(kind).keys() - set(document["components"]["schemas"][schema]["required"]) == set()


@pytest.mark.parametrize("path", ["/search", "/products/{product_id}/similar"])
def test_every_filter_is_a_parameter(document: Schema, path: str) -> None:
    (operation,) = document["paths"][path].values()
    assert get_type_hints(types.Filters).keys() - {parameter["name"] for parameter in operation["parameters"]} == set()


def test_every_field_of_a_product_can_be_written() -> None:
    assert get_type_hints(types.ProductFields).keys() - ProductBody.model_fields.keys() == set()
