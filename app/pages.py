"""The sketching page, its static files, and what monitors ask."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from starlette.types import Scope

from app.languages import read_languages, wanted
from app.schemas import Status, error_docs
from app.service import ServiceOf

_ROOT = Path(__file__).resolve().parents[1]
STATIC = _ROOT / "static"
_REVALIDATE = {"Cache-Control": "no-cache"}  # scripts import each other without a version: always ask, mostly 304

router = APIRouter()
_templates = Jinja2Templates(_ROOT / "templates")
_LANGUAGES = read_languages()

Lang = Annotated[str | None, Query(max_length=35, description="language, such as `de`; else what the browser wants")]


class PageFiles(StaticFiles):
    """Static files that browsers ask for again, and mostly get a 304 for."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file, or 304 when the browser has this version of it."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(_REVALIDATE)
        return response


def static_version(directory: Path = STATIC) -> str:
    """A short name of what the static files contain now."""
    digest = hashlib.sha256()
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(directory).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


@router.get("/", include_in_schema=False)
def page(request: Request, service: ServiceOf, lang: Lang = None) -> Response:
    """The page to draw on, in the language that was asked for or that the browser wants."""
    service.gallery.refresh(wait=False)
    language = wanted(_LANGUAGES, request.headers.get("accept-language", ""), lang)
    context = {
        "version": request.app.state.static_version,
        "gallery_size": service.gallery.size,
        "language": language,
        "say": language.say,
    }
    headers = {**_REVALIDATE, "Content-Language": language.code, "Vary": "Accept-Language"}
    return _templates.TemplateResponse(request, "index.html", context, headers=headers)


@router.get("/healthz", tags=["monitoring"])
async def health() -> Status:
    """Whether the process answers."""
    return Status(status="ok")


@router.get("/readyz", responses=error_docs(503), tags=["monitoring"])
async def ready(_service: ServiceOf) -> Status:
    """Whether searches are answered: the gallery is open and a first search has been run."""
    return Status(status="ready")
