"""Errors of a bucket."""

from __future__ import annotations


class BucketError(OSError):
    """A bucket that does not answer, or refuses a request. The message names it, its endpoint and the reason."""
