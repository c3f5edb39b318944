"""Command that measures the retrieval accuracy of a checkpoint."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from index_builder.cli.console import check_choice, print_result, progress_bar
from index_builder.cli.options import Checkpoint, Json

if TYPE_CHECKING:
    from rich.progress import Progress

    from index_builder.datasets.pairs import PairFolder
    from model.checkpoint import Checkpoint as Network


def evaluate(
    data: Annotated[
        Path, typer.Option(metavar="DIR", help="Pair folder, in any layout; its sketches are the queries.")
    ],
    checkpoint: Checkpoint = None,
    gallery_from: Annotated[
        str, typer.Option(metavar="photos|edge_maps", help="Pictures that the gallery is built from.")
    ] = "photos",
    views: Annotated[
        int, typer.Option(metavar="1|10", help="Views per picture to average distances over; 10 as in the paper.")
    ] = 1,
    split: Annotated[
        str,
        typer.Option(metavar="all|held-out", help="Pairs to evaluate: all, or the fixed fifth that `train` holds out."),
    ] = "all",
    against: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Another checkpoint, to print the differences to.", show_default="none"),
    ] = None,
    *,
    partial: Annotated[
        bool, typer.Option("--partial", help="Also search with the first 20, 40, 60, 80 and 100 % of each sketch.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for report.html.", show_default="none")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print acc@1, acc@5 and acc@10 of a checkpoint on a pair folder, through the same search that serves."""
    from index_builder.evaluation.comparison import compare, comparison_as_json, comparison_as_text
    from index_builder.evaluation.evaluate import evaluate as run
    from index_builder.evaluation.html_report import write_report
    from index_builder.evaluation.partial_sketches import evaluate_partial, n_searches, partial_as_json, partial_as_text
    from index_builder.evaluation.protocols import GalleryFrom, check_views

    check_choice("--gallery-from", gallery_from, [choice.value for choice in GalleryFrom])
    source = GalleryFrom(gallery_from)
    check_views(views, source)
    folder = _read_split(data, split)
    n_images = len(folder.pairs) + sum(len(pair.sketches) for pair in folder.pairs)
    n_partial = len(folder.pairs) + n_searches(folder) if partial else 0
    network = _load_network(checkpoint, split)
    other = _load_network(against, split) if against is not None else None
    with progress_bar(quiet=as_json) as progress:
        results = {views: run(folder, network, source, views, _count_on_bar(progress, "evaluate", n_images))}
        if report is not None and views > 1:
            results[1] = run(folder, network, source, 1, _count_on_bar(progress, "one view", n_images))
        differences = {}
        if other is not None:
            advance = _count_on_bar(progress, "the other checkpoint", n_images)
            differences = compare(results[views], run(folder, other, source, views, advance))
        advance = _count_on_bar(progress, "drawings in progress", n_partial)
        drawn = evaluate_partial(folder, network, source, views, advance) if partial else {}
    if report is not None:
        write_report(report, folder, split, network, source, results, drawn)
    about = {"data": folder.name, "split": split, "gallery_from": gallery_from, "views": views}
    if as_json:
        figures = about | results[views].as_json()
        figures |= {"against": {"checkpoint": str(against), **comparison_as_json(differences)}} if differences else {}
        print_result(figures | ({"partial": partial_as_json(drawn)} if drawn else {}), as_json=True)
    else:
        lines = [*(f"{name:14}{value}" for name, value in about.items()), results[views].as_text()]
        compared = ["", f"differences to {against}", comparison_as_text(differences)] if differences else []
        print_result("\n".join([*lines, *compared, *(["", partial_as_text(drawn)] if drawn else [])]), as_json=False)


def _load_network(checkpoint: Path | None, split: str) -> Network:
    """Load a checkpoint, with a warning on stderr if it was trained on the split."""
    from model.checkpoint import DEFAULT_CHECKPOINT, load_checkpoint
    from model.device import resolve_device

    network = load_checkpoint(checkpoint or DEFAULT_CHECKPOINT, resolve_device("auto").type)
    if split == "held-out" and network.saw_held_out:
        warning = (
            "sketchfind: the checkpoint was trained without holding photos out, so figures on them do not validate it"
        )
        print(warning, file=sys.stderr)
    return network


def _count_on_bar(progress: Progress, name: str, total: int) -> Callable[[int], None]:
    task = progress.add_task(name, total=total, visible=total > 0)
    return lambda count: progress.advance(task, count)


def _read_split(data: Path, split: str) -> PairFolder:
    from index_builder.datasets.pairs import SPLITS
    from index_builder.datasets.readers.read import read_pairs

    check_choice("--split", split, SPLITS)
    return read_pairs(data).part(split)
