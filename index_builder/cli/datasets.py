"""Command that downloads public data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from index_builder.cli.console import download_bar, print_result
from index_builder.cli.options import Json


def fetch(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Data set; quickdraw/CLASS for one class of QuickDraw.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Destination folder.", show_default="data/NAME")
    ] = None,
    *,
    show_list: Annotated[
        bool, typer.Option("--list", help="List the known data sets and exit (default without NAME).")
    ] = False,
    as_json: Json = False,
) -> None:
    """Download a public data set from its authors, check and unpack it. If stopped, run again to resume."""
    from index_builder.datasets.public.fetch import fetch as run
    from index_builder.datasets.public.registry import PUBLIC_SETS, find_set, listing

    if name is None or show_list:
        known = {"data_sets": [public_set.as_json() for public_set in PUBLIC_SETS.values()]}
        print_result(known if as_json else listing(), as_json=as_json)
        return
    public_set = find_set(name)
    with download_bar(quiet=as_json) as progress:
        report = run(public_set, to or Path("data") / public_set.name, progress)
    print_result(report.as_json() if as_json else report, as_json=as_json)
