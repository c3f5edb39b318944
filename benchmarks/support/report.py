"""Command line of benchmarks: parsing of options, and output of figures."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal


def create_parser(description: str | None) -> argparse.ArgumentParser:
    """Create the parser of a benchmark, whose help shows its module's docstring with line breaks."""
    return argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)


def add_checkpoint_option(parser: argparse.ArgumentParser) -> None:
    """Add the option --checkpoint, by default the checkpoint that ships."""
    from model.checkpoint import DEFAULT_CHECKPOINT  # late: benchmarks.gpu runs where there is torch alone

    parser.add_argument(
        "--checkpoint", type=Path, default=DEFAULT_CHECKPOINT, help="checkpoint (default: the shipped one)"
    )


def add_split_option(parser: argparse.ArgumentParser, default: Literal["all", "held-out"]) -> None:
    """Add the option --split, a split of a pair folder."""
    from index_builder.datasets.pairs import SPLITS  # late, as in add_checkpoint_option()

    parser.add_argument(
        "--split",
        choices=SPLITS,
        default=default,
        help="pairs to use: all, or the fixed fifth that training holds out (default: %(default)s)",
    )


def add_sizes_option(parser: argparse.ArgumentParser, default: Sequence[int]) -> None:
    """Add the option --sizes, the sizes of galleries that are compared one after the other."""
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        default=[*default],
        help="numbers of photos to search among (default: %(default)s)",
    )


def add_scratch_option(parser: argparse.ArgumentParser) -> None:
    """Add the option --scratch, a folder with space for a large gallery."""
    parser.add_argument(
        "--scratch", type=Path, default=Path("data"), help="existing folder for temporary files (default: %(default)s)"
    )


def parse_options(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Add the option --json of print_figures() and parse the command line."""
    parser.add_argument("--json", action="store_true", help="print the figures as one line of JSON")
    return parser.parse_args()


def print_figures(figures: Mapping[str, object], *, as_json: bool) -> None:
    """Print figures.

    With `as_json` they are one line of JSON. Otherwise print one figure a line, or indented JSON if they are grouped.
    """
    if as_json:
        print(json.dumps(figures))
    elif any(isinstance(value, dict | list) for value in figures.values()):
        print(json.dumps(figures, indent=1))
    else:
        width = max(map(len, figures))
        print("\n".join(f"{name:{width}}  {value}" for name, value in figures.items()))
