"""Static files of the page under versioned URLs: scripts, styles and icons."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path, PurePosixPath

import brotli
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.asgi.cache_headers import FOR_EVER, REVALIDATE
from app.web.minify import strip_comments

STATIC = Path(__file__).resolve().parents[2] / "static"

_STYLESHEET = "css/page.css"
_LATE_STYLESHEET = "css/late.css"
_LATE_STYLES = "css/late/"
_STYLES = ("tokens", "shop", "words", "filters", "results", "sketchpad", "toolbar")
"""Names of the first style sheets in css/, in the order of the cascade; others follow by name."""
_VERSION = re.compile(r"[0-9a-f]{12}")
_IMPORT = re.compile(r"""^(?:import|export)\b[^"';]*["'](\.{1,2}/[\w./-]+\.js)["']""", re.M)
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png"}
_TYPES[".woff2"] = "font/woff2"
_BROTLI = re.compile(r"\bbr\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")  # in Accept-Encoding
_FOR_OTHER_SITES = {"Cross-Origin-Resource-Policy": "cross-origin"}  # a shop's icon, which the widget shows in its page
_COMPRESSED = {".js", ".css", ".svg"}


class Assets:
    """Snapshot of the files below a directory such as static/, and of a shop's own files by their paths in it.

    - version: short hash of all contents.
    - base: URL path of the versioned files.
    - files: contents by relative path. Scripts come without comments, which saves a third. css/page.css joins all of
      css/ in the order of _STYLES, since each file that blocks the first paint costs time on a slow network.
      css/late.css joins css/late/, the styles of modules that load when they are used.
    - modules: URLs of js/main.js and of all modules that it imports, so that browsers can load them in parallel.
    - shell: URLs of all files that the page needs offline.
    """

    def __init__(self, directory: Path, shop_files: Mapping[str, bytes] | None = None) -> None:
        self.directory = directory
        paths = sorted(path for path in directory.rglob("*") if path.is_file())
        files = {path.relative_to(directory).as_posix(): path.read_bytes() for path in paths} | dict(shop_files or {})
        sheets = sorted((name for name in files if name.startswith("css/")), key=_style_position)
        styles = [name for name in sheets if not name.startswith(_LATE_STYLES)]
        late_styles = [name for name in sheets if name.startswith(_LATE_STYLES)]
        scripts = [name for name in files if name.startswith("js/") and _suffix(name) == ".js"]
        self.version = _hash_files(files)
        self.base = f"/static/{self.version}"
        stripped = {name: strip_comments(files[name]) for name in scripts}
        self.files = {**files, **stripped, _STYLESHEET: b"\n".join(files[name] for name in styles)}
        self.files[_LATE_STYLESHEET] = b"\n".join(files[name] for name in late_styles)
        self.modules = [f"{self.base}/{name}" for name in _list_imports(self.files, "js/main.js")]
        shop_shown = [name for name in shop_files or () if not name.startswith("css/")]
        shown_files = ["icons/favicon.svg", *scripts, *shop_shown]
        self.shell = [f"{self.base}/{name}" for name in (_STYLESHEET, _LATE_STYLESHEET, *shown_files)]

    def respond(self, name: str, accept_encoding: str) -> Response:
        """Return a response with the file `name`, compressed if the client accepts brotli. Raises HTTPException 404."""
        if name not in self.files:
            raise HTTPException(404)
        suffix, content = _suffix(name), self.files[name]
        media_type = _TYPES.get(suffix, "text/plain")
        if suffix in _COMPRESSED and _BROTLI.search(accept_encoding):
            headers = {"Content-Encoding": "br", "Vary": "Accept-Encoding"}
            return Response(_compress(content), media_type=media_type, headers=headers)
        return Response(content, media_type=media_type)


class PageFiles(StaticFiles):
    """The static files at /static. Browsers cache paths with the current version for ever, and revalidate others.

    Paths without a version give scripts with their comments. Paths with an old version, which pages opened before an
    update request, give the current files.
    """

    def __init__(self, assets: Assets) -> None:
        super().__init__(directory=assets.directory)
        self._assets = assets

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a response with the file of a path below /static. Raises HTTPException 404 or 405."""
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405)
        first, _, rest = path.partition("/")
        shown = _FOR_OTHER_SITES if "shop/" in path else {}
        accepted = Headers(scope=scope).get("accept-encoding", "")
        if first == self._assets.version:
            response = self._assets.respond(rest, accepted)
            response.headers.update(FOR_EVER | shown)
            return response
        name = rest if _VERSION.fullmatch(first) else path
        if name in self._assets.files and not (self._assets.directory / name).is_file():
            response = self._assets.respond(name, accepted)
        else:
            response = await super().get_response(name, scope)
        response.headers.update(REVALIDATE | shown)
        return response


@cache
def _compress(content: bytes) -> bytes:
    """Compress a file when it is first asked for: at the highest level, which is too slow for each request."""
    return bytes(brotli.compress(content))


def _hash_files(files: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(name.encode() + b"\0" + content)
    return digest.hexdigest()[:12]


def _style_position(name: str) -> tuple[int, str]:
    """Return the sort key of a style sheet in the joined one."""
    stem = PurePosixPath(name).stem
    return (_STYLES.index(stem) if stem in _STYLES else len(_STYLES)), name


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix


def _list_imports(files: dict[str, bytes], entry: str) -> list[str]:
    """Return the paths of a module and of all its static imports, direct or transitive."""
    names = [entry]
    for name in names:  # grows during the loop
        imports = _IMPORT.findall(files[name].decode("utf-8"))
        paths = [posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) for path in imports]
        names += [path for path in dict.fromkeys(paths) if path not in names]
    return names
