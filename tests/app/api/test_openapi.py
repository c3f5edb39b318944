"""The OpenAPI document: generators of clients find names, texts and valid examples in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.main import create_app
from app.settings import Settings
from tests.support.json_schema import Schema, find_errors, resolve

METHODS = {"get", "put", "post", "delete", "patch"}


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Schema:
    app = create_app(Settings(gallery=Path(tmp_path_factory.mktemp("gallery"))))  # not started, so nothing is opened
    schema: Schema = app.openapi()
    return schema


def operations(document: Schema) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS & item.keys():
            yield f"{method.upper()} {path}", item[method]


def schemas(node: object, where: str = "#") -> Iterator[tuple[str, Schema]]:
    """Yield all objects of the document with a type, properties or options, and their places."""
    if isinstance(node, dict):
        if {"type", "anyOf", "$ref"} & node.keys() and "/securitySchemes" not in where:
            yield where, node
        for name, inner in node.items():
            if name not in ("examples", "default", "enum"):
                yield from schemas(inner, f"{where}/{name}")
    elif isinstance(node, list):
        for position, inner in enumerate(node):
            yield from schemas(inner, f"{where}/{position}")


def has_text(schema: Schema, document: Schema) -> bool:
    """Return whether a field is described, itself or by the schema that it, or each of its items, refers to."""
    return "description" in schema or "description" in resolve(schema.get("items", schema), document)


def is_leaf(schema: Schema) -> bool:
    """Return whether a field can have an example of its own: it is neither a file nor made of other schemas."""
    inner = schema.get("items", schema)
    return "$ref" not in inner and inner.get("format") != "binary"


def test_every_operation_has_a_name_that_is_verb_and_object(document: Schema) -> None:
    names = {where: operation["operationId"] for where, operation in operations(document)}
    assert len(names) >= 16 and len(set(names.values())) == len(names)
    assert {where: name for where, name in names.items() if not re.fullmatch(r"[a-z]+(_[a-z]+)+", name)} == {}


def test_every_operation_has_a_summary_a_description_and_a_tag(document: Schema) -> None:
    for where, operation in operations(document):
        assert operation["summary"] and operation["description"].endswith(".") and operation["tags"], where


def test_every_parameter_is_described_and_has_an_example(document: Schema) -> None:
    for where, operation in operations(document):
        for parameter in operation.get("parameters", []):
            assert parameter.get("description") and parameter["schema"].get("examples"), (where, parameter["name"])


def test_every_field_is_described_and_has_an_example(document: Schema) -> None:
    fields = {
        f"{where}/{name}": field
        for where, schema in schemas(document)
        for name, field in schema.get("properties", {}).items()
    }
    assert len(fields) > 80
    assert [where for where, field in fields.items() if not has_text(field, document)] == []
    assert [where for where, field in fields.items() if is_leaf(field) and not field.get("examples")] == []


def test_every_example_is_valid(document: Schema) -> None:
    examples = [
        (where, schema, example) for where, schema in schemas(document) for example in schema.get("examples", [])
    ]
    assert len(examples) > 100
    wrong = {f"{where}: {error}" for where, schema, value in examples for error in find_errors(value, schema, document)}
    assert wrong == set()


@pytest.mark.parametrize("value", [{"size": "42"}, {"size": 0}, {"size": True}, {}, {"size": 1, "other": 2}, []])
def test_a_wrong_example_would_be_seen(value: object) -> None:
    size = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}
    schema = {"type": "object", "required": ["size"], "properties": {"size": size}, "additionalProperties": False}
    assert list(find_errors({"size": None}, schema, {})) == []
    assert list(find_errors(value, schema, {})) != []
