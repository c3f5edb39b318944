"""Static files: cached for ever under their version, revalidated without one, and all imported by the page."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

import httpx
import pytest

from app.web.assets import STATIC, Assets


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    files = {
        "js/main.js": 'import { a } from "./a.js";\nimport {\n  b,\n} from "./b.js";\n/** {import("./c.js").C} */\n',
        "js/a.js": 'export { b } from "./b.js";\nconst later = () => import("./later.js");\n',
        "js/b.js": 'import "./a.js";\nimport d from "./vendor/d.js";\n',
        "js/vendor/d.js": 'import{e}from"./e-1.2.js";export default e;', "js/vendor/e-1.2.js": 'import "../main.js";',
        "js/c.js": "", "js/later.js": "",
        "css/one.css": "a{}", "css/base.css": "b{}", "css/late/sheet.css": "c{}", "icons/favicon.svg": "<svg/>",
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def relative_paths(addresses: list[str], base: str) -> list[str]:
    """Return the paths of files below the base of their addresses."""
    return [address.removeprefix(f"{base}/") for address in addresses]


def test_the_version_changes_with_any_file(directory: Path) -> None:
    before = Assets(directory).version
    assert Assets(directory).version == before
    (directory / "js/c.js").write_text("//")
    assert Assets(directory).version != before


def test_what_main_imports_is_found(directory: Path) -> None:
    assets = Assets(directory)
    vendored = ["js/vendor/d.js", "js/vendor/e-1.2.js"]
    assert relative_paths(assets.modules, assets.base) == ["js/main.js", "js/a.js", "js/b.js", *vendored]
    assert {"css/page.css", "css/late.css", "js/c.js", "js/later.js", *vendored} <= set(
        relative_paths(assets.shell, assets.base)
    )
    assert (assets.files["css/page.css"], assets.files["css/late.css"]) == (b"b{}\na{}", b"c{}")


def test_the_page_s_scripts_are_all_imported_or_loaded_later() -> None:
    assets = Assets(STATIC)
    loaded = set(relative_paths(assets.modules, assets.base))
    everything = {path.relative_to(STATIC).as_posix() for path in (STATIC / "js").rglob("*.js")}
    named = {
        posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
        for name in everything
        for path in re.findall(r'"(\.{1,2}/[^"]+\.js)"', (STATIC / name).read_text())
    }
    later = (everything - loaded) & named
    assert loaded | later == everything


def test_style_sheets_are_joined_in_the_order_of_the_cascade() -> None:
    order = ["tokens", "words", "filters", "results", "sketchpad", "toolbar"]
    texts = [(STATIC / "css" / f"{name}.css").read_bytes() for name in (*order, "user_preferences")]
    assert len(texts) == len(list((STATIC / "css").glob("*.css")))
    assert Assets(STATIC).files["css/page.css"] == b"\n".join(texts)


def test_a_versioned_file_is_kept_for_ever(client: httpx.Client) -> None:
    base = Assets(STATIC).base
    for name in ("js/main.js", "css/page.css", "icons/icon-192.png"):
        response = client.get(f"{base}/{name}")
        assert response.status_code == 200
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "etag" not in response.headers


def test_files_come_as_small_as_the_client_can_take_them(client: httpx.Client) -> None:
    url = f"{Assets(STATIC).base}/js/main.js"
    plain = client.get(url, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert b"openPaper" in plain.content and len(plain.content) < (STATIC / "js/main.js").stat().st_size
    for accepted, encoding in (("gzip, deflate, br, zstd", "br"), ("br;q=1.0, gzip", "br"), ("br;q=0, gzip", "gzip")):
        response = client.get(url, headers={"Accept-Encoding": accepted})
        assert response.headers["content-encoding"] == encoding and "Accept-Encoding" in response.headers["vary"]
        assert response.content == plain.content
    assert "content-encoding" not in client.get(f"{Assets(STATIC).base}/icons/icon-192.png").headers


def test_a_licence_stays_where_comments_go(client: httpx.Client) -> None:
    assert "MIT licence" in client.get(f"{Assets(STATIC).base}/js/vendor/perfect-freehand.js").text
    script = client.get(f"{Assets(STATIC).base}/js/app/search_controller.js")
    assert script.status_code == 200 and "/*" not in script.text


def test_without_a_version_browsers_ask_again(client: httpx.Client) -> None:
    response = client.get("/static/js/main.js")
    assert response.headers["cache-control"] == "no-cache"
    again = client.get("/static/js/main.js", headers={"If-None-Match": response.headers["etag"]})
    assert again.status_code == 304 and again.headers["cache-control"] == "no-cache"


def test_a_page_from_before_an_update_gets_today_s_files(client: httpx.Client) -> None:
    old = client.get("/static/0123456789ab/js/main.js")
    assert old.status_code == 200 and old.content == client.get("/static/js/main.js").content
    assert old.headers["cache-control"] == "no-cache"


def test_files_are_only_read(client: httpx.Client) -> None:
    for url in ("/static/js/main.js", f"{Assets(STATIC).base}/js/main.js"):
        assert client.post(url).status_code == 405


@pytest.mark.parametrize("path", ["js/none.js", "0123456789ab", "0123456789ab/none.css", "0123456789ab/../../app/x.py"])
def test_what_is_not_there(client: httpx.Client, path: str) -> None:
    assert client.get(f"/static/{path}").status_code == 404


def test_the_worker_names_this_version_and_its_files(client: httpx.Client) -> None:
    script = client.get("/sw.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["cache-control"] == "no-cache"
    files = re.findall(r'"(/static/[^"]+\.\w+)"', script.text)
    assert files == Assets(STATIC).shell
    assert all(client.get(file).status_code == 200 for file in files)
