"""Server of a gallery in a process of its own, as `sketchfind serve` runs it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from app.server import serve
from app.settings import load_settings
from tests.support.forks import Fork, forked


def leave_unchanged() -> None:
    """Change nothing."""


@contextmanager
def server_process(
    gallery: Path,
    change: Callable[[], object] = leave_unchanged,
    errors: Path | None = None,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[tuple[Fork, str]]:
    """Serve a gallery in a process until the block ends; yield the process and the base URL.

    `settings` are environment variables. The process calls `change`, a function of a module, before it serves. Its
    stderr goes to the file `errors`.
    """
    environment = {"SKETCHFIND_GALLERY": str(gallery), "SKETCHFIND_PORT": "0", **settings}
    with forked(_serve, environment, change, errors=errors) as server:
        line = server.output.readline()
        assert line.startswith("Sketchfind is ready: http://127.0.0.1:")
        yield server, line.split()[-1]


def _serve(environment: dict[str, str], change: Callable[[], object]) -> None:
    os.environ.update(environment)
    change()
    serve(load_settings())
