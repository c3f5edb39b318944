"""The page's own files, scripts, styles and icons, and the version that their addresses carry."""

from __future__ import annotations

import hashlib
import posixpath
import re
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
_VERSION = re.compile(r"[0-9a-f]{12}")
_IMPORT = re.compile(r"""^(?:import|export)\b[^"';]*["'](\.{1,2}/[\w./-]+\.js)["']""", re.M)
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png"}
_BROTLI = re.compile(r"\bbr\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")  # in Accept-Encoding
_COMPRESSED = {".js", ".css", ".svg"}


class Assets:
    """The files below a directory such as static/, as they were when this was made.

    `version` is a short name of all they contain, `base` the path that they have in addresses. `files` are what is sent
    there: scripts without their comments, a third less to transfer. css/page.css is all of css/ in one, in the order of
    the names, since every further file that the browser waits for before it paints costs time on a slow network.
    `modules` are the addresses of js/main.js and of all it imports, so that browsers may ask for all at once; `shell`
    those of all that the page needs to work without a network.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        paths = sorted(path for path in directory.rglob("*") if path.is_file())
        files = {path.relative_to(directory).as_posix(): path.read_bytes() for path in paths}
        styles = [content for name, content in files.items() if name.startswith("css/")]
        scripts = [name for name in files if name.startswith("js/") and _suffix(name) == ".js"]
        self.version = _hash(files)
        self.base = f"/static/{self.version}"
        small = {name: strip_comments(files[name]) for name in scripts}
        self.files = {**files, **small, _STYLESHEET: b"\n".join(styles)}
        # as small as can be, which takes too long to do for every request
        self._small = {name: brotli.compress(self.files[name]) for name in self.files if _suffix(name) in _COMPRESSED}
        self.modules = [f"{self.base}/{name}" for name in _imported(files, "js/main.js")]
        self.shell = [f"{self.base}/{name}" for name in (_STYLESHEET, "icons/favicon.svg", *scripts)]

    def respond(self, name: str, accept_encoding: str) -> Response:
        """The file of that path. Raises HTTPException 404."""
        if name not in self.files:
            raise HTTPException(404)
        response = Response(self.files[name], media_type=_TYPES.get(_suffix(name), "text/plain"))
        if name in self._small and _BROTLI.search(accept_encoding):
            response = Response(self._small[name], media_type=response.media_type)
            response.headers.update({"Content-Encoding": "br", "Vary": "Accept-Encoding"})
        return response


class PageFiles(StaticFiles):
    """Assets at /static: with their version in the path, browsers keep them for ever; without, they ask again.

    Scripts without a version are as they were written, for people to read. A page that was opened before an update may
    ask for a file of its version only now: it gets today's.
    """

    def __init__(self, assets: Assets) -> None:
        super().__init__(directory=assets.directory)
        self._assets = assets

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file of that path. Raises HTTPException 404 or 405."""
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405)
        first, _, rest = path.partition("/")
        accepted = Headers(scope=scope).get("accept-encoding", "")
        if first == self._assets.version:
            response = self._assets.respond(rest, accepted)
            response.headers.update(FOR_EVER)
            return response
        name = rest if _VERSION.fullmatch(first) else path
        if name == _STYLESHEET:  # is no file
            response = self._assets.respond(name, accepted)
        else:
            response = await super().get_response(name, scope)
        response.headers.update(REVALIDATE)
        return response


def _hash(files: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(name.encode() + b"\0" + content)
    return digest.hexdigest()[:12]


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix


def _imported(files: dict[str, bytes], entry: str) -> list[str]:
    """The paths of a module and of all that it statically imports, directly or not."""
    names = [entry]
    for name in names:  # grows meanwhile
        found = _IMPORT.findall(files[name].decode("utf-8"))
        paths = [posixpath.normpath(posixpath.join(posixpath.dirname(name), each)) for each in found]
        names += [path for path in dict.fromkeys(paths) if path not in names]
    return names
