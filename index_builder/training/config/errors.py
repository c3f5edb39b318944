"""Errors of training."""

from __future__ import annotations


class TrainingError(ValueError):
    """The run cannot start, or does not fit the state that it would resume."""
