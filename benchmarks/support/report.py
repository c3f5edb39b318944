"""How benchmarks print what they have measured."""

from __future__ import annotations

import json
from collections.abc import Mapping


def print_figures(figures: Mapping[str, object], as_json: bool) -> None:
    """Print figures: as one line of JSON, else one below the other, and JSON again where they are grouped."""
    if as_json:
        print(json.dumps(figures))
    elif any(isinstance(value, dict | list) for value in figures.values()):
        print(json.dumps(figures, indent=1))
    else:
        width = max(map(len, figures))
        print("\n".join(f"{name:{width}}  {value}" for name, value in figures.items()))
