"""The page's own files, scripts, styles and icons, and the version that their addresses carry."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from rcssmin import cssmin
from rjsmin import jsmin
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC = Path(__file__).resolve().parents[1] / "static"
REVALIDATE = {"Cache-Control": "no-cache"}
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}

_STYLESHEET = "css/page.css"
_IMPORT = re.compile(r"""^(?:import|export)\b[^"';]*["']\./([\w/-]+\.js)["']""", re.M)
_VERSION = re.compile(r"[0-9a-f]{12}")


class Assets:
    """The files below a directory such as static/, as they were when this was made.

    `version` is a short name of all they contain, `base` the path that they have in addresses. `texts` are the scripts
    and css/page.css without comments and blanks, a third less to transfer; css/page.css is all of css/ in one, in the
    order of the names, since every further file that the browser waits for before it paints costs time on a slow
    network. `modules` are the addresses of js/main.js and of all it imports, so that browsers may ask for all at once;
    `shell` those of all that the page needs to work without a network.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.version = _hash(directory)
        self.base = f"/static/{self.version}"
        self.modules = [f"{self.base}/js/{name}" for name in _imported(directory / "js", "main.js")]
        styles = "\n".join(path.read_text("utf-8") for path in sorted((directory / "css").glob("*.css")))
        scripts = {path.relative_to(directory).as_posix(): path for path in sorted((directory / "js").rglob("*.js"))}
        small = {name: jsmin(path.read_text("utf-8"), keep_bang_comments=True) for name, path in scripts.items()}
        self.texts: dict[str, str] = {_STYLESHEET: cssmin(styles), **small}
        self.shell = [f"{self.base}/{name}" for name in ("icons/favicon.svg", *self.texts)]


class PageFiles(StaticFiles):
    """Assets at /static: with their version in the path, browsers keep them for ever; without, they ask again.

    Scripts without a version are as they were written, for people to read. A page that was opened before an update may
    ask for a file of its version only now: it gets today's.
    """

    def __init__(self, assets: Assets) -> None:
        super().__init__(directory=assets.directory)
        self._assets = assets

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file of that path. Raises HTTPException 404."""
        first, _, rest = path.partition("/")
        name = rest if _VERSION.fullmatch(first) else path
        text = self._assets.texts.get(name) if name in (rest, _STYLESHEET) else None
        if text is None:
            response = await super().get_response(name, scope)
        else:
            response = Response(text, media_type="text/css" if name == _STYLESHEET else "text/javascript")
        if first != self._assets.version:
            response.headers.update(REVALIDATE)
            return response
        response.headers.update(FOR_EVER)
        for name in ("etag", "last-modified"):  # to ask again with, which nobody will
            del response.headers[name]
        return response


def _hash(directory: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(directory).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def _imported(directory: Path, entry: str) -> list[str]:
    """The names of a module and of all that it statically imports, directly or not."""
    names = [entry]
    for name in names:  # grows meanwhile
        found = _IMPORT.findall((directory / name).read_text("utf-8"))
        names += [each for each in dict.fromkeys(found) if each not in names]
    return names
