"""Durations in the log lines of a server's life."""

from __future__ import annotations

import pytest

from app.serving.lifecycle_log import _duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3600, "1 h 0 min"),
        (90061, "1 d 1 h 1 min"),
        (86400, "1 d 0 h 0 min"),
    ],
)
def test_a_duration_begins_with_its_largest_unit(seconds: float, text: str) -> None:
    assert _duration(seconds) == text
