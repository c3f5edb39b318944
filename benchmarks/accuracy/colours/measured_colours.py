"""Measured colours of the demo's products: how often the main one is the one that they are named by.

    python -m benchmarks.accuracy.colours.measured_colours --source demo/source [--json]

`sketchfind demo` draws the photos into demo/source. The feed names 41 colours, such as oxblood; TRUE_NAMES says what a
shop's palette calls each. "among main" counts products whose true colour is among the main ones.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from PIL import Image

from app.colours.measure import measure_colors
from app.colours.shares import main_names
from benchmarks.support.report import create_parser, parse_options, print_figures

# fmt: off
TRUE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "black": "black", "ebony": "black", "charcoal": "grey", "grey": "grey", "silver": "grey", "steel": "grey",
        "white": "white", "cream": "beige", "beige": "beige", "sand": "beige", "pine": "beige", "beech": "beige",
        "ash": "beige", "jute": "beige", "camel": "brown", "tan": "brown", "cognac": "brown", "chestnut": "brown",
        "chocolate": "brown", "oak": "brown", "walnut": "brown", "cherry": "brown", "mahogany": "brown",
        "rust": "brown", "oxblood": "red", "red": "red", "coral": "orange", "orange": "orange", "mustard": "yellow",
        "yellow": "yellow", "gold": "yellow", "olive": "green", "forest": "green", "mint": "green", "teal": "blue",
        "sky": "blue", "blue": "blue", "navy": "blue", "lilac": "purple", "plum": "purple", "pink": "pink",
        "fuchsia": "pink", "blush": "pink",
    }
)
# fmt: on


def measure(source: Path) -> dict[str, object]:
    """Measure all products of a demo source. Returns percentages, and the products that are mistaken."""
    with (source / "feed.tsv").open(encoding="utf-8", newline="") as feed:
        rows = list(csv.DictReader(feed, delimiter="\t"))
    main, among, mistaken = 0, 0, Counter[str]()
    for row in rows:
        with Image.open(source / row["image_link"]) as photo:
            names = main_names(measure_colors(np.asarray(photo.convert("RGB"))))
        expected = TRUE_NAMES[row["color"]]
        among += expected in names
        if names[:1] == (expected,):
            main += 1
        else:
            mistaken[f"{row['id']}: {row['color']} is {' and '.join(names) or 'nothing'}"] += 1
    return {
        "products": len(rows),
        "main is true": round(100 * main / len(rows), 1),
        "true among main": round(100 * among / len(rows), 1),
        "mistaken": sorted(mistaken),
    }


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    parser.add_argument("--source", type=Path, required=True, help="folder with the demo's feed.tsv and photos")
    options = parse_options(parser)
    print_figures(measure(options.source), as_json=options.json)


if __name__ == "__main__":
    main()
