"""An operator at the admin page: signs in, and sends the forms of its pages without a browser."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable

import httpx

from app.admin.forms import FORM_TOKEN

_TOKEN = re.compile(rf'name="{FORM_TOKEN}" value="(\w+)"')
_FIELD = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


def sign_in(client: httpx.Client, key: str) -> httpx.Response:
    """Open a session, whose cookie the client keeps."""
    return client.post("/admin/sign-in", data={"key": key})


def form_token(client: httpx.Client, path: str = "/admin") -> str:
    """Return the token of the forms of a page."""
    found = _TOKEN.search(client.get(path).text)
    assert found, path
    return found[1]


def send(client: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """Send a form with the token of the session."""
    return client.post(path, data={FORM_TOKEN: form_token(client)} | fields)


def hidden_fields(page: httpx.Response) -> dict[str, str]:
    """Return the hidden fields of a page's forms."""
    return {html.unescape(name): html.unescape(value) for name, value in _FIELD.findall(page.text)}


def wait_for_page(client: httpx.Client, path: str, accepts: Callable[[str], bool]) -> str:
    """Ask for a page until its text is accepted, and return that."""
    deadline = time.monotonic() + 60
    while not accepts(text := client.get(path).text):
        assert time.monotonic() < deadline, text
        time.sleep(0.05)
    return text
