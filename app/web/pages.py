"""Routes of the sketching page, its installation as an app, and the widget for shops' pages."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Cookie, Depends, Query, Request
from fastapi.responses import Response
from fastapi.templating import Jinja2Templates
from sqlalchemy.exc import SQLAlchemyError

from app.asgi.cache_headers import REVALIDATE
from app.asgi.dependencies import ServiceOf
from app.asgi.middleware import OWN_FILES_POLICY
from app.database.errors import CheckpointMismatchError
from app.web.assets import Assets
from app.web.examples.gallery_examples import GalleryExamples
from app.web.languages import Language, choose_language, read_languages
from app.web.shop.shop import Shop
from app.web.wording import word_for_shop

_UNSCRIPTED_AREAS = {"crop", "widget", "preferences"}  # texts that the page's scripts have no use for
_WIDGET_ROUND = 26  # px, of the button unless the shop has its own
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
Scheme = Annotated[str | None, Query(description="`light` or `dark`; default: the shopper's choice")]
ChosenLanguage = Annotated[str | None, Cookie(alias="sketchfind_language")]
ChosenTheme = Annotated[str | None, Cookie(alias="sketchfind_theme")]


def _choose_language(request: Request, lang: Lang = None, chosen: ChosenLanguage = None) -> Language:
    """Return the language as the shop speaks it, by the address, else the shopper's choice, else the browser's."""
    language = choose_language(_LANGUAGES, request.headers.get("accept-language", ""), lang or chosen)
    return word_for_shop(language, _shop_of(request), _examples_of(request).phrases(language.code))


def _choose_theme(scheme: Scheme = None, chosen: ChosenTheme = None) -> str:
    """Return the theme of the address, else of the shopper's choice, else "system". Unknown values are ignored."""
    return next((theme for theme in (scheme, chosen) if theme in ("light", "dark")), None) or "system"


def _refresh(request: Request, service: ServiceOf) -> None:
    """Follow the gallery's changes. On failure the page shows the previous size and examples."""
    with suppress(CheckpointMismatchError, SQLAlchemyError, OSError):
        service.gallery.refresh(wait=False)
        if not service.settings.require_key:  # the examples would tell what a private shop sells
            _examples_of(request).refresh(service.gallery.catalogue)


Refreshed = Depends(_refresh)  # before LanguageOf, whose words depend on the examples
LanguageOf = Annotated[Language, Depends(_choose_language)]
ThemeOf = Annotated[str, Depends(_choose_theme)]


@router.get("/", include_in_schema=False, dependencies=[Refreshed])
def page(request: Request, service: ServiceOf, language: LanguageOf, theme: ThemeOf) -> Response:
    """Return the sketching page in the requested language, else in the shopper's or the browser's."""
    messages = {area: texts for area, texts in language.messages.items() if area not in _UNSCRIPTED_AREAS}
    languages = [_LANGUAGES[code] for code in sorted(_LANGUAGES)]
    return _render(
        request,
        "index.html",
        language,
        messages=messages,
        languages=languages,
        theme=theme,
        kinds=_examples_of(request).kinds,
        gallery_size=service.gallery.size,
        is_private=service.settings.require_key,
        counts_events=service.settings.events,
    )


@router.get("/crop", include_in_schema=False)
def crop(request: Request, language: LanguageOf) -> Response:
    """Return the crop box of photos, a part of the page that it loads with the first photo."""
    return _render(request, "page/crop.html", language)


@router.get("/manifest.webmanifest", include_in_schema=False, dependencies=[Refreshed])
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
    shop = _shop_of(request)
    languages = [word_for_shop(_LANGUAGES[code], shop) for code in sorted(_LANGUAGES)]
    words = {
        language.code: {
            "open": language.say("widget.open"),
            "close": language.say("widget.close"),
            "refused": language.say("widget.refused"),
            "elsewhere": language.say("widget.elsewhere"),
        }
        for language in languages
    }
    context = {
        "words": words,
        "icon": f"{_get_assets(request).base}/shop/icon-192.png" if shop.has_icon else None,
        "accent": shop.light.accent,
        "on_accent": shop.light.on_accent,
        "round": _WIDGET_ROUND if shop.rounding is None else shop.rounding,
    }
    return _templates.TemplateResponse(
        request, "widget.js", context, headers=_WIDGET_HEADERS, media_type="text/javascript"
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
    shop, assets = _shop_of(request), _get_assets(request)
    icons = f"{assets.base}/{'shop' if shop.has_icon else 'icons'}"
    common = {"assets": assets, "shop": shop, "icons": icons, "language": language, "say": language.say}
    headers = {**REVALIDATE, "Content-Language": language.code, "Vary": "Accept-Language, Cookie"}
    return _templates.TemplateResponse(request, template, common | context, headers=headers, media_type=media_type)


def _get_assets(request: Request) -> Assets:
    assets: Assets = request.app.state.assets
    return assets


def _shop_of(request: Request) -> Shop:
    shop: Shop = request.app.state.shop
    return shop


def _examples_of(request: Request) -> GalleryExamples:
    examples: GalleryExamples = request.app.state.examples
    return examples
