"""Commands about what shoppers did with results: `sketchfind events export` and `sketchfind report`."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from index_builder.cli.console import plain_errors, print_result
from index_builder.cli.options import Catalogue, GalleryDir, Json

events = typer.Typer(help="Export what shoppers did with results.", no_args_is_help=True)


@events.callback()
def _events() -> None:
    """Keep `export` a command of its own: Typer would merge a single one into the group."""


@events.command()
@plain_errors
def export(
    day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], metavar="DAY", help="Day in UTC, as 2026-11-02.")],
    gallery: GalleryDir,
    out: Annotated[Path, typer.Option(metavar="FILE", help="File to write: .csv, or .parquet with pyarrow.")],
    catalogue: Catalogue = None,
    *,
    as_json: Json = False,
) -> None:
    """Export the events of a day. A day is complete when the next one is over."""
    from app.gallery.layout import GalleryLocation
    from index_builder.analytics.export import export_events

    with closing(GalleryLocation(gallery, catalogue).open_catalogue()) as opened:
        count = export_events(opened, day.date(), out)
    print_result({"events": count} if as_json else f"{out} has {count} events", as_json=as_json)


def report(
    gallery: GalleryDir,
    week: Annotated[
        str | None, typer.Option(metavar="WEEK", help="Week, as 2026-W45.", show_default="the last seven days")
    ] = None,
    catalogue: Catalogue = None,
) -> None:
    """Print a page about a week's searches: what became of them, most opened products, checkpoints compared."""
    from app.gallery.layout import GalleryLocation
    from index_builder.analytics.page import format_report
    from index_builder.analytics.report import make_report, parse_week

    first = parse_week(week)
    with closing(GalleryLocation(gallery, catalogue).open_catalogue()) as opened:
        print(format_report(make_report(opened, first)))
