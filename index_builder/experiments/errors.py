"""Errors of experiments."""

from __future__ import annotations


class ExperimentError(ValueError):
    """Experiment that cannot be run as requested, or figures that do not belong to it."""
