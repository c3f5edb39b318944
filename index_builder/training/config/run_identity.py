"""Identity of a training run: its recipe, seed and data."""

from __future__ import annotations

import json
from dataclasses import MISSING, asdict, fields
from typing import Any

from index_builder.training.config.presets import Preset
from model.network.dssa import NetworkConfig

Identity = dict[str, Any]  # of JSON values only


def identify(preset: Preset, seed: int, **others: Any) -> Identity:
    """Return the identity of a run of the preset.

    `others` are further JSON values; no part of a recipe may have their names.
    """
    recipe = asdict(preset)
    del recipe["summary"]
    identity: Identity = json.loads(json.dumps({"seed": seed, **others, **recipe}))
    return identity


def difference(actual: Identity, expected: Identity) -> str | None:
    """Describe the first difference between two identities; None when they are equal.

    A part that is missing because it was recorded before recipes had that part has its default.
    """
    actual, expected = _fill_defaults(actual), _fill_defaults(expected)
    for name in {**expected, **actual}:
        ours, theirs = expected.get(name), actual.get(name)
        if isinstance(ours, dict) and isinstance(theirs, dict):
            if list(ours.items()) == list(theirs.items()):
                continue
            if ours == theirs:  # batches alternate between folders in their order
                return f"its {name} is in the order {', '.join(theirs)}, expected {', '.join(ours)}"
            ours, theirs = _select_different(theirs, ours), _select_different(ours, theirs)
        elif ours == theirs:
            continue
        return f"its {name} is {theirs!r}, expected {ours!r}"
    return None


def _fill_defaults(identity: Identity) -> Identity:
    network = _default_values(NetworkConfig) | identity.get("network", {})
    missing = {name: value for name, value in _default_values(Preset).items() if name not in identity}
    return identity | {"network": network} | missing


def _default_values(recipe: type[Preset | NetworkConfig]) -> Identity:
    """Return the JSON values of a recipe's fields that have a default."""
    values = {field.name: field.default for field in fields(recipe) if field.default is not MISSING}
    defaults: Identity = json.loads(json.dumps(values))
    return defaults


def _select_different(others: Identity, values: Identity) -> Identity:
    """Return the values that differ from the others' or are missing there."""
    return {name: value for name, value in values.items() if name not in others or others[name] != value}
