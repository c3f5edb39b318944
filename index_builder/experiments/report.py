"""Report of an experiment: a Markdown table with a verdict on each part, and a plot of every run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader

from index_builder.experiments.definitions import TRUNKS, Setting
from index_builder.experiments.plot import draw_figure, write_svg
from index_builder.experiments.run_files import Run, gallery_from
from index_builder.experiments.significance import Difference, Verdict, compare, mean_and_spread

_RANKS = (1, 10)  # the k of acc@k


@dataclass(frozen=True)
class Row:
    """One variant: its runs, and their difference from the first variant over all folders, and in each."""

    label: str
    preset: str
    runs: Sequence[Run]
    difference: Difference | None  # None for the first row
    by_folder: Mapping[str, Difference]

    def accuracies(self, folder: str, k: int) -> list[float]:
        """Return acc@k in percent by seed."""
        return [run.searches[folder].acc_at_k(k) for run in self.runs]

    def cell(self, folder: str) -> str:
        """Format acc@1 ± its spread / acc@10 ± its spread."""
        return " / ".join(_format_spread(*mean_and_spread(self.accuracies(folder, k))) for k in _RANKS)


def table_rows(setting: Setting, runs: Mapping[str, Sequence[Run]]) -> list[Row]:
    """Build the experiment's rows in order; the first is the baseline of the others."""
    first, *others = setting.experiment.variants
    rows = [Row(first.label, first.preset, runs[first.preset], None, {})]
    for variant in others:
        overall, by_folder = compare(runs[variant.preset], runs[first.preset])
        rows.append(Row(variant.label, variant.preset, runs[variant.preset], overall, by_folder))
    return rows


def write_table_and_plot(out: Path, setting: Setting, rows: Sequence[Row], command: str) -> tuple[Path, Path]:
    """Write out/NAME.md and out/NAME.svg and return their paths; `command` is the command line of the run."""
    environment = Environment(loader=PackageLoader("index_builder.experiments"), trim_blocks=True)
    folders = [folder.name for folder in setting.folders]
    accuracies = {name: {row.label: row.accuracies(name, 1) for row in rows} for name in folders}
    content = {
        "title": setting.experiment.title,
        "name": setting.name,
        "rows": rows,
        "folders": folders,
        "first": rows[0].label,
        "sentences": [sentence(row.label, row.difference, rows[0].label) for row in rows if row.difference],
        "steps": ", ".join(sorted({str(setting.preset(variant).steps) for variant in setting.experiment.variants})),
        "seeds": setting.seeds,
        "trunk": TRUNKS[setting.trunk],
        "start": setting.start_from.name if setting.start_from else None,
        "data": [_describe_folder(setting, rows[0], number) for number in range(len(folders))],
        "machines": sorted({run.machine for row in rows for run in row.runs}),
        "command": command,
        "signed": signed,
        "with_interval": with_interval,
    }
    out.mkdir(parents=True, exist_ok=True)
    table, plot = out / f"{setting.name}.md", out / f"{setting.name}.svg"
    table.write_text(environment.get_template("report.md").render(content) + "\n", encoding="utf-8")
    write_svg(draw_figure(setting.experiment.title, accuracies), plot)
    return table, plot


def as_json(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the figures by preset: acc@k by folder (mean, and each seed's), and the difference."""
    figures: dict[str, Any] = {}
    for row in rows:
        folders = {
            name: {f"acc@{k}": {"mean": _mean_accuracy(row, name, k), "seeds": row.accuracies(name, k)} for k in _RANKS}
            for name in row.runs[0].searches
        }
        figures[row.preset] = {"folders": folders}
        if row.difference:
            figures[row.preset] |= {
                "difference": row.difference.points,
                "interval": row.difference.interval,
                "verdict": row.difference.verdict.value,
            }
    return figures


def sentence(label: str, difference: Difference, first: str) -> str:
    """Write in plain words whether a part helps, does not, or is undecided."""
    figures = f"{signed(difference.points)} points of acc@1 against {first}"
    if difference.interval is None:
        return f"One seed does not show whether **{label}** helps: {figures}."
    low, high = difference.interval
    figures += f", 95 % interval {signed(low)} to {signed(high)}"
    if difference.verdict is Verdict.cannot_be_told:
        return f"This spread does not show whether **{label}** helps: {figures}."
    return f"**{label}** {difference.verdict} here: {figures}."


def signed(points: float) -> str:
    """Format points as +1.2, −1.2 or 0.0."""
    text = f"{points:+.1f}"
    return "0.0" if text[1:] == "0.0" else text.replace("-", "−")


def with_interval(difference: Difference) -> str:
    """Format a difference as +1.2 (−0.4 to +2.8)."""
    if difference.interval is None:
        return signed(difference.points)
    low, high = difference.interval
    return f"{signed(difference.points)} ({signed(low)} to {signed(high)})"


def _format_spread(mean: float, spread: float | None) -> str:
    """Format a mean with its spread."""
    return f"{mean:.1f}" if spread is None else f"{mean:.1f} ± {spread:.1f}"


def _mean_accuracy(row: Row, folder: str, k: int) -> float:
    """Return the mean acc@k of a row."""
    return mean_and_spread(row.accuracies(folder, k))[0]


def _describe_folder(setting: Setting, row: Row, number: int) -> str:
    """Describe one folder: numbers of training photos, sketches and held-out photos."""
    folder = setting.folders[number]
    held_out = len(folder.held_out().pairs)
    gallery = gallery_from(folder).value.replace("_", " ")
    return (
        f"{folder.name}: trained on {len(folder.pairs) - held_out} photos; "
        f"{len(row.runs[0].searches[folder.name].ranks)} sketches against the {gallery} of the {held_out} held out"
    )
