"""Errors of training."""

from __future__ import annotations


class TrainingError(ValueError):
    """Run that cannot start, or that does not match the state to resume from."""
