"""The page as an app: what a phone installs, what opens without a network, and how an update is taken over."""

from __future__ import annotations

import io
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect
from starlette.types import ASGIApp, Receive, Scope, Send

import app.main
from app.web.assets import STATIC, Assets
from app.web.languages import read_languages
from tests.conftest import serving
from tests.page.support.icons import ICONS, SIZES, draw_icon
from tests.page.support.phone import BOOT, PHONE, Phone, sent

CONTROLLED = """() => new Promise((resolve) => {
    if (navigator.serviceWorker.controller) resolve();
    navigator.serviceWorker.addEventListener("controllerchange", () => resolve(), { once: true });
})"""
KEPT = """async () => {
    const kept = [];
    for (const name of await caches.keys()) {
        for (const { url } of await (await caches.open(name)).keys()) kept.push([name, new URL(url).pathname]);
    }
    return kept;
}"""

KEPT_PAGE = """async () => (await (await caches.match("/", { ignoreVary: true })).text())"""

REPLACED = """async (name) => {
    const end = performance.now() + 20_000;
    while ((await caches.keys()).join() !== name && performance.now() < end) await new Promise(requestAnimationFrame);
}"""

INSTALL = """async () => {
    const registration = await navigator.serviceWorker.register("/sw.js");
    const worker = registration.installing ?? registration.waiting ?? registration.active;
    const isOver = () => !worker || ["activated", "redundant"].includes(worker.state);
    while (!isOver()) await new Promise((resolve) => worker.addEventListener("statechange", resolve, { once: true }));
    return worker?.state === "activated";
}"""


@pytest.fixture
def port() -> int:
    """Return a free port, since a server that comes back must be where it was."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def visitor(browser: Browser, port: int) -> Iterator[Page]:
    context = browser.new_context(base_url=f"http://127.0.0.1:{port}", locale="en-GB", **PHONE)
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def visit(page: Page) -> None:
    """Open the page and wait until its service worker has taken over."""
    page.goto("/")
    page.evaluate(CONTROLLED)


@contextmanager
def answering(port: int, status: int) -> Iterator[None]:
    """Start a proxy without a server: the same answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as proxy:
        Thread(target=proxy.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            proxy.shutdown()


def test_it_can_be_installed(browser: Browser, live_server: str) -> None:
    context: BrowserContext = browser.new_context(base_url=live_server)
    page = context.new_page()
    page.goto("/")
    devtools = context.new_cdp_session(page)
    manifest = devtools.send("Page.getAppManifest")
    assert manifest["url"] and manifest["errors"] == []
    found = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert {error["errorId"] for error in found} <= {"in-incognito"}  # as every context of a test is
    context.close()


@pytest.mark.parametrize("code", sorted(read_languages()))
def test_the_manifest_speaks_the_page_s_language(live_server: str, code: str) -> None:
    words = read_languages()[code].messages["page"]
    answer = httpx.get(f"{live_server}/manifest.webmanifest", headers={"Accept-Language": code})
    manifest = answer.json()
    assert answer.headers["content-type"].startswith("application/manifest+json")
    assert (manifest["name"], manifest["lang"]) == (words["title"].format(name="Sketchfind"), code)
    start, end = words["description"].split("{what}")
    assert manifest["description"].startswith(start) and manifest["description"].endswith(end)
    assert f'href="/manifest.webmanifest?lang={code}"' in httpx.get(f"{live_server}/?lang={code}").text


def test_the_manifest_s_icons_are_what_it_says(live_server: str) -> None:
    icons = httpx.get(f"{live_server}/manifest.webmanifest").json()["icons"]
    assert {(icon["sizes"], icon.get("purpose", "any")) for icon in icons} >= {
        ("192x192", "any"), ("512x512", "any"), ("512x512", "maskable"),
    }  # fmt: skip
    for icon in icons:
        answer = httpx.get(live_server + icon["src"])
        assert answer.headers["content-type"].startswith(icon["type"])
        if icon["type"] == "image/png":
            assert "x".join(map(str, Image.open(io.BytesIO(answer.content)).size)) == icon["sizes"]


@pytest.mark.parametrize("name", SIZES)
def test_icons_are_the_favicon(browser: Browser, name: str) -> None:
    drawn = Image.open(io.BytesIO(draw_icon(browser, name))).convert("RGBA")
    kept = Image.open(ICONS / name).convert("RGBA")
    assert kept.size == drawn.size
    difference = np.abs(np.asarray(kept, float) - np.asarray(drawn, float)).mean()
    assert difference < 1, "the favicon has changed: python -m tests.page.support.icons"


def test_the_page_opens_without_a_network(visitor: Page, tiny_gallery: Path, port: int) -> None:
    with serving(tiny_gallery, port):
        visit(visitor)
    visitor.context.set_offline(True)
    visitor.goto("/?lang=de")  # whatever the address says besides
    phone = Phone(visitor)
    expect(phone.status).to_have_text("You are offline. Searching waits until you are back.")
    expect(phone.results).to_have_count(0)
    phone.draw(BOOT[0])
    expect(phone.status).to_contain_text("Your sketch is safe; trying again")
    phone.button("Clear").tap()
    expect(phone.status).to_have_text("You are offline. Searching waits until you are back.")
    with serving(tiny_gallery, port):
        visitor.context.set_offline(False)
        expect(phone.status).to_contain_text("products to find")
        assert phone.draw_and_wait(BOOT[0]).status == 200


def test_the_page_opens_in_the_chosen_theme_without_a_network(visitor: Page, tiny_gallery: Path, port: int) -> None:
    visitor.emulate_media(color_scheme="light")
    with serving(tiny_gallery, port):
        visit(visitor)
        visitor.get_by_role("button", name="More").tap()
        visitor.get_by_role("button", name="Dark").tap()
        visitor.wait_for_function(f"async () => ({KEPT_PAGE})().then((page) => page.includes('data-theme=\"dark\"'))")
    visitor.reload()
    expect(visitor.locator("body")).to_have_css("background-color", "rgb(18, 19, 23)")


def test_a_server_in_trouble_does_not_keep_the_page_away(visitor: Page, tiny_gallery: Path, port: int) -> None:
    with serving(tiny_gallery, port):
        visit(visitor)
    with answering(port, 502):
        visitor.reload()
        expect(visitor.locator("#undo")).to_be_visible()
    visitor.reload()  # nobody listens at all
    expect(visitor.locator("#undo")).to_be_visible()


def test_nothing_of_another_version_is_kept(visitor: Page, tiny_gallery: Path, port: int) -> None:
    """While servers are updated one after the other, the next of them may not have this version yet."""
    version = Assets(STATIC).version
    outdated = ["/js/sketch/paper.js"]

    def half_updated(app: ASGIApp) -> ASGIApp:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["path"].endswith(tuple(outdated)):
                scope = {**scope, "path": scope["path"].replace(version, "0" * 12)}
            await app(scope, receive, send)

        return answer

    with serving(tiny_gallery, port, within=half_updated):
        visitor.goto("/widget-example")  # which registers no worker by itself
        assert visitor.evaluate(INSTALL) is False
        assert visitor.evaluate(KEPT) == []
        outdated.clear()
        assert visitor.evaluate(INSTALL) is True
        assert {path for _, path in visitor.evaluate(KEPT)} == {"/", *Assets(STATIC).shell}


def test_no_answer_is_ever_kept(visitor: Page, tiny_gallery: Path, port: int) -> None:
    with serving(tiny_gallery, port):
        visit(visitor)
        phone = Phone(visitor)
        phone.draw_and_wait(BOOT[0])
        expect(phone.results.first).to_be_visible()
        visitor.reload()
        assert not phone.draw_and_wait(BOOT[0]).from_service_worker
        expect(phone.results.first).to_be_visible()
        assert {path for _, path in visitor.evaluate(KEPT)} == {"/", *Assets(STATIC).shell}


def test_an_update_takes_over_and_takes_nothing_away(
    visitor: Page, tiny_gallery: Path, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tiny_gallery, port):
        visit(visitor)
        phone = Phone(visitor)
        phone.draw_and_wait(BOOT[0])
    changed = shutil.copytree(STATIC, tmp_path / "static")
    with (changed / "js" / "main.js").open("a") as script:
        script.write("// another version\n")
    monkeypatch.setattr(app.main, "STATIC", changed)
    new = Assets(changed)
    with serving(tiny_gallery, port):
        visitor.evaluate("() => navigator.serviceWorker.getRegistration().then((worker) => worker.update())")
        visitor.evaluate(REPLACED, f"sketchfind {new.base}")
        two = phone.draw_and_wait(BOOT[1])  # on the page that was open all the time
        assert two.status == 200 and len(sent(two.request)["strokes"]) == 2
        kept = visitor.evaluate(KEPT)
        assert {path for _, path in kept} == {"/", *new.shell}
    visitor.reload()  # without a server: the new version opens
    assert new.version in str(visitor.locator("script[src$='main.js']").get_attribute("src"))
    expect(visitor.locator("#undo")).to_be_enabled()  # the sketch is back
