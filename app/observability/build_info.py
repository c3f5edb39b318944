"""Version of the installed package and build of the image, for operators."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

_BUILD = "SKETCHFIND_BUILD"  # set by the Dockerfile
_SHORT = 12  # hexadecimal digits: enough to tell checkpoints apart


@dataclass(frozen=True)
class BuildInfo:
    """Version of the package, and the git commit that it was built from, None if that is unknown."""

    version: str
    build: str | None

    def __str__(self) -> str:
        """Return both in words, such as "0.1.0 (build 1a2b3c4)"."""
        return f"{self.version} (build {self.build})" if self.build else self.version


def read_build_info(environment: Mapping[str, str] = os.environ) -> BuildInfo:
    """Read the version from the package's metadata, and the build from the environment."""
    return BuildInfo(_read_version(), environment.get(_BUILD) or None)


@cache
def _read_version() -> str:
    return version("sketchfind")


def short_hash(sha256: str | None) -> str | None:
    """Shorten a SHA-256 for people. None stays None."""
    return sha256 and sha256[:_SHORT]
