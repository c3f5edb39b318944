"""Metrics and logs tell how the server does, and nothing of what people draw."""

from __future__ import annotations

import io
import json
import logging
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.main import create_app
from app.observability import log_setup as logs
from app.observability.request_context import RequestContext, current
from app.search.results import SearchResult
from app.search.retriever import Retriever
from app.settings import LogFormat, load_settings
from tests.conftest import PRODUCTS, running, serving
from tests.support.sketch_files import JSON, PNG, sketch_file, strokes_body


@pytest.fixture
def fresh(tiny_gallery: Path) -> Iterator[httpx.Client]:
    """Start a server without earlier requests."""
    with serving(tiny_gallery) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


def values(client: httpx.Client) -> dict[str, float]:
    """Read the metrics: samples, with their labels, and their values."""
    answer = client.get("/metrics")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain; version=")
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_what_happened_is_counted(fresh: httpx.Client) -> None:
    fresh.post("/search", content=strokes_body(), headers=JSON)
    fresh.post("/search", content=sketch_file(), headers=PNG)
    fresh.post("/search", content=b"hello", headers=PNG)
    fresh.get("/products/boot-1/similar")
    fresh.head("/products/boot-1")
    fresh.get("/nowhere")
    fresh.get("/search")
    fresh.get("/static/js/main.js")
    samples = values(fresh)
    requests = 'sketchfind_requests_total{method="%s",route="%s",status="%d"}'
    assert samples[requests % ("POST", "/search", 200)] == 2
    assert samples[requests % ("POST", "/search", 415)] == 1
    assert samples[requests % ("GET", "/products/{product_id}/similar", 200)] == 1
    assert samples[requests % ("HEAD", "/products/{product_id}", 200)] == 1
    assert samples[requests % ("GET", "none", 404)] == 1
    assert samples[requests % ("GET", "/static", 200)] == 1
    assert samples['sketchfind_rejected_total{code="not_an_image"}'] == 1
    assert samples['sketchfind_rejected_total{code="method_not_allowed"}'] == 1
    assert samples['sketchfind_request_seconds_count{route="/search"}'] >= 3
    for stage in ("preprocess", "embed", "candidates", "rerank", "total"):
        assert samples[f'sketchfind_stage_seconds_count{{stage="{stage}"}}'] == 3
    assert samples["sketchfind_batch_size_count"] == samples["sketchfind_batch_size_sum"] == 2
    assert samples["sketchfind_queue_length"] == 0
    assert samples["sketchfind_gallery_size"] == samples["sketchfind_gallery_revision"] == len(PRODUCTS)
    assert samples["process_resident_memory_bytes"] > 10**7
    health = fresh.get("/healthz").json()
    labels = f'build="",checkpoint="{health["checkpoint"]}",version="{health["version"]}"'
    assert samples[f"sketchfind_build_info{{{labels}}}"] == 1


def test_anybody_can_make_up_paths_and_methods_but_no_series(fresh: httpx.Client) -> None:
    fresh.get("/products/x")
    before = set(values(fresh)) | set(values(fresh))
    for number in range(20):
        fresh.get(f"/products/{number}")
        fresh.request(f"M{number}", "/products")
        fresh.get(f"/{number}")
    new = {name for name in set(values(fresh)) - before if "requests_total" in name}
    assert len(new) <= 2


def test_two_apps_count_apart(tiny_gallery: Path, fresh: httpx.Client) -> None:
    with serving(tiny_gallery) as other:
        httpx.get(f"{other}/nowhere")
        assert not [name for name in values(fresh) if "not_found" in name]


def test_it_is_ready_only_after_a_first_search(tiny_gallery: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(load_settings(gallery=tiny_gallery))
    seen: list[object] = []
    search = Retriever.search

    def watched(retriever: Retriever, *arguments: Any) -> SearchResult:
        seen.append(getattr(app.state, "service", None))
        return search(retriever, *arguments)

    monkeypatch.setattr(Retriever, "search", watched)
    with running(app) as url:
        assert httpx.get(f"{url}/readyz").status_code == 200
    assert seen == [None]  # and without a service, /readyz answers 503


def answered(caplog: pytest.LogCaptureFixture, count: int) -> list[logging.LogRecord]:
    """Wait for the log lines of so many requests, which are written after the answers."""
    deadline = time.monotonic() + 10
    while len(lines := [line for line in caplog.records if line.name == "app.asgi.access_log"]) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return lines


def test_every_request_is_logged_with_its_route(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "app.asgi.access_log")
    client.post("/search?category=Hats", content=strokes_body(), headers=JSON)
    [line] = answered(caplog, 1)
    fields = vars(line)["fields"]
    assert {**fields, "ms": 0} == {
        **{"method": "POST", "route": "/search", "status": 422, "ms": 0, "client": "127.0.0.1"},
        "code": "unknown_category",
    }
    assert re.fullmatch(r"POST /search 422 [\d.]+ ms 127\.0\.0\.1", line.getMessage())


def test_no_log_line_holds_a_sketch_a_query_or_a_key(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for body in (strokes_body(strokes=[[[123.25, 77.5], [10, 10]]]), b'{"width": 123.25, "strokes": 1}'):
        client.post("/search?category=secret-category", content=body, headers={**JSON, "X-API-Key": "sk_secret"})
    client.get("/products/secret-product", headers={"Authorization": "Bearer sk_secret"})
    text = logs.JsonFormatter()
    everything = "".join(text.format(line) for line in answered(caplog, 3))
    assert "/search" in everything and not re.search(r"secret|123\.25", everything)


def test_probes_are_counted_and_not_logged(fresh: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "app.asgi.access_log")
    for path in ("/healthz", "/readyz", "/metrics", "/categories"):
        assert fresh.get(path).status_code == 200
    [line] = answered(caplog, 1)
    assert vars(line)["fields"]["route"] == "/categories"
    assert values(fresh)['sketchfind_requests_total{method="GET",route="/healthz",status="200"}'] == 1


@pytest.mark.parametrize("format", ["json", "text"])
def test_logs_go_to_stderr_one_line_each(format: LogFormat, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    token = current.set(RequestContext("mine-1"))
    with logs.log_to_stderr(format):
        logging.getLogger("app.x").info("a %s", "b", extra={"fields": {"status": 200}})
        try:
            raise ValueError("broken")
        except ValueError:
            logging.getLogger("app.x").exception("it failed\nforged line")
    current.reset(token)
    if format == "text":
        assert "INFO app.x [mine-1]: a b\n" in written.getvalue()
        return
    first, second = (json.loads(line) for line in written.getvalue().splitlines())
    assert (first["message"], first["status"], first["request_id"], first["level"]) == ("a b", 200, "mine-1", "INFO")
    assert "ValueError: broken" in second["traceback"] and second["message"] == "it failed\nforged line"


def test_who_reads_the_log_slowly_holds_up_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.observability.log_setup._MAX_QUEUED", 5)
    read = threading.Event()

    class Unread(io.StringIO):
        def write(self, text: str) -> int:
            read.wait(30)
            return super().write(text)

    written = Unread()
    monkeypatch.setattr("sys.stderr", written)
    with logs.log_to_stderr("text"):
        for number in range(50):
            logging.getLogger("app.x").info("line %d", number)
        assert written.getvalue() == ""
        read.set()
    assert "line 0" in written.getvalue() and 5 <= written.getvalue().count("line") <= 10
