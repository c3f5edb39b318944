"""The sketching page and what belongs to it: installing it as an app, and showing it in a shop's page."""

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
from app.asgi.middleware import OWN_FILES
from app.database.errors import CheckpointMismatchError
from app.web.assets import Assets
from app.web.languages import Language, read_languages, wanted

_WIDGET_AREA = "widget"  # words that only shops' pages need
_WIDGET_HEADERS = {"Cache-Control": "public, max-age=3600", "Cross-Origin-Resource-Policy": "cross-origin"}
_WORKER_HEADERS = {**REVALIDATE, "Content-Security-Policy": "default-src 'none'; connect-src 'self'"}
_EXAMPLE_POLICY = f"{OWN_FILES}; frame-src 'self'; frame-ancestors 'none'"

router = APIRouter()
_templates = Jinja2Templates(Path(__file__).resolve().parents[2] / "templates")
_templates.env.policies["json.dumps_kwargs"] = {"ensure_ascii": False}  # or Chinese would take six bytes a character
_LANGUAGES = read_languages()

Lang = Annotated[str | None, Query(max_length=35, description="language, such as `de`; else what the browser wants")]


def _language(request: Request, lang: Lang = None) -> Language:
    return wanted(_LANGUAGES, request.headers.get("accept-language", ""), lang)


LanguageOf = Annotated[Language, Depends(_language)]


@router.get("/", include_in_schema=False)
def page(request: Request, service: ServiceOf, language: LanguageOf) -> Response:
    """The page to draw on, in the language that was asked for or that the browser wants."""
    with suppress(CheckpointMismatchError, SQLAlchemyError, OSError):  # else the size is what it was
        service.gallery.refresh(wait=False)
    messages = {area: words for area, words in language.messages.items() if area != _WIDGET_AREA}
    return _page(request, "index.html", language, messages=messages, gallery_size=service.gallery.size)


@router.get("/manifest.webmanifest", include_in_schema=False)
def manifest(request: Request, language: LanguageOf) -> Response:
    """What a phone needs to know to install the page as an app."""
    return _page(request, "manifest.webmanifest", language, "application/manifest+json")


@router.get("/sw.js", include_in_schema=False)
def service_worker(request: Request) -> Response:
    """The script that opens the page without a network. It names the version, so a new version is a new script."""
    context = {"assets": _assets(request)}
    return _templates.TemplateResponse(request, "sw.js", context, headers=_WORKER_HEADERS, media_type="text/javascript")


@router.get("/widget.js", include_in_schema=False)
def widget(request: Request) -> Response:
    """The script that opens the page in a panel of a shop's page, with its words in every language."""
    words = {
        code: {"open": language.say("widget.open"), "close": language.say("widget.close")}
        for code, language in sorted(_LANGUAGES.items())
    }
    return _templates.TemplateResponse(
        request, "widget.js", {"words": words}, headers=_WIDGET_HEADERS, media_type="text/javascript"
    )


@router.get("/widget-example", include_in_schema=False)
def widget_example(request: Request, language: LanguageOf) -> Response:
    """A page of a shop that uses the widget."""
    response = _page(request, "widget-example.html", language)
    response.headers["Content-Security-Policy"] = _EXAMPLE_POLICY
    return response


def _page(
    request: Request, template: str, language: Language, media_type: str = "text/html", **context: object
) -> Response:
    """A template in a language. Browsers ask for it again each time."""
    known = {"assets": _assets(request), "language": language, "say": language.say}
    headers = {**REVALIDATE, "Content-Language": language.code, "Vary": "Accept-Language"}
    return _templates.TemplateResponse(request, template, known | context, headers=headers, media_type=media_type)


def _assets(request: Request) -> Assets:
    assets: Assets = request.app.state.assets
    return assets
