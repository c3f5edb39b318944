"""Commands of researchers: measure a network, repeat the paper's experiments."""

from __future__ import annotations

import logging
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from index_builder.cli.console import check_choice, log_to_stderr, print_result, progress_bar
from index_builder.cli.options import Checkpoint, Device, Json, Steps

if TYPE_CHECKING:
    from rich.progress import Progress

    from index_builder.datasets.pairs import PairFolder
    from model.checkpoint import Checkpoint as Network


def evaluate(
    data: Annotated[Path, typer.Option(metavar="DIR", help="Pairs, in any layout, whose sketches are the queries.")],
    checkpoint: Checkpoint = None,
    gallery_from: Annotated[
        str, typer.Option(metavar="photos|edge_maps", help="What the gallery is made from.")
    ] = "photos",
    views: Annotated[
        int, typer.Option(metavar="1|10", help="10: distances averaged over ten views, as the paper's authors do.")
    ] = 1,
    split: Annotated[
        str, typer.Option(metavar="all|held-out", help="All pairs, or the fixed fifth that `train` holds out.")
    ] = "all",
    partial: Annotated[
        bool, typer.Option("--partial", help="Also search when 20, 40, 60, 80 and 100 % of each sketch is drawn.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also write report.html there.", show_default="none")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print acc@1, acc@5 and acc@10 of a checkpoint on a pair folder, through the same search that serves."""
    from app.search.retriever import resolve_device
    from index_builder.evaluation.evaluate import evaluate as run
    from index_builder.evaluation.html_report import write_report
    from index_builder.evaluation.partial_sketches import evaluate_partial, n_searches, partial_as_json, partial_as_text
    from index_builder.evaluation.protocols import GalleryFrom, check_views
    from model.checkpoint import DEFAULT_CHECKPOINT, load_checkpoint

    check_choice("--gallery-from", gallery_from, [choice.value for choice in GalleryFrom])
    source = GalleryFrom(gallery_from)
    check_views(views, source)
    folder = _split(data, split)
    n_images = len(folder.pairs) + sum(len(pair.sketches) for pair in folder.pairs)
    n_partial = len(folder.pairs) + n_searches(folder) if partial else 0
    network = load_checkpoint(checkpoint or DEFAULT_CHECKPOINT, resolve_device("auto").type)
    _warn_of_what_it_saw(network, split)
    with progress_bar(as_json) as progress:
        results = {views: run(folder, network, source, views, _counter(progress, "evaluate", n_images))}
        if report is not None and views > 1:
            results[1] = run(folder, network, source, 1, _counter(progress, "one view", n_images))
        advance = _counter(progress, "drawings in progress", n_partial)
        drawn = evaluate_partial(folder, network, source, views, advance) if partial else {}
    if report is not None:
        write_report(report, folder, split, network, source, results, drawn)
    about = {"data": folder.name, "split": split, "gallery_from": gallery_from, "views": views}
    if as_json:
        print_result(about | results[views].as_json() | ({"partial": partial_as_json(drawn)} if drawn else {}), True)
    else:
        lines = [*(f"{name:14}{value}" for name, value in about.items()), results[views].as_text()]
        print_result("\n".join([*lines, *(["", partial_as_text(drawn)] if drawn else [])]), False)


def _warn_of_what_it_saw(network: Network, split: str) -> None:
    if split == "held-out" and network.saw_held_out:
        warning = "sketchfind: trained with nothing held out: on photos that it saw then, figures are no validation"
        print(warning, file=sys.stderr)


def _counter(progress: Progress, name: str, total: int) -> Callable[[int], None]:
    task = progress.add_task(name, total=total, visible=total > 0)
    return lambda count: progress.advance(task, count)


def experiment(
    name: Annotated[str, typer.Argument(metavar="ablation|losses", help="Which of the paper's experiments.")],
    data: Annotated[list[Path], typer.Option(metavar="DIR", help="Pair folder; give several times.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where table, plot, figures and checkpoints go.")],
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each variant; one cannot tell what helps.")] = 3,
    steps: Steps = None,
    trunk: Annotated[
        str, typer.Option(metavar="sketch-a-net|residual", help="The paper's trunk, or a small one for a CPU.")
    ] = "sketch-a-net",
    start_from: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Checkpoint whose fitting parts all start from.", show_default="none"),
    ] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Repeat an experiment of the paper: a table and a plot of what each part brings. Run again, it goes on."""
    from app.search.retriever import resolve_device
    from index_builder.datasets.pairs import read_data
    from index_builder.experiments.definitions import EXPERIMENTS, TRUNKS, Setting
    from index_builder.experiments.report import as_json as figures_of
    from index_builder.experiments.report import table_rows, write_table_and_plot
    from index_builder.experiments.run import run_experiment

    check_choice("NAME", name, list(EXPERIMENTS))
    check_choice("--trunk", trunk, list(TRUNKS))
    folders = tuple(folder for path in data for folder in read_data(path))
    setting = Setting(name, folders, seeds, steps, trunk, start_from)
    log_to_stderr()
    logging.getLogger("app").setLevel(logging.WARNING)  # every measurement makes a gallery, and it would say so
    with progress_bar(as_json) as progress:
        rows = table_rows(setting, run_experiment(setting, out, resolve_device(device).type, progress))
    table, plot = write_table_and_plot(out, setting, rows, shlex.join(["sketchfind", *sys.argv[1:]]))
    figures = {"experiment": name, "table": str(table), "plot": str(plot), "variants": figures_of(rows)}
    print_result(figures if as_json else table.read_text(encoding="utf-8").rstrip(), as_json)


def _split(data: Path, split: str) -> PairFolder:
    from index_builder.datasets.pairs import SPLITS, read_pairs

    check_choice("--split", split, SPLITS)
    return read_pairs(data).part(split)
