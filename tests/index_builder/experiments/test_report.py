from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection

from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.readers.read import read_pairs
from index_builder.experiments.definitions import Setting
from index_builder.experiments.plot import draw_figure, write_svg
from index_builder.experiments.report import Row, as_json, sentence, table_rows, write_table_and_plot
from index_builder.experiments.run_files import Run, Searches
from index_builder.experiments.significance import Difference
from tests.support.shape_pairs import write_shapes

SHARES = {  # acc@1 of each seed in tenths, in both folders
    "base": (5, 5, 5),
    "attention": (8, 8, 9),
    "attention-no-shortcut": (2, 2, 1),
    "fusion": (5, 6, 5),
    "holef": (2, 2, 2),
    "dssa": (9, 9, 9),
}


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    names = ("bags & co", "shoes")
    return Setting("ablation", tuple(folder(tmp_path_factory.mktemp("pairs") / name) for name in names), steps=200)


def folder(path: Path) -> PairFolder:
    return read_pairs(write_shapes(path, photos=10, sketches=1))


def invented_rows(setting: Setting, seeds: int = 3) -> list[Row]:
    """Build rows with a certain difference: of 40 sketches, the first few tenths have their photo at rank 1."""
    photos = np.array([str(i) for i in range(40)])
    runs = {
        name: [
            Run(
                {f.name: Searches(np.where(np.arange(40) < 4 * share, 1, 5), photos) for f in setting.folders},
                "an abacus",
            )
            for share in shares[:seeds]
        ]
        for name, shares in SHARES.items()
    }
    return table_rows(setting, runs)


def test_the_table_says_what_helps_and_what_does_not(setting: Setting, tmp_path: Path) -> None:
    table, _ = write_table_and_plot(tmp_path / "new", setting, invented_rows(setting), "sketchfind experiment ablation")
    text = table.read_text()
    assert "| base (`base`) | 50.0 ± 0.0 / 100.0 ± 0.0 | 50.0 ± 0.0 / 100.0 ± 0.0 | – | – |" in text
    rows = {line.split(" (`")[0]: line for line in text.splitlines() if "(`" in line}
    assert rows["| + attention"].startswith("| + attention (`attention`) | 83.3 ± 5.8 / 100.0 ± 0.0 | 83.3 ± 5.8")
    assert "| +33.3 (" in rows["| + attention"] and rows["| + attention"].endswith("| helps |")
    assert rows["| + HOLEF"].endswith("| does not help |") and "| −30.0 (" in rows["| + HOLEF"]
    assert rows["| + coarse-fine fusion"].endswith("| cannot be told |")
    assert "- **+ attention** helps here: +33.3 points of acc@1 against base, 95 % interval +" in text
    assert "- **+ HOLEF** does not help here: −30.0 points" in text
    assert "- This spread does not show whether **+ coarse-fine fusion** helps: +3.3 points" in text
    for words in (
        "200 steps, seeds 0 to 2",
        "Sketch-a-Net",
        "an abacus",
        "    sketchfind experiment ablation",
        "photos of",
    ):
        assert words in text


def test_tables_are_well_formed(setting: Setting, tmp_path: Path) -> None:
    for seeds in (1, 3):
        rows = invented_rows(setting, seeds)
        text = write_table_and_plot(tmp_path, setting, rows, "x")[0].read_text()
        tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
        assert [len(table) for table in tables] == [2 + 6, 2 + 5]
        assert all(len({line.count("|") for line in table}) == 1 for table in tables)


def test_one_seed_has_no_spread(setting: Setting, tmp_path: Path) -> None:
    alone = replace(setting, seeds=1, start_from=Path("some/start.safetensors"))
    table, plot = write_table_and_plot(tmp_path, alone, invented_rows(setting, seeds=1), "x")
    text = table.read_text()
    assert "±" not in text and "interval" not in text and "of one seed" in text and "started from" in text
    assert "One seed does not show whether **full model** helps: +40.0 points of acc@1 against base." in text
    assert "`start.safetensors`" in text and "some/" not in text
    assert "full model   90.0" in texts(plot) and not any("±" in text for text in texts(plot))


def test_the_plot_names_every_folder_and_variant(setting: Setting, tmp_path: Path) -> None:
    _, plot = write_table_and_plot(tmp_path, setting, invented_rows(setting), "x")
    words = texts(plot)
    assert words.count("bags & co") == 1 and words.count("acc@1 in percent") == 2
    assert words.count("+ attention   83.3 ± 5.8") == 2 and words.count("full model   90.0 ± 0.0") == 2


def texts(plot: Path) -> list[str]:
    return [text.text or "" for text in ElementTree.parse(plot).iter("{http://www.w3.org/2000/svg}text")]


def dots_of(axes: Axes) -> list[PathCollection]:
    return [part for part in axes.collections if isinstance(part, PathCollection)]


def test_the_plot_shows_every_run() -> None:
    figure = draw_figure("t", {"shoes": {"base": [40.0, 50.0, 60.0], "full": [80.0]}, "bags": {"base": [1.0]}})
    shoes, bags = figure.axes
    base, full = (np.asarray(dots.get_offsets()) for dots in dots_of(shoes))
    assert base[:, 0].tolist() == [40.0, 50.0, 60.0] and full.tolist() == [[80.0, 1.0]]
    assert np.all(np.abs(base[:, 1]) < 0.5) and len(set(base[:, 1])) == 3  # in the first row, beside one another
    assert shoes.get_ylim()[0] > shoes.get_ylim()[1]  # the first row is at the top
    bars = [part.get_segments()[0] for part in shoes.collections if isinstance(part, LineCollection)]
    assert [np.asarray(bar)[:, 0].tolist() for bar in bars] == [[40.0, 60.0]]  # one seed has no deviation
    dashed = shoes.lines[0]
    assert list(np.asarray(dashed.get_xdata())) == [50.0, 50.0] and bags.get_title(loc="left") == "bags"


def test_the_same_figure_gives_the_same_file(tmp_path: Path) -> None:
    paths = tmp_path / "a.svg", tmp_path / "b.svg"
    for path in paths:
        write_svg(draw_figure("t", {"shoes": {"base": [40.0, 50.0]}}), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_figures_as_json(setting: Setting) -> None:
    figures = json.loads(json.dumps(as_json(invented_rows(setting))))
    assert list(figures) == list(SHARES) and "verdict" not in figures["base"]
    assert figures["fusion"]["folders"]["shoes"]["acc@1"]["seeds"] == [50.0, 60.0, 50.0]
    assert figures["holef"]["verdict"] == "does not help" and figures["holef"]["interval"][1] < 0


def test_sentences() -> None:
    assert sentence("HOLEF", Difference(-0.02, (-0.5, 0.44)), "Euclidean") == (
        "This spread does not show whether **HOLEF** helps: 0.0 points of acc@1 against Euclidean, "
        "95 % interval −0.5 to +0.4."
    )
