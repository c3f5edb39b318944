"""Commands of a shop's rules: `sketchfind rules check|get|set`."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from index_builder.cli.console import plain_errors, print_result
from index_builder.cli.options import Catalogue, GalleryDir, Json

File = Annotated[Path, typer.Argument(metavar="FILE", help="TOML file of rules.")]

rules = typer.Typer(help="Check, read and store the rules of a shop.", no_args_is_help=True)


@rules.command()
@plain_errors
def check(
    file: File,
    gallery: GalleryDir,
    catalogue: Catalogue = None,
    *,
    as_json: Json = False,
) -> None:
    """Check a file of rules, and print how many products of a gallery each rule is for."""
    from app.gallery.layout import GalleryLocation
    from app.rules.rule import describe_effect
    from app.rules.rules_file import read_rules

    rule_set = read_rules(file)
    now = datetime.now(UTC)
    location = GalleryLocation(gallery, catalogue)
    with closing(location.open_catalogue()) as opened, opened.view() as view:
        lines: list[dict[str, Any]] = [
            {
                "name": rule.name,
                "effect": describe_effect(rule),
                "products": len(view.meeting(rule.condition)),
                "active": rule.is_active(now),
            }
            for rule in rule_set.rules
        ]
    if as_json:
        print_result({"bound": rule_set.bound, "rules": lines}, as_json=True)
        return
    for line in lines:
        print("\t".join((line["name"], line["effect"], _count(line), "active" if line["active"] else "not active now")))


@rules.command()
@plain_errors
def get(gallery: GalleryDir, catalogue: Catalogue = None) -> None:
    """Print the rules that are stored in a gallery, as TOML."""
    from app.database.merchandising.stored_rules import read_stored_rules
    from app.gallery.layout import GalleryLocation

    location = GalleryLocation(gallery, catalogue)
    with closing(location.open_catalogue()) as opened, opened.moment() as connection:
        print(read_stored_rules(connection), end="")


@rules.command("set")
@plain_errors
def set_(file: File, gallery: GalleryDir, catalogue: Catalogue = None) -> None:
    """Store a file of rules in a gallery, in place of the stored ones. Running servers follow within two seconds."""
    from app.database.merchandising.stored_rules import write_stored_rules
    from app.gallery.layout import GalleryLocation
    from app.rules.rule_set import parse_rules
    from app.rules.rules_file import read_rules_file

    text = read_rules_file(file)
    count = len(parse_rules(text, f"{file}: ").rules)
    location = GalleryLocation(gallery, catalogue)
    with closing(location.open_catalogue()) as opened, opened.transaction() as connection:
        write_stored_rules(connection, text)
    print(f"{count} rule{'' if count == 1 else 's'} stored")


def _count(line: dict[str, Any]) -> str:
    return f"{line['products']} product{'' if line['products'] == 1 else 's'}"
