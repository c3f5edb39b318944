"""Export of a day's events as CSV or Parquet."""

from __future__ import annotations

import csv
from dataclasses import fields
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

from app.catalogue.catalogue import Catalogue
from app.core.atomic_files import write_atomically
from app.database.analytics.reading import iterate_events
from app.database.analytics.records import Event

_COLUMNS = ["day", *(field.name for field in fields(Event) if field.name != "day")]
_FORMATS = ("csv", "parquet")


class ExportError(ValueError):
    """An export that is not possible."""


def export_events(catalogue: Catalogue, day: date, out: Path) -> int:
    """Write the events of a day (UTC) to a file, whose ending names its format. Returns their number.

    The file is replaced as a whole. Raises ExportError for another ending, and for Parquet without pyarrow.
    """
    kind = out.suffix[1:].lower()
    if kind not in _FORMATS:
        raise ExportError(f"the file is {str(out)!r}: expected a name that ends in .csv or .parquet")
    arrow = _import_arrow() if kind == "parquet" else None
    with catalogue.moment() as connection:
        rows = [_row_of(event) for event in iterate_events(connection, day.isoformat(), day.isoformat())]
    if arrow is None:
        write_atomically(out, lambda path: _write_csv(path, rows))
    else:
        write_atomically(out, lambda path: _write_parquet(arrow, path, rows))
    return len(rows)


def _row_of(event: Event) -> dict[str, Any]:
    """Return an event as a row. A search that was shown has no product."""
    return {name: getattr(event, name) for name in _COLUMNS} | {"product_id": event.product_id or None}


def _write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, _COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def _write_parquet(arrow: ModuleType, path: Path, rows: list[dict[str, Any]]) -> None:
    from importlib import import_module

    types = {name: arrow.int32() if name == "rank" else arrow.string() for name in _COLUMNS}
    table = arrow.Table.from_pylist(rows, arrow.schema(list(types.items())))
    import_module("pyarrow.parquet").write_table(table, path)


def _import_arrow() -> ModuleType:
    """Import pyarrow. Raises ExportError if it is not installed."""
    from importlib import import_module

    try:
        return import_module("pyarrow")
    except ModuleNotFoundError:
        raise ExportError(
            "Parquet needs pyarrow: expected `pip install 'sketchfind[parquet]'`, or a .csv file"
        ) from None
