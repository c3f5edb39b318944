"""Errors of an evaluation."""

from __future__ import annotations


class EvaluationError(ValueError):
    """Pair folder that cannot be evaluated in the requested way."""
