"""Growth of query time, memory and build time with the number of products, as a log-log plot with the slopes.

    python -m benchmarks.search.growth --data PAIRS... [--photos DIR...] [--most 10000000] [--runs 20] [--scratch DIR]
        [--out FILE] [--json]

Measures Flat up to a million products, whose keys take 2 GB, and the inverted file that `sketchfind tune` tries first,
searched in a sixteenth of its lists. All values are multiples of Flat's for a thousand products. Writes an SVG. Ten
million products take some ten minutes of two cores, and 20 GB of disk.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from app.index.index_spec import IndexSpec
from app.index.scratch_array import allocate_array
from app.index.segment import Segment
from benchmarks.support.report import create_parser, parse_options
from benchmarks.support.synthetic_galleries import Real, add_real_options, fill_array, generate_chunks, load_real
from benchmarks.support.timing import measure_seconds, median_seconds
from index_builder.gallery.tuning.trials import size_of
from index_builder.gallery.tuning.tune import factories_for

_KINDS = ("Flat", "IVF, PQ")
_MEASURES = ("query", "memory", "build")
_COLOURS = ("#1f6feb", "#d1632a")
_LEAST, _STEP = 1000, 10
_MOST_FLAT = 1_000_000
_SIDE, _GAP, _EDGE = 260, 70, 50  # px: a plot, between plots, around them
Curve = list[tuple[int, float]]


def measure(real: Real, n: int, runs: int, scratch: Path) -> dict[tuple[str, str], float]:
    """Measure seconds and bytes by measure and kind, for n products. Large arrays of embeddings lie in `scratch`."""
    distance = real.checkpoint.network.distance
    array = allocate_array((n, distance.dim), scratch)
    embeddings = fill_array(array, generate_chunks(real.photos, n, seed=1))
    queries = distance.query(torch.from_numpy(real.sketches)).detach().numpy()
    live, rows = np.ones(n, bool), np.arange(n, dtype=np.int64)
    values: dict[tuple[str, str], float] = {}
    segments: dict[str, Segment] = {}
    factories = dict(zip(_KINDS, ("Flat", factories_for(distance, n)[0]), strict=True))
    if n > _MOST_FLAT:
        del factories["Flat"]
    for kind, factory in factories.items():

        def build(_: int, kind: str = kind, factory: str = factory) -> None:
            segments[kind] = Segment.build(distance, embeddings, rows, IndexSpec(factory))

        values["build", kind] = measure_seconds(build)
        values["memory", kind] = size_of(segments[kind].index)

    def search(kind: str, run: int) -> object:
        return segments[kind].nearest(queries[run % len(queries)][None], 100, live)

    sides = {kind: (lambda run, kind=kind: search(kind, run)) for kind in segments}
    values |= {("query", kind): time for kind, time in median_seconds(sides, runs).items()}
    return values


def measure_curves(real: Real, most: int, runs: int, scratch: Path) -> dict[str, dict[str, Curve]]:
    """Measure curves by measure and kind: pairs of N and the multiple of Flat's value for the smallest N."""
    sizes = [_LEAST * _STEP**power for power in range(20) if _LEAST * _STEP**power <= most]
    values = {n: measure(real, n, runs, scratch) for n in sizes}
    unit = {name: values[sizes[0]][name, "Flat"] for name in _MEASURES}

    def curve(name: str, kind: str) -> Curve:
        return [(n, value[name, kind] / unit[name]) for n, value in values.items() if (name, kind) in value]

    return {name: {kind: curve(name, kind) for kind in _KINDS} for name in _MEASURES}


def fit_slope(curve: Curve) -> float:
    """Fit the exponent of a curve's growth over its last two steps: 1 is in proportion to N."""
    xs, ys = np.log10(np.array(curve[-3:])).T
    return float(np.polyfit(xs, ys, 1)[0])


def draw_plots(curves: dict[str, dict[str, Curve]]) -> str:
    """Draw an SVG with a log-log plot for each measure."""
    width = _EDGE * 2 + len(curves) * _SIDE + (len(curves) - 1) * _GAP
    body = "".join(
        _draw_plot(name, kinds, _EDGE + i * (_SIDE + _GAP)) for i, (name, kinds) in enumerate(curves.items())
    )
    size = f'viewBox="0 0 {width} {_SIDE + 2 * _EDGE}" width="{width}" height="{_SIDE + 2 * _EDGE}"'
    style = "text{font:12px sans-serif;fill:#444}path{fill:none}"
    ground = '<rect width="100%" height="100%" fill="#fff"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{style}</style>{ground}{body}</svg>\n'


def _draw_plot(name: str, kinds: dict[str, Curve], left: float) -> str:
    points = np.log10(np.array([point for curve in kinds.values() for point in curve]))
    low, high = np.floor(points.min(0)), np.ceil(points.max(0))

    def place(point: Sequence[float]) -> tuple[float, float]:
        x, y = (np.log10(point) - low) / np.maximum(high - low, 1)
        return left + float(x) * _SIDE, _EDGE + (1 - float(y)) * _SIDE

    parts = [f'<text x="{left}" y="{_EDGE - 28}" font-weight="bold">{name}, Flat at {_LEAST:,} = 1</text>']
    for power in range(int(low[0]), int(high[0]) + 1):
        x, _ = place((10.0**power, 10.0 ** low[1]))
        parts.append(_draw_line(x, _EDGE, x, _EDGE + _SIDE))
        parts.append(f'<text x="{x:.0f}" y="{_EDGE + _SIDE + 18}" text-anchor="middle">10^{power}</text>')
    for power in range(int(low[1]), int(high[1]) + 1):
        _, y = place((10.0 ** low[0], 10.0**power))
        parts.append(_draw_line(left, y, left + _SIDE, y))
        parts.append(f'<text x="{left - 6}" y="{y + 4:.0f}" text-anchor="end">10^{power}</text>')
    for number, ((kind, curve), colour) in enumerate(zip(kinds.items(), _COLOURS, strict=True)):
        way = " L".join(f"{x:.1f},{y:.1f}" for x, y in map(place, curve))
        parts.append(f'<path d="M{way}" stroke="{colour}" stroke-width="2"/>')
        words = f"{kind}: slope {fit_slope(curve):.2f}"
        parts.append(f'<text x="{left + 8}" y="{_EDGE + 16 * (number + 1)}" style="fill:{colour}">{words}</text>')
    return "".join(parts)


def _draw_line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path d="M{x1:.1f},{y1:.1f} L{x2:.1f},{y2:.1f}" stroke="#ddd"/>'


def main() -> None:
    """Parse the options, measure, draw the plot and print the figures."""
    parser = create_parser(__doc__)
    add_real_options(parser)
    parser.add_argument("--most", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--scratch", type=Path, default=Path("data"))
    parser.add_argument("--out", type=Path, default=Path("docs/images/growth.svg"))
    options = parse_options(parser)
    real = load_real(options)  # creates data/ if it is missing
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        curves = measure_curves(real, options.most, options.runs, Path(scratch))
    options.out.write_text(draw_plots(curves))
    if options.json:
        print(json.dumps(curves))
        return
    for name, kinds in curves.items():
        for kind, curve in kinds.items():
            steps = ", ".join(f"{n:,}: {value:.3g}" for n, value in curve)
            print(f"{name:7} {kind:9} slope {fit_slope(curve):.2f}   {steps}")


if __name__ == "__main__":
    main()
