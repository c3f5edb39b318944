"""Rate limits, and the key by which they tell clients apart."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx
import pytest

from app.api.authentication import WriteAccess
from app.asgi.client_address import rate_limit_key
from app.asgi.rate_limit import BURST, RateLimiter
from app.main import create_app
from app.settings import load_settings
from tests.conftest import running, serving
from tests.support.sketch_files import ZIGZAG, refused


class Clock:
    """Clock that moves only when a test sets it."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


def test_a_burst_then_a_steady_rate() -> None:
    clock = Clock()
    limiter = RateLimiter(4, clock)
    assert [limiter.acquire("a") for _ in range(4 * BURST)] == [0] * (4 * BURST)
    assert limiter.acquire("a") == pytest.approx(0.25) and limiter.acquire("b") == 0
    clock.now += 0.25
    assert limiter.acquire("a") == 0 and limiter.acquire("a") == pytest.approx(0.25)
    clock.now += 1000
    assert [limiter.acquire("a") for _ in range(4 * BURST)] == [0] * (4 * BURST) and limiter.acquire("a")


def test_a_shopper_who_draws_fast_never_meets_the_limit() -> None:
    clock = Clock()
    limiter = RateLimiter(load_settings(gallery=Path("here")).search_rate, clock)
    for _ in range(5 * 60 * 4):  # five minutes of strokes; the page sends at most about four a second
        assert all(limiter.acquire("office") == 0 for _ in range(5))  # with four colleagues behind one address
        clock.now += 0.25


def test_a_rate_of_less_than_one_in_the_burst_allows_one() -> None:
    limiter = RateLimiter(0.01, Clock())
    assert limiter.acquire("a") == 0 and limiter.acquire("a") == pytest.approx(100)


def test_no_rate_is_no_limit() -> None:
    limiter = RateLimiter(0, Clock())
    assert not any(limiter.acquire("a") for _ in range(10_000))


def test_clients_are_forgotten_when_that_loses_nothing_and_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.asgi.rate_limit._MAX_CLIENTS", 100)
    clock = Clock()
    limiter = RateLimiter(1, clock)
    for number in range(1000):
        limiter.acquire(str(number))
    assert len(limiter._full_at) <= 101
    clock.now += 10
    for _ in range(200):
        limiter.acquire("last")
        clock.now += 2
    assert list(limiter._full_at) == ["last"]


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("nobody", "unknown"),
        ("x" * 10**5, "unknown"),
    ],
)
def test_an_ipv6_client_is_a_network(address: str, client: str) -> None:
    assert rate_limit_key({"type": "http", "client": (address, 1)}) == client
    assert rate_limit_key({"type": "http", "client": None}) == "unknown"


def search(url: str, forwarded: str | None = None) -> httpx.Response:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    return httpx.post(f"{url}/search", json=ZIGZAG, headers=headers, timeout=30)


def test_searches_are_limited_and_the_answer_says_when_to_come_back(tiny_gallery: Path) -> None:
    with serving(tiny_gallery, search_rate=0.01) as url:
        assert search(url).status_code == 200
        answer = search(url)
        error = refused(answer, 429, "too_many_requests", "too many searches from your address")
        assert 80 < int(answer.headers["retry-after"]) == error["detail"]["retry_after"] <= 100
        assert search(url, "198.51.100.1").status_code == 429  # no proxy is trusted
        assert httpx.get(f"{url}/products/boot-1/similar").status_code == 429
        assert httpx.get(f"{url}/products").status_code == 200


def test_a_proxy_that_is_trusted_tells_clients_apart_and_cannot_be_lied_to(tiny_gallery: Path) -> None:
    with serving(tiny_gallery, search_rate=0.01, trusted_proxies="127.0.0.1, 10.0.0.0/8") as url:
        assert search(url, "198.51.100.1").status_code == 200
        assert search(url, "198.51.100.2").status_code == 200
        assert search(url, "198.51.100.1").status_code == 429
        # addresses that a client sends are left of those that the proxies add
        for lie in ("203.0.113.9, 198.51.100.1", "10.1.2.3, 198.51.100.1", "198.51.100.1, 10.1.2.3", "x, 198.51.100.1"):
            assert search(url, lie).status_code == 429


def test_writes_are_limited_apart_before_any_key_is_looked_at(tiny_gallery: Path, tmp_path: Path) -> None:
    app = create_app(load_settings(gallery=shutil.copytree(tiny_gallery, tmp_path / "gallery"), write_rate=0.01))

    @app.post("/written")
    def written(key: WriteAccess) -> None: ...

    with running(app) as url:
        refused(httpx.post(f"{url}/written"), 403, "writes_disabled")
        refused(httpx.post(f"{url}/written"), 429, "too_many_requests", "too many writes")
        assert search(url).status_code == 200
