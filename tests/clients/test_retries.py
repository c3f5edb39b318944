"""What the Python clients send again, and how they report what is not an answer of the server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import httpx
import pytest

from sketchfind_client import Client, SketchfindError
from sketchfind_client import retries as retries_module
from tests.clients.blocking import BlockingClient

Step = httpx.Response | type[httpx.RequestError]
CLIENTS = [Client, cast(type[Client], BlockingClient)]
OK = httpx.Response(200, json={"status": "ok", "new": 1})


def refusal(code: str, status: int = 503, headers: dict[str, str] | None = None) -> httpx.Response:
    error = {"error": {"code": code, "message": "m", "detail": {"a": 1}}}
    return httpx.Response(status, json=error, headers=headers or {"Retry-After": "0"})


def perform(
    kind: type[Client], steps: Sequence[Step], use: Callable[[Client], Any], retries: int = 3
) -> tuple[Any, int]:
    """Return the result of an operation, or its error, and the number of requests. Each step answers one request."""
    left = list(steps)

    def answer(request: httpx.Request) -> httpx.Response:
        step = left.pop(0)
        if isinstance(step, type):
            raise step("broken", request=request)
        return httpx.Response(step.status_code, content=step.content, headers=step.headers)

    client = kind("http://shop.example/find/", transport=httpx.MockTransport(answer), retries=retries)
    try:
        result = use(client)
    except SketchfindError as error:
        result = error
    finally:
        client.close()
    return result, len(steps) - len(left)


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries_module, "_FIRST_DELAY", 0.001)


@pytest.mark.parametrize("kind", CLIENTS)
@pytest.mark.parametrize("first", [refusal("busy"), refusal("too_many_requests", 429), httpx.ReadTimeout])
def test_a_read_is_tried_again(kind: type[Client], first: Step) -> None:
    result, count = perform(kind, [first, first, OK], lambda client: client.check_health())
    assert (result, count) == ({"status": "ok", "new": 1}, 3)  # fields that are not known stay


@pytest.mark.parametrize("kind", CLIENTS)
def test_searches_and_events_are_reads(kind: type[Client]) -> None:
    for use in (lambda client: client.search(b"png"), lambda client: client.record_events("a", [])):
        result, count = perform(kind, [httpx.ConnectError, refusal("stopping"), OK], use)
        assert count == 3 and result["status"] == "ok"


@pytest.mark.parametrize(
    ("first", "expected"),
    [(refusal("busy"), 2), (refusal("stopping"), 1), (refusal("no_database"), 1), (httpx.ReadTimeout, 1)],
)
@pytest.mark.parametrize("kind", CLIENTS)
def test_a_change_is_tried_again_only_where_nothing_was_stored(kind: type[Client], first: Step, expected: int) -> None:
    for use in (
        lambda client: client.start_import(b"id"),
        lambda client: client.put_product("a", photos=[b"jpg"]),
        lambda client: client.patch_products([{"product_id": "a"}]),
    ):
        assert perform(kind, [first, OK], use)[1] == expected


@pytest.mark.parametrize("headers", [{"Retry-After": "3600"}, {"Retry-After": "Fri, 31 Dec 1999"}, {"Other": "1"}])
def test_without_a_short_retry_after_a_refusal_is_an_error(headers: dict[str, str]) -> None:
    error, count = perform(Client, [refusal("busy", headers=headers), OK], lambda client: client.check_health())
    assert count == 1 and (error.code, error.detail, error.status) == ("busy", {"a": 1}, 503)


def test_retries_end() -> None:
    error, count = perform(Client, [refusal("busy")] * 9, lambda client: client.check_health(), retries=2)
    assert count == 3 and error.code == "busy"
    error, count = perform(Client, [httpx.ConnectError] * 9, lambda client: client.check_health(), retries=0)
    assert (count, error.code, error.status) == (1, "unreachable", None)
    assert "http://shop.example/find/healthz" in error.message and "broken" in error.message


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(502, html="<h1>Bad gateway"), httpx.Response(200, text="login"), httpx.Response(500, json=[1])],
)
def test_what_no_server_of_ours_answers_is_an_error(answer: httpx.Response) -> None:
    error, _ = perform(Client, [answer], lambda client: client.check_health())
    assert (error.code, error.status, error.detail) == ("unexpected_answer", answer.status_code, answer.text)


@pytest.mark.parametrize("kind", CLIENTS)
def test_waiting_for_an_import_ends(kind: type[Client]) -> None:
    running = httpx.Response(200, json={"id": "a", "state": "running"})
    error, count = perform(kind, [running] * 9, lambda client: client.wait_for_import("a", timeout=0.01))
    assert (error.code, count) == ("import_unfinished", 1) and "import a is running" in error.message
