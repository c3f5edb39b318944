"""Plot of an experiment: a panel for each folder, with a row for each variant. Needs the extra `research`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from index_builder.experiments.significance import mean_and_spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Accuracies = Mapping[str, Sequence[float]]
"""acc@1 in percent of each seed, by variant."""

_ROW, _WIDTH, _MARGINS = (
    0.35,
    8.0,
    1.1,
)  # inches; margins are a panel's title and axis
_SPREAD = 0.15  # of a row: the seeds' dots lie this far above and below its middle
_DOT, _LINE, _FAINT = "#2f44e0", "#15171c", "#8a8f98"


def draw_figure(title: str, folders: Mapping[str, Accuracies]) -> Figure:
    """Draw acc@1 by folder, variant and seed: each seed as a dot, with mean and standard deviation.

    A dashed line marks the mean of the first variant, the baseline.
    """
    from matplotlib.figure import Figure  # it takes a second to import, and only experiments need it

    rows = max(map(len, folders.values()))
    figure = Figure(figsize=(_WIDTH, len(folders) * (_ROW * rows + _MARGINS)), layout="constrained")
    figure.suptitle(f"{title}: dots are seeds, bars mean and standard deviation", fontsize="medium")
    panels = figure.subplots(len(folders), squeeze=False)[:, 0]
    for axes, (folder, variants) in zip(panels, folders.items(), strict=True):
        _draw_panel(axes, folder, variants)
    return figure


def write_svg(figure: Figure, path: Path) -> None:
    """Write a figure as SVG with its texts as text. The same figure gives the same file."""
    from matplotlib import rc_context

    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "sketchfind"}):
        figure.savefig(path, format="svg", metadata={"Date": None})


def _draw_panel(axes: Axes, folder: str, variants: Accuracies) -> None:
    spreads = {label: mean_and_spread(values) for label, values in variants.items()}
    axes.axvline(next(iter(spreads.values()))[0], color=_FAINT, linestyle="dashed", zorder=0)
    for row, (label, values) in enumerate(variants.items()):
        mean, deviation = spreads[label]
        offsets = [_SPREAD * (2 * i - len(values) + 1) / max(1, len(values) - 1) for i in range(len(values))]
        axes.scatter(values, [row + offset for offset in offsets], color=_DOT, alpha=0.7, s=24)
        axes.errorbar(mean, row, xerr=deviation, color=_LINE, marker="|", markersize=14)
    axes.set_yticks(range(len(variants)), [f"{label}   {_format(*spreads[label])}" for label in variants])
    axes.set_ylim(len(variants) - 0.5, -0.5)  # the first variant is at the top
    axes.set_xlabel("acc@1 in percent")
    axes.set_title(folder, loc="left")
    axes.grid(axis="x", alpha=0.3)


def _format(mean: float, deviation: float | None) -> str:
    return f"{mean:.1f}" if deviation is None else f"{mean:.1f} ± {deviation:.1f}"
