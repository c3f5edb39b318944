"""Fixture of the tests that train."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def torch_engine() -> Iterator[None]:
    """Let torch compute embeddings: another engine is made for each network that a test trains, in half a second."""
    with pytest.MonkeyPatch.context() as context:
        context.setenv("SKETCHFIND_ENGINE", "torch")
        yield
