"""Errors of work that was refused or given up, and may succeed when it is tried again later."""

from __future__ import annotations


class RetryLaterError(Exception):
    """Work that was not done for now. `seconds`: after how long a retry makes sense."""

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message)
        self.seconds = seconds


class BusyError(RetryLaterError):
    """The server is overloaded: a queue is full, or the work's turn has not come in time."""


class TooLateError(RetryLaterError):
    """The work has not been done within its time limit."""


class NotReadyError(RetryLaterError):
    """What the work needs is not loaded yet."""
