"""Lists in SQL as one bound parameter, so that a statement's text does not depend on the number of values.

A different text for every number of values would fill the statement caches of SQLAlchemy, the driver and the server.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import ARRAY, JSON, ColumnElement, Dialect, TableValuedAlias, Text, TypeDecorator, bindparam, column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

Scalar = str | int


class _List(TypeDecorator[list[Scalar]]):
    """A list as a parameter: a JSON array for SQLite, an array for PostgreSQL."""

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type of the database's parameter."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(self.item))

    def process_bind_param(self, value: list[Scalar] | None, dialect: Dialect) -> Any:
        """Convert a list to the driver's parameter."""
        return json.dumps(value) if dialect.name == "sqlite" else value


class _IsAnyOf(FunctionElement[bool]):
    """The condition that a column's value is in a _List.

    Its type is not Boolean: SQLAlchemy would then write `... = 1` for SQLite, which prevents the use of an index.
    """

    inherit_cache = True


class _Elements(FunctionElement[Any]):
    """A JSON array as a table with one JSON `value` in each row."""

    inherit_cache = True


def is_any_of(place: ColumnElement[Any], values: Collection[Scalar]) -> ColumnElement[bool]:
    """Return the condition `place IN (values)` with the values as one parameter."""
    item = Text() if isinstance(place.type, Text) else place.type
    return _IsAnyOf(place, bindparam(None, list(values), _List(item), unique=True))


def table_of(rows: Collection[list[Scalar]]) -> TableValuedAlias:
    """Return rows as a table, bound as one parameter. Its first column is `.c.value[0].as_string()`."""
    elements = _Elements(bindparam(None, json.dumps(list(rows)), Text(), unique=True))
    return elements.table_valued(column("value", JSON))


@compiles(_IsAnyOf, "sqlite")
def _in_json(element: _IsAnyOf, compiler: SQLCompiler, **options: Any) -> str:
    place, values = (compiler.process(part, **options) for part in element.clauses)
    return f"{place} IN (SELECT value FROM json_each({values}))"


@compiles(_IsAnyOf, "postgresql")
def _in_array(element: _IsAnyOf, compiler: SQLCompiler, **options: Any) -> str:
    place, values = (compiler.process(part, **options) for part in element.clauses)
    return f"{place} = ANY ({values})"


@compiles(_Elements, "sqlite")
def _elements_of_text(element: _Elements, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_Elements, "postgresql")
def _elements_of_json(element: _Elements, compiler: SQLCompiler, **options: Any) -> str:
    return f"jsonb_array_elements(CAST({compiler.process(element.clauses, **options)} AS JSONB))"
