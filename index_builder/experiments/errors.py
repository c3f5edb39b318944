"""Errors of experiments."""

from __future__ import annotations


class ExperimentError(ValueError):
    """The experiment cannot be run as asked, or kept figures do not belong to it."""
