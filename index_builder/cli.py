"""The console script `sketchfind`: parses, calls one function, prints what it returned.

Commands import what they need themselves: torch takes seconds, and --help should not.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from index_builder.console import check_choice, log_to_stderr, plain_errors, print_result, progress_bar
from index_builder.presets import PRESETS

if TYPE_CHECKING:
    from index_builder.pairs import PairFolder

_PRETRAINED = "the one that ships"

app = typer.Typer(
    help="Draw a shoe, find that very shoe: train, evaluate, build and serve sketch search.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else there.")]
Checkpoint = Annotated[Path | None, typer.Option(metavar="FILE", help="Checkpoint to use.", show_default=_PRETRAINED)]
Host = Annotated[
    str | None, typer.Option(help="Address to listen on; 0.0.0.0 for every interface.", show_default="127.0.0.1")
]
Port = Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on.", show_default="8000")]
Device = Annotated[str, typer.Option(help="Where torch runs: auto (a GPU if there is one), cpu or cuda.")]


@app.command()
@plain_errors
def train(
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write the checkpoint (.safetensors).")],
    data: Annotated[list[Path] | None, typer.Option(metavar="DIR", help="Pair folder; give several times.")] = None,
    photos: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="Folder of photos without sketches, learnt from by their edges; repeatable."),
    ] = None,
    preset: Annotated[str, typer.Option(help=f"Recipe: {', '.join(PRESETS)}.")] = "oriented",
    steps: Annotated[int | None, typer.Option(min=1, help="Optimiser steps.", show_default="the preset's")] = None,
    start_from: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Checkpoint whose weights to start from.", show_default="none")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the weights, batches and distortions.")] = 0,
    holdout: Annotated[
        bool, typer.Option(help="Hold out the fixed fifth of each pair folder's photos, and validate on it.")
    ] = True,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Train a network on pair folders. Stopped and run again, it goes on from where it was."""
    from app.retriever import resolve_device
    from index_builder.pairs import read_pairs, read_photos
    from index_builder.presets import find_preset
    from index_builder.train import train as run

    folders = [*map(read_pairs, data or []), *map(read_photos, photos or [])]
    if not folders:
        raise ValueError("nothing to train on: expected at least one --data DIR or --photos DIR")
    log_to_stderr()
    with progress_bar(as_json) as progress:
        report = run(
            folders,
            find_preset(preset, steps),
            out,
            seed=seed,
            device=resolve_device(device).type,
            holdout=holdout,
            start_from=start_from,
            progress=progress,
        )
    figures = {"checkpoint": str(report.checkpoint), "steps": report.steps, "acc@1": report.validation}
    print_result(figures if as_json else f"Wrote {report.checkpoint} after {report.steps} steps.", as_json)


@app.command()
@plain_errors
def evaluate(
    data: Annotated[Path, typer.Option(metavar="DIR", help="Pair folder whose sketches are the queries.")],
    checkpoint: Checkpoint = None,
    gallery_from: Annotated[
        str, typer.Option(metavar="photos|edge_maps", help="What the gallery is made from.")
    ] = "photos",
    split: Annotated[
        str, typer.Option(metavar="all|held-out", help="All pairs, or the fixed fifth that `train` holds out.")
    ] = "all",
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also write report.html there.", show_default="none")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print acc@1, acc@5 and acc@10 of a checkpoint on a pair folder, through the same search that serves."""
    from app.retriever import resolve_device
    from index_builder.evaluate import GalleryFrom
    from index_builder.evaluate import evaluate as run
    from index_builder.report import write_report
    from model.checkpoint import DEFAULT_CHECKPOINT, load_checkpoint

    check_choice("--gallery-from", gallery_from, [choice.value for choice in GalleryFrom])
    folder = _split(data, split)
    with progress_bar(as_json) as progress:
        total = len(folder.pairs) + sum(len(pair.sketches) for pair in folder.pairs)
        task = progress.add_task("evaluate", total=total)
        result = run(
            folder,
            load_checkpoint(checkpoint or DEFAULT_CHECKPOINT, resolve_device("auto").type),
            GalleryFrom(gallery_from),
            lambda count: progress.advance(task, count),
        )
    figures = {"data": folder.name, "split": split, "gallery_from": gallery_from, **result.as_json()}
    if report is not None:
        write_report(report, f"{folder.name}, {split}, gallery from {gallery_from}", folder, result)
    print_result(figures if as_json else "\n".join(f"{name:13} {value}" for name, value in figures.items()), as_json)


@app.command()
@plain_errors
def build(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="Photo folder, or feed file (CSV or TSV).")],
    gallery: Annotated[Path, typer.Option(metavar="DIR", help="Gallery to make or bring up to date.")],
    checkpoint: Checkpoint = None,
    index: Annotated[
        str | None, typer.Option(metavar="FACTORY", help="faiss.index_factory string.", show_default="Flat")
    ] = None,
    as_json: Json = False,
) -> None:
    """Embed a photo folder or a product feed into a gallery. Run again, it only does what is new or changed."""
    from index_builder.build import build as run
    from model.checkpoint import DEFAULT_CHECKPOINT

    with progress_bar(as_json) as progress:
        report = run(source, gallery, checkpoint or DEFAULT_CHECKPOINT, index, progress)
    if as_json:
        counts = {"added": report.added, "updated": report.updated, "unchanged": report.unchanged}
        print_result({**counts, "skipped": report.skipped, "size": report.size}, as_json)
        return
    print(f"{report.added} added, {report.updated} updated, {report.unchanged} unchanged: {report.size} products.")
    for what, why in report.skipped:
        print(f"skipped {what}: {why}")
    if not report.size:
        raise ValueError(f"the gallery is empty: nothing in {source} could be used")


@app.command()
@plain_errors
def serve(
    gallery: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Gallery made by `sketchfind build`.", show_default="none")
    ] = None,
    host: Host = None,
    port: Port = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu or cuda.", show_default="auto")] = None,
) -> None:
    """Serve the page and the search API for a gallery. More settings are environment variables: docs/server.md."""
    from app.main import serve as run
    from app.settings import load_settings

    if gallery is None and not os.environ.get("SKETCHFIND_GALLERY"):
        raise ValueError("no gallery to serve: expected --gallery DIR, or SKETCHFIND_GALLERY in the environment")
    run(load_settings(gallery=gallery, host=host, port=port, device=device))


@app.command()
@plain_errors
def demo(
    directory: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the demo's photos and gallery are kept.")
    ] = Path("demo"),
    checkpoint: Checkpoint = None,
    host: Host = None,
    port: Port = None,
) -> None:
    """Build the embedded demo gallery if there is none, then serve it."""
    from app.main import serve as run
    from app.settings import load_settings
    from index_builder.demo import build_demo
    from model.checkpoint import DEFAULT_CHECKPOINT

    with progress_bar(quiet=False) as progress:
        gallery = build_demo(directory, checkpoint or DEFAULT_CHECKPOINT, progress)
    run(load_settings(gallery=gallery, host=host, port=port))


def _split(data: Path, split: str) -> PairFolder:
    from index_builder.pairs import SPLITS, read_pairs

    check_choice("--split", split, SPLITS)
    return read_pairs(data).part(split)


if __name__ == "__main__":
    app()
