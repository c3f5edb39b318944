"""Table and plot of the figures of peers."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from pathlib import Path

from benchmarks.search.peers.measure import Figures
from benchmarks.search.peers.outcomes import Outcomes
from index_builder.experiments.plot import write_svg

_HEADER = (
    "peer",
    "setting",
    "recall@10",
    "searches per second of a core",
    "of Flat's",
    "with two threads",
    "of Flat's",
    "memory",
    "disk",
    "build, minutes of a core",
    "new product found after",
)
_INCHES, _LEGEND = 5.0, 2.0  # side of a plot, and width beside it
_MARKERS = "os^vD*Xp<>"
_OURS, _THEIRS = "#2f44e0", "#15171c"
_GIB = 2**30


def format_table(outcomes: Outcomes) -> str:
    """Format a table in Markdown for each N."""
    return "\n\n".join(f"N = {n:,}\n\n{_format_size(peers)}" for n, peers in outcomes.items())


def _format_size(peers: Mapping[str, Figures | str]) -> str:
    rows = [_HEADER, ("---",) * len(_HEADER)]
    for name, figures in peers.items():
        cells = (figures,) if isinstance(figures, str) else _format_cells(figures)
        rows.append((name, *cells, *[""] * (len(_HEADER) - 1 - len(cells))))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _format_cells(figures: Figures) -> tuple[str, ...]:
    found = "never" if figures.found_after is None else f"{1000 * figures.found_after:.3g} ms"
    return (
        figures.setting,
        f"{figures.recall:.4f}",
        f"{figures.per_core:.3g}",
        f"{figures.per_core_of_flat:.3g}",
        f"{figures.two_threads:.3g}",
        f"{figures.two_threads_of_flat:.3g}",
        f"{figures.memory / _GIB:.2f} GiB",
        f"{figures.disk / _GIB:.2f} GiB",
        f"{figures.build / 60:.2g}",
        found,
    )


def draw_plot(outcomes: Outcomes, path: Path) -> None:
    """Draw the rate of each peer over its memory, a panel for each N, as an SVG file."""
    from matplotlib.figure import Figure  # of the extra `research`

    figure = Figure(figsize=(_INCHES * len(outcomes) + _LEGEND, _INCHES), layout="constrained")
    for axes, (n, peers) in zip(figure.subplots(1, len(outcomes), squeeze=False)[0], outcomes.items(), strict=True):
        for (name, figures), marker in zip(peers.items(), cycle(_MARKERS)):
            if not isinstance(figures, str):
                color = _OURS if name.startswith("Sketchfind") else _THEIRS
                label = f"{name} ({figures.recall:.2f})"
                place = figures.memory / _GIB, figures.per_core_of_flat
                axes.loglog(*place, marker=marker, linestyle="", color=color, label=label)
        axes.set_title(f"N = {n:,} (recall@10)")
        axes.set_xlabel("memory in GiB")
        axes.set_ylabel("searches per second of a core, Flat = 1")
        axes.grid(alpha=0.3)
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    write_svg(figure, path)
