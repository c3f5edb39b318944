"""An evaluation as one self-contained HTML page: the curve of acc@k, and queries with their first results."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, select_autoescape
from PIL import Image

from index_builder.evaluate import SHOWN, Evaluation, Query
from index_builder.pairs import Pair, PairFolder, open_image

_THUMBNAIL = 112  # px
_QUERIES = 24  # evenly over all ranks, and as many of the worst
_CURVE = 50  # the last k of the curve


def write_report(directory: Path, title: str, folder: PairFolder, evaluation: Evaluation) -> Path:
    """Write report.html into the directory, which is made, and return its path."""
    pictures = _Pictures(folder)
    by_rank = sorted(evaluation.queries, key=lambda query: query.rank)
    spread = [by_rank[i] for i in sorted({int(i) for i in np.linspace(0, len(by_rank) - 1, _QUERIES)})]
    environment = Environment(loader=PackageLoader("index_builder"), autoescape=select_autoescape())
    page = environment.get_template("report.html").render(
        title=title,
        figures=evaluation.as_json(),
        curve=_curve(evaluation),
        sections=[
            ("Queries from best to worst", [pictures.row(query) for query in spread]),
            ("The worst misses", [pictures.row(query) for query in by_rank[: -_QUERIES - 1 : -1]]),
        ],
    )
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def _curve(evaluation: Evaluation) -> list[tuple[int, float]]:
    """acc@k for k from 1, in percent."""
    return [(k, evaluation.acc_at_k(k)) for k in range(1, min(_CURVE, evaluation.n_gallery) + 1)]


class _Pictures:
    """Thumbnails of a pair folder's images as data URLs, each made once."""

    def __init__(self, folder: PairFolder) -> None:
        self._pairs = {pair.photo_id: pair for pair in folder.pairs}
        self._made: dict[Path, str] = {}

    def row(self, query: Query) -> dict[str, object]:
        """What the template shows of a query: its sketch, rank, true photo and first results."""
        return {
            "sketch": self._thumbnail(query.sketch),
            "name": query.sketch.stem,
            "rank": query.rank,
            "truth": self._of(query.truth),
            "results": [(self._of(found), found == query.truth) for found in query.first[:SHOWN]],
        }

    def _of(self, photo_id: str) -> str:
        pair: Pair = self._pairs[photo_id]
        path = pair.photo or pair.edge_map
        return self._thumbnail(path) if path else ""

    def _thumbnail(self, path: Path) -> str:
        if path not in self._made:
            image = open_image(path).convert("RGB")
            image.thumbnail((_THUMBNAIL, _THUMBNAIL), Image.Resampling.LANCZOS)
            buffer = io.BytesIO()
            image.save(buffer, "WEBP", quality=80)
            self._made[path] = "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
        return self._made[path]
