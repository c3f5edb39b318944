"""Errors of an evaluation."""

from __future__ import annotations


class EvaluationError(ValueError):
    """The pair folder cannot be evaluated in the way asked for."""
