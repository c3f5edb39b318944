"""Training objectives: each draws its batches, computes its loss and validates itself."""

from __future__ import annotations

from index_builder.training.config.presets import Preset
from index_builder.training.objectives.base import Objective
from index_builder.training.objectives.categories import CategoryTriplets
from index_builder.training.objectives.human_triplets import HumanTriplets
from index_builder.training.objectives.ranking import ContrastivePairs
from index_builder.training.objectives.recognition import Recognition

OBJECTIVES: dict[str, type[Objective]] = {
    "contrastive-pairs": ContrastivePairs,
    "human-triplets": HumanTriplets,
    "categories": CategoryTriplets,
    "recognition": Recognition,
}


def find_objective(preset: Preset) -> type[Objective]:
    """Return the preset's objective. Raises ValueError, listing the known ones."""
    if preset.objective not in OBJECTIVES:
        raise ValueError(f"unknown objective {preset.objective!r}: expected one of {', '.join(OBJECTIVES)}")
    return OBJECTIVES[preset.objective]
