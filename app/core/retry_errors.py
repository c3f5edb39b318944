"""Errors of work that was refused or abandoned, and may succeed in a later retry."""

from __future__ import annotations


class RetryLaterError(Exception):
    """Work that was not done. A retry makes sense after `seconds`."""

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message)
        self.seconds = seconds


class BusyError(RetryLaterError):
    """Overload: a queue is full, or the work did not start in time."""


class TooLateError(RetryLaterError):
    """A timeout: the work was not done within its time limit."""


class NotReadyError(RetryLaterError):
    """Missing data: the work needs something that is not loaded yet."""
