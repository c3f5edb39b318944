"""Command that repeats an experiment of the paper."""

from __future__ import annotations

import logging
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from index_builder.cli.console import check_choice, log_to_stderr, print_result, progress_bar
from index_builder.cli.options import Device, Json, Steps


def experiment(
    name: Annotated[str, typer.Argument(metavar="ablation|losses", help="Experiment of the paper.")],
    data: Annotated[list[Path], typer.Option(metavar="DIR", help="Pair folder; may be repeated.")],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Destination folder of table, plot, figures and checkpoints.")
    ],
    seeds: Annotated[
        int, typer.Option(min=1, help="Training runs per variant; at least 2 are needed to judge a difference.")
    ] = 3,
    steps: Steps = None,
    trunk: Annotated[
        str, typer.Option(metavar="sketch-a-net|residual", help="Trunk: the paper's, or a small residual one for CPUs.")
    ] = "sketch-a-net",
    start_from: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Checkpoint that all runs start from, as far as its weights fit.", show_default="none"
        ),
    ] = None,
    device: Device = "auto",
    *,
    as_json: Json = False,
) -> None:
    """Repeat an experiment of the paper: a table and a plot of each part's effect. If stopped, run again to resume."""
    from index_builder.datasets.readers.read import read_data
    from index_builder.experiments.definitions import EXPERIMENTS, TRUNKS, Setting
    from index_builder.experiments.errors import ExperimentError
    from index_builder.experiments.report import as_json as figures_of
    from index_builder.experiments.report import table_rows, write_table_and_plot
    from index_builder.experiments.run import run_experiment
    from model.device import resolve_device

    if find_spec("matplotlib") is None:  # before hours of training, not after them
        raise ExperimentError("matplotlib, which draws the plot, is not installed: install sketchfind[research]")
    check_choice("NAME", name, list(EXPERIMENTS))
    check_choice("--trunk", trunk, list(TRUNKS))
    folders = tuple(folder for path in data for folder in read_data(path))
    setting = Setting(name, folders, seeds, steps, trunk, start_from)
    log_to_stderr()
    logging.getLogger("app").setLevel(logging.WARNING)  # every measurement builds a gallery, which would be logged
    with progress_bar(quiet=as_json) as progress:
        rows = table_rows(setting, run_experiment(setting, out, resolve_device(device).type, progress))
    table, plot = write_table_and_plot(out, setting, rows, shlex.join(["sketchfind", *sys.argv[1:]]))
    figures = {"experiment": name, "table": str(table), "plot": str(plot), "variants": figures_of(rows)}
    print_result(figures if as_json else table.read_text(encoding="utf-8").rstrip(), as_json=as_json)
