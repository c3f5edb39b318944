"""Growth of query time, memory and build time with the number of products, as a log-log plot with the slopes.

    python -m benchmarks.search.growth --data PAIRS... [--photos DIR...] [--most 10000000] [--runs 20] [--scratch DIR]
        [--out FILE] [--json]

Measures Flat up to a million products, whose keys take 2 GB, and the inverted file that `sketchfind tune` tries first,
searched in a sixteenth of its lists. All values are multiples of Flat's for a thousand products. Writes an SVG,
for which the extra `research` is needed. Ten million products take some ten minutes of two cores, and 20 GB of disk.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import torch

from app.index.index_spec import IndexSpec
from app.index.scratch_array import allocate_array
from app.index.segment import Segment
from benchmarks.support.report import add_scratch_option, create_parser, parse_options
from benchmarks.support.synthetic_galleries import Real, add_real_options, fill_array, generate_chunks, load_real
from benchmarks.support.timing import measure_seconds, median_seconds
from index_builder.experiments.plot import write_svg
from index_builder.gallery.tuning.trials import size_of
from index_builder.gallery.tuning.tune import factories_for

_KINDS = ("Flat", "IVF, PQ")
_MEASURES = ("query", "memory", "build")
_LEAST, _STEP = 1000, 10
_MOST_FLAT = 1_000_000
_INCHES = 3.8  # side of a plot
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


def draw_plots(curves: dict[str, dict[str, Curve]], path: Path) -> None:
    """Draw a log-log plot of each measure, as an SVG file."""
    from matplotlib.figure import Figure  # of the extra `research`

    figure = Figure(figsize=(_INCHES * len(curves), _INCHES), layout="constrained")
    for axes, (name, kinds) in zip(figure.subplots(1, len(curves), squeeze=False)[0], curves.items(), strict=True):
        for kind, curve in kinds.items():
            xs, ys = zip(*curve, strict=True)
            axes.loglog(xs, ys, marker=".", label=f"{kind}: slope {fit_slope(curve):.2f}")
        axes.set_title(f"{name}, Flat at {_LEAST:,} = 1")
        axes.set_xlabel("products")
        axes.grid(alpha=0.3)
        axes.legend()
    write_svg(figure, path)


def main() -> None:
    """Parse the options, measure, draw the plot and print the figures."""
    parser = create_parser(__doc__)
    add_real_options(parser)
    parser.add_argument(
        "--most", type=int, default=10_000_000, help="largest number of products (default: %(default)s)"
    )
    parser.add_argument(
        "--runs", type=int, default=20, help="searches per kind of index and size (default: %(default)s)"
    )
    add_scratch_option(parser)
    parser.add_argument(
        "--out", type=Path, default=Path("docs/images/growth.svg"), help="SVG file to write (default: %(default)s)"
    )
    options = parse_options(parser)
    real = load_real(options)  # creates data/ if it is missing
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        curves = measure_curves(real, options.most, options.runs, Path(scratch))
    draw_plots(curves, options.out)
    if options.json:
        print(json.dumps(curves))
        return
    for name, kinds in curves.items():
        for kind, curve in kinds.items():
            steps = ", ".join(f"{n:,}: {value:.3g}" for n, value in curve)
            print(f"{name:7} {kind:9} slope {fit_slope(curve):.2f}   {steps}")


if __name__ == "__main__":
    main()
