"""What tells one run from another: its recipe, its seed, and what it learns from."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from index_builder.training.config.presets import Preset

Identity = dict[str, Any]  # of JSON values only


def identify(preset: Preset, seed: int, **others: Any) -> Identity:
    """The identity of a run of the preset; `others` are JSON values by names that no part of a recipe has."""
    recipe = asdict(preset)
    del recipe["summary"]
    identity: Identity = json.loads(json.dumps({"seed": seed, **others, **recipe}))
    return identity


def difference(found: Identity, expected: Identity) -> str | None:
    """In words, the first thing in which two identities differ; None when they are equal."""
    for name in {**expected, **found}:
        ours, theirs = expected.get(name), found.get(name)
        if isinstance(ours, dict) and isinstance(theirs, dict):
            if list(ours.items()) == list(theirs.items()):
                continue
            if ours == theirs:  # folders take turns in their order
                return f"its {name} is in the order {', '.join(theirs)}, expected {', '.join(ours)}"
            ours, theirs = _without(theirs, ours), _without(ours, theirs)
        elif ours == theirs:
            continue
        return f"its {name} is {theirs!r}, expected {ours!r}"
    return None


def _without(others: Identity, values: Identity) -> Identity:
    """Those values that the others do not have."""
    return {name: value for name, value in values.items() if name not in others or others[name] != value}
