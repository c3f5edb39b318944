"""Access to the admin page: by a session that a write key has opened, and by forms of its own pages."""

from __future__ import annotations

import time

import httpx
import pytest
from fastapi.routing import APIRoute

from app.admin.forms import FORM_TOKEN
from app.admin.router import ROUTERS
from app.asgi.rate_limit import RateLimiter
from app.catalogue.api_keys import ApiKey, ApiKeys
from app.catalogue.catalogue import Catalogue, sqlite_url
from app.gallery.layout import CATALOGUE_FILE
from tests.app.admin.conftest import AdminShop
from tests.support.operator import form_token, send, sign_in

ROUTES = [
    (method, route.path.replace("{product_id:path}", "boot-1").replace("{job_id}", "none").replace("{name}", "verify"))
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods or set())
]
SIGN_IN = "/admin/sign-in"
CLOSED = [(method, path) for method, path in ROUTES if path != SIGN_IN]


def test_strangers_are_sent_to_the_sign_in(stranger: httpx.Client, shop: AdminShop) -> None:
    assert len(CLOSED) >= 15
    stranger.headers["Authorization"] = f"Bearer {shop.key}"  # a key alone opens no page
    for cookies in ({}, {"sketchfind_admin": "x" * 43}):
        stranger.cookies = httpx.Cookies(cookies)
        for method, path in CLOSED:
            answer = stranger.request(method, path)
            assert (answer.status_code, answer.headers.get("location")) == (303, SIGN_IN), (method, path)


def test_without_a_write_key_there_is_no_admin_page(operator: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = ApiKey("reader", "read", "0" * 64, "2026-01-01")
    monkeypatch.setattr(ApiKeys, "recent", lambda _keys: [reader])
    for method, path in ROUTES:
        answer = operator.request(method, path)
        assert answer.status_code == 404 and answer.json()["error"]["code"] == "not_found", (method, path)


def test_only_a_write_key_opens_a_session(stranger: httpx.Client, shop: AdminShop) -> None:
    catalogue = Catalogue(sqlite_url(shop.gallery / CATALOGUE_FILE))
    read_key = catalogue.keys.add("reader", "read")
    catalogue.close()
    wrong = "sk_" + "x" * 43
    for key, reason in (("", "unknown"), (wrong, "unknown"), ("\0", "unknown")):
        answer = sign_in(stranger, key)
        assert answer.status_code == 403 and reason in answer.text and wrong not in answer.text
        assert "set-cookie" not in answer.headers
    time.sleep(0.6)  # until the server knows the new key
    answer = sign_in(stranger, read_key)
    assert answer.status_code == 403 and "can only read" in answer.text and "set-cookie" not in answer.headers


def test_the_cookie_stays_on_this_site_and_in_this_browser(operator: httpx.Client, shop: AdminShop) -> None:
    cookie = sign_in(operator, shop.key).headers["set-cookie"].lower()
    assert all(part in cookie for part in ("httponly", "samesite=strict", "path=/admin", "max-age=43200"))
    assert "secure" not in cookie and shop.key.lower() not in cookie
    operator.headers["X-Forwarded-Proto"] = "https"  # from a trusted proxy
    assert "secure" in sign_in(operator, shop.key).headers["set-cookie"].lower()


def test_pages_are_stored_nowhere_framed_nowhere_and_run_own_scripts_only(operator: httpx.Client) -> None:
    for path in (SIGN_IN, "/admin", "/admin/products", "/admin/products/nothing"):
        headers = operator.get(path).headers
        assert headers["cache-control"] == "no-store" and headers["content-type"].startswith("text/html")
        policy = headers["content-security-policy"]
        assert "script-src 'self';" in policy and "form-action 'self'" in policy and "frame-ancestors 'none'" in policy
    assert "/admin" not in operator.get("/sw.js").text.replace("/static", "")


def test_a_form_of_another_site_is_refused(operator: httpx.Client) -> None:
    token = form_token(operator)
    for method, path in CLOSED:
        if method == "POST":
            for fields in ({}, {FORM_TOKEN: "0" * 64}, {FORM_TOKEN: "ä"}):
                sent = {"files": {"feed": ("", b"")}} if path == "/admin/imports" else {}
                answer = operator.post(path, data={"a": "b"} | fields, **sent)  # type: ignore[arg-type]
                assert answer.status_code == 403 and "not of this session" in answer.text, path
    assert form_token(operator) == token


def test_signing_out_ends_the_session_everywhere(operator: httpx.Client) -> None:
    cookies = dict(operator.cookies)
    assert operator.get("/admin").status_code == 200
    assert send(operator, "/admin/sign-out").headers["location"] == SIGN_IN
    assert not operator.cookies
    operator.cookies = httpx.Cookies(cookies)
    assert operator.get("/admin").status_code == 303


def test_sign_ins_are_limited_like_writes(
    stranger: httpx.Client, shop: AdminShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop.app.state.rate_limiters, "writes", RateLimiter(0.1))
    assert sign_in(stranger, "wrong").status_code == 403
    answer = sign_in(stranger, "wrong")
    assert answer.status_code == 429 and int(answer.headers["retry-after"]) > 0 and "try again in" in answer.text
