"""Static files: kept for ever under their version, asked for again without one, and all known to the page."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from app.static_files import STATIC, Assets


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    files = {
        "js/main.js": 'import { a } from "./a.js";\nimport {\n  b,\n} from "./b.js";\n/** {import("./c.js").C} */\n',
        "js/a.js": 'export { b } from "./b.js";\nconst later = () => import("./later.js");\n',
        "js/b.js": 'import "./a.js";\nimport "./d.js";\n',
        "js/c.js": "", "js/d.js": "", "js/later.js": "",
        "css/one.css": "a{}", "css/base.css": "b{}", "icons/favicon.svg": "<svg/>",
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def names(addresses: list[str], base: str) -> list[str]:
    return [address.removeprefix(f"{base}/") for address in addresses]


def test_the_version_changes_with_any_file(directory: Path) -> None:
    before = Assets(directory).version
    assert Assets(directory).version == before
    (directory / "js/c.js").write_text("//")
    assert Assets(directory).version != before


def test_what_main_imports_is_found(directory: Path) -> None:
    assets = Assets(directory)
    assert names(assets.modules, assets.base) == ["js/main.js", "js/a.js", "js/b.js", "js/d.js"]
    assert {"css/page.css", "js/c.js", "js/later.js"} <= set(names(assets.shell, assets.base))
    assert assets.texts["css/page.css"] == "b{}a{}"


def test_the_page_s_scripts_are_all_imported_or_loaded_later() -> None:
    assets = Assets(STATIC)
    loaded = {name.removeprefix("js/") for name in names(assets.modules, assets.base)}
    everything = {path.relative_to(STATIC / "js").as_posix() for path in (STATIC / "js").rglob("*.js")}
    source = "".join((STATIC / "js" / name).read_text() for name in everything)
    later = {name for name in everything - loaded if f'"./{name}"' in source}
    assert loaded | later == everything


def test_a_versioned_file_is_kept_for_ever(client: httpx.Client) -> None:
    base = Assets(STATIC).base
    for name in ("js/main.js", "css/page.css", "icons/icon-192.png"):
        response = client.get(f"{base}/{name}")
        assert response.status_code == 200
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "etag" not in response.headers


def test_versioned_scripts_are_smaller_than_they_were_written(client: httpx.Client) -> None:
    written = client.get("/static/js/search.js")
    small = client.get(f"{Assets(STATIC).base}/js/search.js")
    assert written.content == (STATIC / "js/search.js").read_bytes()
    assert len(small.content) < 0.7 * len(written.content) and "/*" not in small.text
    assert "MIT licence" in client.get(f"{Assets(STATIC).base}/js/vendor/perfect-freehand.js").text


def test_without_a_version_browsers_ask_again(client: httpx.Client) -> None:
    response = client.get("/static/js/main.js")
    assert response.headers["cache-control"] == "no-cache"
    again = client.get("/static/js/main.js", headers={"If-None-Match": response.headers["etag"]})
    assert again.status_code == 304 and again.headers["cache-control"] == "no-cache"


def test_a_page_from_before_an_update_gets_today_s_files(client: httpx.Client) -> None:
    old = client.get("/static/0123456789ab/js/main.js")
    assert old.status_code == 200 and old.content == client.get(f"{Assets(STATIC).base}/js/main.js").content
    assert old.headers["cache-control"] == "no-cache"


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
