"""HTML of the admin page: its templates, and the headers of every answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from app.admin.session import Session
from app.asgi.cache_headers import NO_STORE
from app.asgi.middleware import OWN_FILES_POLICY

_POLICY = OWN_FILES_POLICY.replace("form-action 'none'", "form-action 'self'") + "; frame-ancestors 'none'"
_NOTICES: Mapping[str, str] = {  # by the parameter `notice` of the page that a form leads to
    "saved": "The product is saved.",
    "unchanged": "Nothing was changed.",
    "deleted": "The product is deleted.",
    "cancelled": "The import is cancelled. What it has written stays.",
    "key-removed": "The key is removed. Servers refuse it within a second.",
    "started": "Started.",
    "rules-saved": "The rules are saved. They act on this server now, and on others within two seconds.",
}

_templates = Jinja2Templates(Path(__file__).resolve().parents[2] / "templates")
_templates.env.trim_blocks = _templates.env.lstrip_blocks = True


def _format_time(seconds: float) -> str:
    """Format a time (s since 1970) as UTC, such as "2026-11-29 14:45:10"."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _format_bytes(count: int) -> str:
    """Format a number of bytes in GB or MB."""
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


_templates.env.filters |= {"time": _format_time, "bytes": _format_bytes, "number": "{:,}".format}


def render(
    request: Request, template: str, session: Session | None = None, status: int = 200, **context: object
) -> Response:
    """Render a page of templates/admin. Browsers and proxies do not store it."""
    common = {
        "assets": request.app.state.assets,
        "session": session,
        "notice": _NOTICES.get(request.query_params.get("notice", "")),
    }
    headers = {**NO_STORE, "Content-Security-Policy": _POLICY}
    return _templates.TemplateResponse(request, f"admin/{template}", common | context, status, headers)


def redirect(path: str) -> Response:
    """Return the answer to a form: the browser gets another page, so that a reload does not send the form again."""
    return RedirectResponse(path, 303, NO_STORE)
