"""Valid requests that need what a running server has given: a cursor, the id of a search, or an admin session."""

from __future__ import annotations

import json
import re
from urllib.parse import urlencode

import httpx

from app.admin.forms import FORM_TOKEN
from app.admin.product_form import ATTRIBUTES, BEFORE, TEXTS
from benchmarks.support.valid_requests import Request, encode_form

_FORM = "application/x-www-form-urlencoded"
_STROKES = {"width": 100, "height": 80, "strokes": [[[10, 10], [50, 60], [90, 20]]]}
_PATIENCE = 30.0  # s
_PAGES = ("", "/searches", "/imports?after=x", "/imports/none", "/keys", "/operations", "/products?q=boot&after=p1",
          "/products/p2", "/sign-in")  # fmt: skip


def list_session_requests(url: str, key: str) -> list[Request]:
    """List valid requests of a server that counts events, with its answers to earlier requests in them."""
    with httpx.Client(base_url=url, timeout=_PATIENCE, follow_redirects=True) as client:
        answer = client.post("/search?k=3&sort=price_asc", json=_STROKES).raise_for_status().json()
        similar = client.get("/products/p1/similar?k=3").raise_for_status().json()
        client.post("/admin/sign-in", data={"key": key}).raise_for_status()
        page = client.get("/admin/keys").raise_for_status().text
        token = re.findall(f'name="{FORM_TOKEN}" value="([^"]+)"', page)[0]
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    json_type = {"Content-Type": "application/json"}
    kinds: list[dict[str, object]] = [{"kind": "shown"}, {"kind": "opened", "product_id": "p1", "rank": 1}]
    events = [{"search_id": answer["search_id"], **event} for event in kinds]
    body = json.dumps({"session": "0" * 32, "events": events}).encode()
    path = f"/search?k=3&sort=price_asc&cursor={answer['next']}"
    return [
        Request("POST", path, json_type, json.dumps(_STROKES).encode()),
        Request("GET", f"/products/p1/similar?k=3&cursor={similar['next']}", {}, b""),
        Request("POST", "/events", json_type, body),
        *_list_admin_requests(cookie, token),
    ]


def _list_admin_requests(cookie: str, token: str) -> list[Request]:
    """List requests of an admin session. None closes it, removes a key or starts a command."""
    session = {"Cookie": cookie}
    fields = dict.fromkeys([*TEXTS, ATTRIBUTES, "availability", "description"], "")
    product = {f"{BEFORE}{name}": text for name, text in fields.items()} | fields | {"title": "Boot", "price": "5"}
    forms = {
        "/admin/keys": {"name": "fuzzed", "scope": "read"},
        "/admin/keys/none/remove": {"confirmed": "yes"},
        "/admin/products/p2": product,
        "/admin/deletions": {"product_id": "none", "confirmed": "yes"},
        "/admin/imports/none/cancel": {},
        "/admin/sign-in": {"key": "none"},
    }
    requests = [Request("GET", f"/admin{path}", session, b"") for path in _PAGES]
    for path, form in forms.items():
        headers = session | {"Content-Type": _FORM}
        requests.append(Request("POST", path, headers, urlencode({FORM_TOKEN: token, **form}).encode()))
    feed = b"id,title,image_link\n7,Boot,http://127.0.0.1:9/7.png\n"
    texts = {FORM_TOKEN: token, "url": "", "complete": "yes", "max_removed": "1", "dry_run": "yes"}
    parts = {name: (None, text.encode()) for name, text in texts.items()} | {"feed": ("feed.csv", feed)}
    form_type = {"Content-Type": "multipart/form-data; boundary=line"}
    return [*requests, Request("POST", "/admin/imports", session | form_type, encode_form(parts))]
