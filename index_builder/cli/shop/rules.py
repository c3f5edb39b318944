"""Command that checks a file of rules: `sketchfind rules check`."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from index_builder.cli.console import plain_errors, print_result
from index_builder.cli.options import Catalogue, GalleryDir, Json

if TYPE_CHECKING:
    from app.rules.rule import Rule

rules = typer.Typer(help="Check the rules of a shop.", no_args_is_help=True)


@rules.callback()
def _rules() -> None:
    pass  # a callback keeps `check` a subcommand, although it is the only one


@rules.command()
@plain_errors
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="TOML file of rules.")],
    gallery: GalleryDir,
    catalogue: Catalogue = None,
    *,
    as_json: Json = False,
) -> None:
    """Check a file of rules, and print how many products of a gallery each rule is for."""
    from app.gallery.layout import GalleryLocation
    from app.rules.rules_file import read_rules

    rule_set = read_rules(file)
    now = datetime.now(UTC)
    location = GalleryLocation(gallery, catalogue)
    with closing(location.open_catalogue()) as opened, opened.view() as view:
        lines: list[dict[str, Any]] = [
            {
                "name": rule.name,
                "effect": _describe_effect(rule),
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


def _describe_effect(rule: Rule) -> str:
    """Describe the effect of a rule, such as "boost 0.5" or "pin 1"."""
    from app.rules.rule import Move, Pin

    if isinstance(rule.effect, Move):
        return f"{'boost' if rule.effect.weight > 0 else 'bury'} {abs(rule.effect.weight):g}"
    return f"pin {rule.effect.position}" if isinstance(rule.effect, Pin) else "hide"


def _count(line: dict[str, Any]) -> str:
    return f"{line['products']} product{'' if line['products'] == 1 else 's'}"
