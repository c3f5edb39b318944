"""What a training step learns from: each objective draws its batches, computes its loss and validates itself."""

from __future__ import annotations

from index_builder.objectives.categories import CategoryTriplets
from index_builder.objectives.human import HumanTriplets
from index_builder.objectives.objective import Batch, Objective, TrainingError
from index_builder.objectives.ranking import ContrastivePairs
from index_builder.objectives.recognition import Recognition
from index_builder.presets import Preset

__all__ = ["OBJECTIVES", "Batch", "Objective", "TrainingError", "find_objective"]

OBJECTIVES: dict[str, type[Objective]] = {
    "contrastive-pairs": ContrastivePairs,
    "human-triplets": HumanTriplets,
    "categories": CategoryTriplets,
    "recognition": Recognition,
}


def find_objective(preset: Preset) -> type[Objective]:
    """The preset's objective. Raises ValueError, naming the known ones."""
    if preset.objective not in OBJECTIVES:
        raise ValueError(f"unknown objective {preset.objective!r}: expected one of {', '.join(OBJECTIVES)}")
    return OBJECTIVES[preset.objective]
