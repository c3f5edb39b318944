"""File of the figures of peers, by which a run of some hours can be interrupted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.search.peers.measure import Figures

Outcomes = Mapping[int, Mapping[str, Figures | str]]
"""Figures of each peer by its name, by N; a text says why there are none."""


def read_outcomes(path: Path) -> Outcomes:
    """Read the file of figures, in ascending order of N. Without a file, there are none."""
    return {
        int(n): {name: value if isinstance(value, str) else Figures(**value) for name, value in peers.items()}
        for n, peers in sorted(_read(path).items(), key=lambda item: int(item[0]))
    }


def store_outcome(path: Path, n: int, name: str, outcome: Figures | str) -> None:
    """Store the outcome of a peer in the file, instead of an older one."""
    stored = _read(path)
    stored.setdefault(str(n), {})[name] = outcome if isinstance(outcome, str) else asdict(outcome)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(stored, indent=1))
    partial.rename(path)


def _read(path: Path) -> dict[str, dict[str, Any]]:
    stored: dict[str, dict[str, Any]] = json.loads(path.read_text()) if path.is_file() else {}
    return stored
