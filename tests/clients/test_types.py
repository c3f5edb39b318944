"""The types of the Python client name what the server's OpenAPI document has. The server may have more."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_type_hints, is_typeddict

import pytest
from pydantic import BaseModel

from app.api.schemas.events import EventInfo
from app.api.schemas.patches import PatchBody
from app.api.schemas.writes import ProductBody
from app.main import create_app
from app.settings import Settings
from sketchfind_client import types
from tests.support.json_schema import Schema

ROOT = Path(__file__).parents[2]


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
        (types.Deletions, "DeletedMany"),
        (types.PatchReport, "PatchReport"),
        (types.EventReceipt, "EventReceipt"),
        (types.Problem, "ProblemInfo"),
        (types.Import, "OperationInfo"),
        (types.ImportPage, "OperationPage"),
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


def test_every_option_of_a_search_is_a_parameter(document: Schema) -> None:
    parameters = {parameter["name"] for parameter in document["paths"]["/search"]["post"]["parameters"]}
    assert get_type_hints(types.SearchOptions).keys() - parameters == {"session"}  # a header


@pytest.mark.parametrize(
    ("kind", "body"),
    [(types.ProductFields, ProductBody), (types.ProductPatch, PatchBody), (types.Event, EventInfo)],
)
def test_every_field_can_be_written(kind: type, body: type[BaseModel]) -> None:
    assert get_type_hints(kind).keys() - body.model_fields.keys() == set()


def test_javascript_has_the_same_fields() -> None:
    words = set(re.findall(r"\w+", (ROOT / "clients/javascript/types.d.ts").read_text()))
    kinds = [kind for name, kind in vars(types).items() if is_typeddict(kind) and not name.endswith("Page")]
    assert len(kinds) > 20 and [name for kind in kinds for name in get_type_hints(kind) if name not in words] == []
