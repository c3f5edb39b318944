"""Health checks succeed while a client holds more connections than there are descriptors, and the log stays short."""

from __future__ import annotations

import asyncio
import errno
import logging
import resource
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from app.asgi.file_descriptors import AcceptErrorHandler, max_connections, raise_limit
from tests.app.test_shutdown import connect
from tests.support.server_process import server_process

LIMIT = 512  # descriptors


def limit_descriptors() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, LIMIT))


def limit_descriptors_without_reserve() -> None:
    """Limit them as if other work had used the reserve."""
    limit_descriptors()
    pytest.MonkeyPatch().setattr("app.asgi.connection.max_connections", lambda: 10_000)


@pytest.mark.parametrize("limit", [limit_descriptors, limit_descriptors_without_reserve])
def test_health_checks_are_answered_while_a_client_holds_all_connections(
    tiny_gallery: Path, tmp_path: Path, limit: Callable[[], None]
) -> None:
    errors = tmp_path / "stderr"
    with server_process(tiny_gallery, limit, errors) as (_, url), ExitStack() as stack:
        for _ in range(2 * LIMIT):
            stack.enter_context(connect(url))
        for path in ("healthz", "readyz"):
            assert httpx.get(f"{url}/{path}", timeout=15).status_code == 200
    lines = [line for line in errors.read_text().splitlines() if "INFO" not in line]
    is_logged = limit is limit_descriptors_without_reserve
    assert len(lines) == is_logged, lines
    advice = f"idle ones were closed; raise the limit of open files, which is {LIMIT}"
    assert not is_logged or f"Too many open files): {advice}" in lines[0]


def test_a_shortage_is_logged_once_a_minute_and_other_errors_as_ever(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    relieved = list[None]()

    async def fail() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(AcceptErrorHandler(lambda: relieved.append(None)))
        for _ in range(5):
            for _ in range(100):
                loop.call_exception_handler({"message": "accept", "exception": OSError(errno.EMFILE, "none free")})
            await asyncio.sleep(0)
        assert len(relieved) == 5
        monkeypatch.setattr("app.asgi.file_descriptors._LOG_EVERY", 0)
        loop.call_exception_handler({"message": "accept", "exception": OSError(errno.EMFILE, "none free")})
        await asyncio.sleep(0)
        loop.call_exception_handler({"message": "another fault", "exception": OSError(errno.EIO, "broken")})

    with caplog.at_level(logging.ERROR):
        asyncio.run(fail())
    first, second, other = (record.getMessage() for record in caplog.records)
    assert "accept connections 1 times" in first and "accept connections 5 times" in second and "another fault" in other


@pytest.mark.parametrize(
    ("soft", "most"), [(64, 16), (1024, 352), (8512, 4096), (10**6, 4096), (resource.RLIM_INFINITY, 4096)]
)
def test_connections_leave_descriptors_for_other_work(monkeypatch: pytest.MonkeyPatch, soft: int, most: int) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, resource.RLIM_INFINITY))
    assert max_connections() == most


@pytest.mark.parametrize(
    ("limits", "raised"),
    [((1024, 4096), 4096), ((1024, 10**6), 8512), ((1024, -1), 8512), ((10**6, 10**6), None), ((-1, -1), None)],
)
def test_the_soft_limit_is_raised_as_far_as_it_helps(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], raised: int | None
) -> None:
    changes = list[tuple[int, int]]()
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, pair: changes.append(pair))
    raise_limit()
    assert changes == ([] if raised is None else [(raised, limits[1])])
