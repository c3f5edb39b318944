"""The paper's experiments: the compared presets, and the settings of a run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from index_builder.datasets.pairs import PairFolder
from index_builder.experiments.errors import ExperimentError
from index_builder.training.config.presets import Preset, find_preset


@dataclass(frozen=True)
class Variant:
    """One row of an experiment's table: a preset and its label."""

    preset: str
    label: str


@dataclass(frozen=True)
class Experiment:
    """Variants of one network; all others are compared with the first."""

    title: str
    variants: tuple[Variant, ...]


EXPERIMENTS: dict[str, Experiment] = {
    "ablation": Experiment(
        "The paper's parts, one at a time",
        (
            Variant("base", "base"),
            Variant("attention", "+ attention"),
            Variant("attention-no-shortcut", "+ attention without shortcut"),
            Variant("fusion", "+ coarse-fine fusion"),
            Variant("holef", "+ HOLEF"),
            Variant("dssa", "full model"),
        ),
    ),
    "losses": Experiment(
        "The full network's triplet loss over four distances",
        (
            Variant("attention-fusion", "Euclidean"),
            Variant("weighted-euclidean", "weighted Euclidean"),
            Variant("mahalanobis", "Mahalanobis"),
            Variant("dssa", "HOLEF"),
        ),
    ),
}

# the network under the compared parts: the paper's trunk, or one for few pairs, at half the time per step
TRUNKS = {
    "sketch-a-net": "Sketch-a-Net, the paper's trunk, on 225 px",
    "residual": "the small residual trunk on orientation maps, on 128 px",
}


@dataclass(frozen=True)
class Setting:
    """Everything that an experiment's figures depend on, besides variant and seed."""

    name: str
    folders: tuple[PairFolder, ...]
    seeds: int = 3
    steps: int | None = None  # the presets' own when None
    trunk: str = "sketch-a-net"
    start_from: Path | None = None  # checkpoint whose matching parts every variant starts from

    @property
    def experiment(self) -> Experiment:
        """Definition of the experiment. Raises ExperimentError for an unknown name."""
        if self.name not in EXPERIMENTS:
            raise ExperimentError(f"unknown experiment {self.name!r}: expected one of {', '.join(EXPERIMENTS)}")
        return EXPERIMENTS[self.name]

    def preset(self, variant: Variant) -> Preset:
        """Return the variant's recipe with the setting's steps and trunk.

        Raises ExperimentError for an unknown trunk.
        """
        if self.trunk not in TRUNKS:
            raise ExperimentError(f"unknown trunk {self.trunk!r}: expected one of {', '.join(TRUNKS)}")
        preset = find_preset(variant.preset, self.steps)
        if self.trunk == "sketch-a-net":
            return preset
        network = replace(preset.network, stem="orientations", backbone="residual")
        return replace(preset, network=network, size=128)
