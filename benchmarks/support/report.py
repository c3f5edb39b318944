"""Output of the figures of benchmarks."""

from __future__ import annotations

import json
from collections.abc import Mapping


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
