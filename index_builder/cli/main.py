"""Console script `sketchfind`. Each command parses its options, calls one function and prints the result.

Commands import their stages when they are called, so that --help does not wait seconds for torch.
"""

from __future__ import annotations

from typing import Annotated

import typer

from index_builder.cli.analytics.commands import events, report
from index_builder.cli.console import plain_errors, print_version
from index_builder.cli.datasets import fetch
from index_builder.cli.evaluation import evaluate
from index_builder.cli.experiments import experiment
from index_builder.cli.gallery import build, create, demo, serve
from index_builder.cli.keys import keys
from index_builder.cli.maintenance import backup, reembed, restore, tune, verify
from index_builder.cli.products import add, import_, imports, list_, remove
from index_builder.cli.shop.rules import rules
from index_builder.cli.training import train

app = typer.Typer(
    help="Sketch-based image retrieval: train, evaluate, build and serve.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _main(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and the build, then exit.", callback=print_version, is_eager=True
        ),
    ] = False,
) -> None:
    pass  # the option's callback does all


for _command in (train, evaluate, experiment, fetch, build, create, serve, demo, add, remove):
    app.command()(plain_errors(_command))
for _maintenance_command in (tune, reembed, backup, restore, verify, report):
    app.command()(plain_errors(_maintenance_command))
app.command("import")(plain_errors(import_))
app.command("list")(plain_errors(list_))
app.add_typer(imports, name="imports")
app.add_typer(keys, name="keys")
app.add_typer(events, name="events")
app.add_typer(rules, name="rules")
