"""Routes of the sketching page, its installation as an app, and the widget for shops' pages."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from fastapi.templating import Jinja2Templates
from sqlalchemy.exc import SQLAlchemyError

from app.asgi.cache_headers import REVALIDATE
from app.asgi.dependencies import ServiceOf
from app.asgi.middleware import OWN_FILES_POLICY
from app.database.errors import CheckpointMismatchError
from app.web.assets import Assets
from app.web.languages import Language, choose_language, read_languages

_WIDGET_AREA = "widget"  # texts for shops' pages only
_WIDGET_HEADERS = {"Cache-Control": "public, max-age=3600", "Cross-Origin-Resource-Policy": "cross-origin"}
_WORKER_HEADERS = {**REVALIDATE, "Content-Security-Policy": "default-src 'none'; connect-src 'self'"}
_EXAMPLE_POLICY = f"{OWN_FILES_POLICY}; frame-src 'self'; frame-ancestors 'none'"

router = APIRouter()
_templates = Jinja2Templates(Path(__file__).resolve().parents[2] / "templates")
_templates.env.policies["json.dumps_kwargs"] = {
    "ensure_ascii": False
}  # escaped Chinese would take six bytes per character
_LANGUAGES = read_languages()

Lang = Annotated[str | None, Query(max_length=35, description="language such as `de`; default: the browser's")]


def _choose_language(request: Request, lang: Lang = None) -> Language:
    return choose_language(_LANGUAGES, request.headers.get("accept-language", ""), lang)


LanguageOf = Annotated[Language, Depends(_choose_language)]


@router.get("/", include_in_schema=False)
def page(request: Request, service: ServiceOf, language: LanguageOf) -> Response:
    """Return the sketching page in the requested language, else in the browser's."""
    with suppress(CheckpointMismatchError, SQLAlchemyError, OSError):  # on failure the page shows the previous size
        service.gallery.refresh(wait=False)
    messages = {area: texts for area, texts in language.messages.items() if area != _WIDGET_AREA}
    size, is_private = service.gallery.size, service.settings.require_key
    return _render(request, "index.html", language, messages=messages, gallery_size=size, is_private=is_private)


@router.get("/manifest.webmanifest", include_in_schema=False)
def manifest(request: Request, language: LanguageOf) -> Response:
    """Return the web app manifest, with which phones install the page as an app."""
    return _render(request, "manifest.webmanifest", language, "application/manifest+json")


@router.get("/sw.js", include_in_schema=False)
def service_worker(request: Request) -> Response:
    """Return the service worker, which opens the page offline. Its text contains the version of the assets."""
    context = {"assets": _get_assets(request)}
    return _templates.TemplateResponse(request, "sw.js", context, headers=_WORKER_HEADERS, media_type="text/javascript")


@router.get("/widget.js", include_in_schema=False)
def widget(request: Request) -> Response:
    """Return the script that opens the page in a panel of a shop's page, with its texts in every language."""
    words = {
        code: {"open": language.say("widget.open"), "close": language.say("widget.close")}
        for code, language in sorted(_LANGUAGES.items())
    }
    return _templates.TemplateResponse(
        request, "widget.js", {"words": words}, headers=_WIDGET_HEADERS, media_type="text/javascript"
    )


@router.get("/widget-example", include_in_schema=False)
def widget_example(request: Request, language: LanguageOf) -> Response:
    """Return an example page of a shop that uses the widget."""
    response = _render(request, "widget-example.html", language)
    response.headers["Content-Security-Policy"] = _EXAMPLE_POLICY
    return response


def _render(
    request: Request, template: str, language: Language, media_type: str = "text/html", **context: object
) -> Response:
    """Render a template in a language. Browsers revalidate the response each time."""
    common = {"assets": _get_assets(request), "language": language, "say": language.say}
    headers = {**REVALIDATE, "Content-Language": language.code, "Vary": "Accept-Language"}
    return _templates.TemplateResponse(request, template, common | context, headers=headers, media_type=media_type)


def _get_assets(request: Request) -> Assets:
    assets: Assets = request.app.state.assets
    return assets
