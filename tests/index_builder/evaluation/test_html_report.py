from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from index_builder.datasets.pairs import PairFolder
from index_builder.evaluation.evaluate import Evaluation, Query
from index_builder.evaluation.html_report import write_report
from index_builder.evaluation.protocols import GalleryFrom
from index_builder.evaluation.report_images import overlay
from model.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from model.network.dssa import DSSA, NetworkConfig
from model.preprocessing.preprocess import PreprocessConfig
from tests.support.drawings import drawings


def checkpoint_with(attention: str, directory: Path) -> Checkpoint:
    torch.manual_seed(1)
    network = DSSA(NetworkConfig("orientations", "residual", attention, ("coarse", "stem"), "holef"))
    path = directory / f"{attention}.safetensors"
    return load_checkpoint(save_checkpoint(path, network, PreprocessConfig(size=64)))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return checkpoint_with("shortcut", tmp_path_factory.mktemp("net"))


@pytest.fixture(scope="module")
def folder() -> PairFolder:
    return replace(drawings(), name="shapes <b>")


def ranked(folder: PairFolder, ranks: Iterable[int]) -> Evaluation:
    """Build an evaluation in which the ranks of the sketches' true photos repeat `ranks`."""
    ids = [pair.photo_id for pair in folder.pairs]
    queries = []
    for (truth, sketch), rank in zip(
        ((pair.photo_id, sketch) for pair in folder.pairs for sketch in pair.sketches), cycle(ranks), strict=False
    ):
        others = [photo_id for photo_id in ids if photo_id != truth]
        queries.append(Query.found(sketch, truth, [*others[: rank - 1], truth, *others[rank - 1 :]]))
    return Evaluation(tuple(queries), len(ids))


@pytest.fixture(scope="module")
def evaluation(folder: PairFolder) -> Evaluation:
    return ranked(folder, (1, 3, 1, 12, 1, 2, 16, 5))


@pytest.fixture(scope="module")
def page(
    folder: PairFolder, checkpoint: Checkpoint, evaluation: Evaluation, tmp_path_factory: pytest.TempPathFactory
) -> str:
    directory = tmp_path_factory.mktemp("reports") / "new" / "report"
    path = write_report(directory, folder, "all", checkpoint, GalleryFrom.photos, {1: evaluation})
    assert path == directory / "report.html"
    return path.read_text()


def section(page: str, heading: str) -> str:
    """Return the text after a heading, up to the next one."""
    return page.split(f"<h2>{heading}</h2>")[1].split("<h2>")[0]


def test_the_page_holds_all_it_needs(page: str) -> None:
    sources = re.findall(r'src="([^"]*)"', page)
    assert sources and all(source.startswith("data:image/webp;base64,") for source in sources)
    rest = re.sub(r"base64,[^\"]*", "", page)
    assert "http" not in rest and "<script" not in rest and "<link" not in rest and "@import" not in rest
    assert Image.open(io.BytesIO(base64.b64decode(sources[0].partition(",")[2]))).size == (160, 160)


def test_figures_stand_with_their_intervals_under_an_escaped_title(page: str, evaluation: Evaluation) -> None:
    assert "<h1>shapes &lt;b&gt;, all</h1>" in page and "shapes <b>" not in page
    for value, low, high in evaluation.figures().values():
        assert re.search(rf"<dd>{value:.1f}.*?{low:.1f} to {high:.1f}</dd>", page, re.S)
    assert "product’s protocol" in page and "paper’s protocol" not in page


def test_queries_show_their_first_results_with_the_true_one_framed(page: str, evaluation: Evaluation) -> None:
    sheet = section(page, "Queries from best to worst")
    rows = sheet.split("<tr>")[2:]
    by_rank = sorted(evaluation.queries, key=lambda query: query.rank)
    assert len(rows) == 20 and f"rank {by_rank[0].rank}<" in rows[0] and f"rank {by_rank[-1].rank}<" in rows[-1]
    for row in rows:
        rank = int(re.findall(r"rank (\d+)<", row)[0])
        assert row.count('alt="result ') == 8
        framed = re.findall(r'alt="result (\d)" class="true"', row)
        assert framed == ([str(rank)] if rank <= 8 else [])


def test_the_worst_misses_come_worst_first(page: str, evaluation: Evaluation) -> None:
    shown = [int(rank) for rank in re.findall(r"rank (\d+)<", section(page, "The worst misses"))]
    missed = sorted((query.rank for query in evaluation.queries if query.rank > 1), reverse=True)
    assert missed and shown == missed[:12]


def test_without_misses_the_page_says_so(folder: PairFolder, checkpoint: Checkpoint, tmp_path: Path) -> None:
    perfect = {1: ranked(folder, [1])}
    page = write_report(tmp_path, folder, "all", checkpoint, GalleryFrom.photos, perfect).read_text()
    assert "every true photo came first" in section(page, "The worst misses")


def test_attention_lies_over_sketch_photo_and_a_first_result_that_is_another(page: str) -> None:
    figures = section(page, "Attention").split("<figure>")[1:]
    assert len(figures) == 8
    ranks = [int(re.findall(r"rank (\d+)<", figure)[0]) for figure in figures]
    assert min(ranks) == 1 < max(ranks)
    for figure, rank in zip(figures, ranks, strict=True):
        captions = ["sketch", "true photo", *(["first result"] if rank > 1 else [])]
        assert re.findall(r"<small>([a-z ]+)</small>", figure) == captions
        assert [alt.removeprefix("attention over the ") for alt in re.findall(r'alt="([^"]*)"', figure)] == captions


def test_a_network_without_attention_has_no_such_section(folder: PairFolder, tmp_path: Path) -> None:
    checkpoint = checkpoint_with("none", tmp_path)
    result = {1: ranked(folder, (1, 4))}
    page = write_report(tmp_path, folder, "all", checkpoint, GalleryFrom.photos, result).read_text()
    assert "<h2>Attention</h2>" not in page and "<h2>The worst misses</h2>" in page


def test_both_numbers_of_views_and_a_drawing_in_progress_are_shown(
    folder: PairFolder, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    edges = GalleryFrom.edge_maps
    by_views = {10: ranked(folder, (1, 1, 2)), 1: ranked(folder, (1, 2, 3))}
    drawn = {percent: ranked(folder, (1, 1 + (100 - percent) // 8)) for percent in (20, 40, 60, 80, 100)}
    page = write_report(tmp_path, folder, "held-out", checkpoint, edges, by_views, drawn).read_text()
    assert re.findall(r'<li class="c\d">(.*?)</li>', page) == ["10 views", "one view", "acc@10", "acc@1"]
    assert "paper’s protocol" in page and "averaged over 10" in page
    progress = section(page, "Drawing in progress")
    assert re.findall(r"(\d+) %</small>", progress) == ["20", "40", "60", "80", "100"] * 4
    for percent, evaluation in drawn.items():
        assert f"acc@10, {percent} %: {evaluation.figures()['acc@10']}" in progress
    assert f"{by_views[10].acc_at_k(1):.1f}<small> %" in page


def test_attention_colours_the_ground_and_leaves_the_ink() -> None:
    frame = np.full((256, 256), 255, np.uint8)
    frame[:, 100:104] = 0
    strength = np.zeros((4, 4), np.float32)
    strength[3, 0] = 1
    pixels = np.asarray(overlay(frame, strength)).astype(int)
    assert (pixels[:, 100:104] == 0).all()
    assert (pixels[:64, 160:] == 255).all()
    red, green, blue = pixels[240, 10]
    assert red > green + 100 and red > blue + 100
