from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from index_builder.datasets.public.download import DownloadError, download
from tests.support.file_server import FileServer, serving

CONTENT = np.random.default_rng(1).bytes(300_000)
OTHER = np.random.default_rng(2).bytes(200_000)
PAUSES = (0.0, 0.0)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving(CONTENT) as served:
        yield served


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "set.zip"


def get(server: FileServer, target: Path) -> list[tuple[int, int | None]]:
    """Download, and return the progress reports."""
    reports: list[tuple[int, int | None]] = []
    with httpx.Client(follow_redirects=True) as client:
        download(f"{server.url}/set.zip", target, client, lambda there, whole: reports.append((there, whole)), PAUSES)
    return reports


def interrupt(server: FileServer, target: Path, after: int) -> None:
    """Run a download that ends in the middle of the file: cut once, then refused until it gives up."""
    server.cuts, server.statuses = [after], [200, 503, 503, 503]
    with pytest.raises(DownloadError, match="503"):
        get(server, target)
    assert target.with_name("set.zip.partial").stat().st_size == after and not target.exists()
    server.asked.clear()


def test_the_whole_file_comes_with_progress(server: FileServer, target: Path) -> None:
    reports = get(server, target)
    assert target.read_bytes() == CONTENT
    assert [there for there, _ in reports] == sorted(there for there, _ in reports)
    assert reports[-1] == (len(CONTENT), len(CONTENT)) and len(reports) > 1
    assert [path.name for path in target.parent.iterdir()] == ["set.zip"]


def test_a_cut_connection_is_continued_in_the_same_run(server: FileServer, target: Path) -> None:
    server.cuts = [100_000, 150_000]
    get(server, target)
    assert target.read_bytes() == CONTENT
    assert server.asked == ["", "bytes=100000-", "bytes=250000-"]


def test_the_next_run_continues_where_the_last_one_ended(server: FileServer, target: Path) -> None:
    interrupt(server, target, 120_000)
    reports = get(server, target)
    assert target.read_bytes() == CONTENT
    assert server.asked == ["bytes=120000-"] and reports[0][0] > 120_000


def test_a_server_that_ignores_ranges_sends_it_all_again(
    server: FileServer, target: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.ranges = False
    server.cuts = [100_000]
    with caplog.at_level(logging.WARNING):
        get(server, target)
    assert target.read_bytes() == CONTENT and server.asked == ["", "bytes=100000-"]
    assert "set.zip starts again" in caplog.text


@pytest.mark.parametrize("if_range", [True, False])
@pytest.mark.parametrize("size", [200_000, 50_000])
def test_a_file_that_changed_meanwhile_starts_again(
    server: FileServer, target: Path, size: int, *, if_range: bool
) -> None:
    interrupt(server, target, 120_000)
    server.content, server.version, server.if_range = OTHER[:size], '"v2"', if_range
    get(server, target)
    assert target.read_bytes() == OTHER[:size]


@pytest.mark.parametrize("version", ["", 'W/"weak"'])
def test_bytes_of_an_unknown_version_are_not_continued(server: FileServer, target: Path, version: str) -> None:
    server.version = version
    server.cuts = [100_000]
    get(server, target)
    assert target.read_bytes() == CONTENT and server.asked == ["", ""]


def test_bytes_of_another_address_are_not_continued(server: FileServer, target: Path) -> None:
    interrupt(server, target, 120_000)
    with serving(OTHER) as moved:
        get(moved, target)
        assert moved.asked == [""]
    assert target.read_bytes() == OTHER


def test_an_error_of_the_moment_is_tried_again(server: FileServer, target: Path) -> None:
    server.statuses = [500, 503]
    get(server, target)
    assert target.read_bytes() == CONTENT and len(server.asked) == 3


def test_a_server_that_stays_broken_is_given_up(server: FileServer, target: Path) -> None:
    server.statuses = [500] * 9
    with pytest.raises(
        DownloadError, match=r"127.0.0.1:\d+/set.zip cannot be downloaded \(500 Internal Server Error\)"
    ):
        get(server, target)
    assert len(server.asked) == 1 + len(PAUSES)


def test_a_connection_that_is_always_cut_is_given_up(server: FileServer, target: Path) -> None:
    server.ranges, server.cuts = False, [1000] * 50
    with pytest.raises(DownloadError, match="cannot be downloaded"):
        get(server, target)
    assert len(server.asked) <= 2 + len(PAUSES)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_dead_link_is_not_tried_again(server: FileServer, target: Path, status: int) -> None:
    server.statuses = [status]
    with pytest.raises(DownloadError, match=f"cannot be downloaded \\({status} "):
        get(server, target)
    assert len(server.asked) == 1 and not list(target.parent.iterdir())


@pytest.mark.parametrize(
    ("kind", "page"),
    [
        ("text/html; charset=utf-8", b"<!-- sign in first -->"),
        ("application/zip", b"\n<!DOCTYPE html><html>Google Drive cannot scan this file for viruses"),
    ],
)
def test_a_page_is_not_taken_for_the_file(server: FileServer, target: Path, kind: str, page: bytes) -> None:
    server.content, server.kind = page, kind
    with pytest.raises(DownloadError, match="a web page came instead of the file"):
        get(server, target)
    assert not target.exists()


def test_nobody_listening_is_said_in_one_line(target: Path) -> None:
    with serving(CONTENT) as gone:
        pass
    with pytest.raises(DownloadError) as caught:
        get(gone, target)
    assert "cannot be downloaded" in str(caught.value) and "\n" not in str(caught.value)
