"""Command that trains a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from index_builder.cli.console import log_to_stderr, print_result, progress_bar
from index_builder.cli.options import Device, Json, Steps
from index_builder.training.config.presets import PRESETS

if TYPE_CHECKING:
    from index_builder.training.data.training_data import Source

_DRAWINGS = 1000  # at most, per class: QuickDraw has about 150,000

_PresetName = Annotated[
    str | None,
    typer.Option(
        help=f"Recipe: {', '.join(PRESETS)}.",
        show_default="oriented; recognition for --classes; photo-edges for --photos alone",
    ),
]
_StartFrom = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="Checkpoint to start from; all weights that fit are used. If repeated, later ones replace earlier ones.",
        show_default="none; the shipped one for --photos alone without --preset",
    ),
]
_ImageNet = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Published ImageNet weights of SqueezeNet 1.0 or EfficientNet-lite, used in addition to --start-from.",
        show_default="none",
    ),
]


def train(
    out: Annotated[Path, typer.Option(metavar="FILE", help="Checkpoint file to write (.safetensors).")],
    data: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="Pair folder, in any layout; may be repeated.")
    ] = None,
    photos: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR", help="Folder of photos without sketches (their edges are learnt from); may be repeated."
        ),
    ] = None,
    classes: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Labelled sketches: one folder or .ndjson file per class.", show_default="none"
        ),
    ] = None,
    preset: _PresetName = None,
    steps: Steps = None,
    start_from: _StartFrom = None,
    imagenet: _ImageNet = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the weights, batches and distortions.")] = 0,
    *,
    holdout: Annotated[
        bool, typer.Option(help="Hold out a fixed fifth of each pair folder's photos for validation.")
    ] = True,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Train a network on pair folders, photos or labelled sketches. If stopped, run again to resume.

    Under torchrun, all processes train it together.
    """
    from index_builder.training.config.presets import find_preset
    from index_builder.training.ranks.join import join_ranks
    from index_builder.training.train import train as run
    from model.checkpoint import DEFAULT_CHECKPOINT
    from model.device import resolve_device

    source = _read_source(data or [], photos or [], classes)
    if preset is None and photos and not data:
        start_from = start_from or [DEFAULT_CHECKPOINT]
    fitting = "recognition" if classes else "oriented" if data else "photo-edges"
    recipe = find_preset(preset or fitting, steps)
    on = resolve_device(device)
    with join_ranks(on) as ranks:
        if ranks.is_first:
            log_to_stderr()
        with progress_bar(quiet=as_json or not ranks.is_first) as progress:
            report = run(
                source,
                recipe,
                out,
                seed=seed,
                device=on.type,
                holdout=holdout,
                start_from=[*(start_from or []), *([imagenet] if imagenet else [])],
                progress=progress,
                ranks=ranks,
            )
        if ranks.is_first:
            print_result(report.as_json() if as_json else str(report), as_json=as_json)


def _read_source(data: list[Path], photos: list[Path], classes: Path | None) -> Source:
    """Read the training data. Raises ValueError if none is given, or labelled sketches together with another kind."""
    from index_builder.datasets.readers.labelled_sketches import read_classes
    from index_builder.datasets.readers.read import read_data, read_photos

    if classes is not None and (data or photos):
        raise ValueError("got --classes with --data or --photos, expected one kind: run one stage after the other")
    if classes is not None:
        return read_classes(classes, _DRAWINGS)
    if not data and not photos:
        raise ValueError("nothing to train on: expected at least one --data DIR, --photos DIR or --classes DIR")
    return [*(folder for path in data for folder in read_data(path)), *map(read_photos, photos)]
