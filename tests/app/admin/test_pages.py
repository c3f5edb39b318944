"""What an operator does on the admin page, form by form."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from app.admin.forms import FORM_TOKEN
from app.catalogue.admin.sessions import AdminSessions
from app.catalogue.catalogue import Catalogue, sqlite_url
from app.gallery.layout import CATALOGUE_FILE
from app.products.product import Product
from tests.app.admin.conftest import AdminShop
from tests.conftest import PRODUCTS
from tests.support.operator import form_token, hidden_fields, send, wait_for_page
from tests.support.photo_web import web
from tests.support.sketch_files import JSON, strokes_body

FEED = b"id\ttitle\tprice\timage_link\nboot-1\tBoot\tcheap\ta.png\nnew-1\tNew\t5 EUR\thttps://shop.example/b.png\n"


def product_form(client: httpx.Client, path: str, **changes: str) -> dict[str, str]:
    """Return the fields of a product's form as a browser sends them, with changes."""
    before = hidden_fields(client.get(path))
    shown = {name.removeprefix("before."): text for name, text in before.items() if name.startswith("before.")}
    return before | shown | changes


def test_the_overview_has_the_state_of_gallery_index_and_server(operator: httpx.Client) -> None:
    page = operator.get("/admin").text
    health = operator.get("/healthz").json()
    assert health["checkpoint"] in page and health["version"] in page and "Flat, in one part" in page
    assert f">{len(PRODUCTS)}<" in page and "answers" in page and "GB of" in page


def test_products_are_found_paged_and_edited(operator: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Sofa number 1" in operator.get("/admin/products", params={"q": "soffa"}).text
    assert "No products match" in operator.get("/admin/products?q=qqqqq").text
    assert operator.get("/admin/products", params={"q": "a " * 30}).status_code == 422
    monkeypatch.setattr("app.admin.routes.products._PAGE", 3)
    page = operator.get("/admin/products?q=number").text
    following = re.search(r'href="([^"]+)">Next page', page)
    assert following and page.count("/admin/products/") == 3
    assert "First page" in operator.get(following[1].replace("&amp;", "&")).text

    path = "/admin/products/boot-2"
    form = product_form(operator, path, price="79.90 EUR", availability="out_of_stock", attributes="sole: gum")
    saved = operator.post(path, data=form)
    assert saved.headers["location"] == f"{path}?notice=saved"
    assert "The product is saved." in operator.get(saved.headers["location"]).text
    product = operator.get("/products/boot-2").json()
    assert (product["price"], product["availability"], product["color"]) == (79.9, "out_of_stock", "Black/Red")
    assert product["attributes"] == [{"name": "sole", "value": "gum"}]
    stale = operator.post(path, data=form)  # again, as from a page that was open before
    assert stale.headers["location"].endswith("notice=saved") and operator.get("/products/boot-2").json() == product
    unchanged = operator.post(path, data=product_form(operator, path))
    assert unchanged.headers["location"] == f"{path}?notice=unchanged"


def test_a_refused_edit_shows_the_form_as_it_was_sent(operator: httpx.Client) -> None:
    path = "/admin/products/boot-1"
    answer = operator.post(path, data=product_form(operator, path, price="cheap", brand="<b>"))
    assert answer.status_code == 422 and "price is &#39;cheap&#39;: expected" in answer.text
    assert 'value="cheap"' in answer.text and 'value="&lt;b&gt;"' in answer.text and "<b>" not in answer.text
    assert operator.get("/products/boot-1").json()["price"] == 129.0
    assert operator.get("/admin/products/none").status_code == 404
    missing = operator.post(path, data={FORM_TOKEN: form_token(operator)})
    assert missing.status_code == 422 and "is missing" in missing.text


def test_a_deletion_is_confirmed(operator: httpx.Client, shop: AdminShop) -> None:
    catalogue = Catalogue(sqlite_url(shop.gallery / CATALOGUE_FILE))
    stored = catalogue.get("sack-1")
    assert stored is not None
    refused = send(operator, "/admin/deletions", product_id="sack-1")
    assert refused.status_code == 422 and "not confirmed" in refused.text
    answer = send(operator, "/admin/deletions", product_id="sack-1", confirmed="yes")
    assert answer.headers["location"] == "/admin/products?notice=deleted"
    assert operator.get("/products/sack-1").status_code == 404
    again = send(operator, "/admin/deletions", product_id="sack-1", confirmed="yes")
    assert again.status_code == 404 and "there is no product" in again.text
    catalogue.close()


def upload(client: httpx.Client, feed: bytes = b"", **fields: str) -> httpx.Response:
    fields = {FORM_TOKEN: form_token(client), "max_removed": "20"} | fields
    return client.post("/admin/imports", data=fields, files={"feed": ("feed.tsv", feed)})


def test_an_import_shows_its_progress_and_its_errors_by_line(operator: httpx.Client) -> None:
    started = upload(operator, FEED, dry_run="yes")
    assert started.status_code == 303, started.text
    page = wait_for_page(operator, started.headers["location"], lambda text: 'data-live="on"' not in text)
    assert "2 of 2 entries" in page and "only checked" in page
    assert "<td>line 2</td><td>entry</td><td>price &#39;cheap&#39; cannot be read" in page
    assert started.headers["location"] in operator.get("/admin/imports").text
    cancelled = send(operator, f"{started.headers['location']}/cancel")
    assert cancelled.headers["location"].endswith("?notice=cancelled")


@pytest.mark.parametrize(
    ("content", "fields", "message"),
    [
        (b"", {}, "neither a file nor a URL"),
        (FEED, {"url": "http://127.0.0.1:9/feed.tsv"}, "a file and a URL"),
        (FEED, {"complete": "yes", "max_removed": "many"}, "expected a number from 0 to 100"),
        (b"", {"url": "http://127.0.0.1:9/secret"}, "the feed cannot be fetched"),
    ],
)
def test_a_refused_import_shows_why(
    operator: httpx.Client, content: bytes, fields: dict[str, str], message: str
) -> None:
    answer = upload(operator, content, **fields)
    assert answer.status_code == 422 and message in answer.text
    assert all(f'value="{value}"' in answer.text for value in fields.values())


def test_a_feed_is_imported_by_its_url_and_all_errors_can_be_read(operator: httpx.Client) -> None:
    lines = b"".join(b"bad-%d\tBad\tcheap\ta.png\n" % number for number in range(150))
    with web() as shop:
        shop.answers["/feed.tsv"] = (200, {}, FEED + lines)
        started = upload(operator, url=shop.url("/feed.tsv"), dry_run="yes")
    assert started.status_code == 303, started.text
    path = started.headers["location"]
    page = wait_for_page(operator, path, lambda text: "152 of 152" in text)
    assert "<td>line 102</td>" in page and "<td>line 104</td>" not in page and "First errors" not in page
    further = re.search(r'href="([^"]+)">Further errors', page)
    assert further and "<td>line 153</td>" in (last := operator.get(further[1]).text)
    assert "First errors" in last and "Further errors" not in last


def test_a_key_is_shown_once_and_removed(operator: httpx.Client, shop: AdminShop) -> None:
    made = send(operator, "/admin/keys", name="till", scope="write")
    secret = re.search(r"sk_[\w-]{43}", made.text)
    assert secret and made.headers["cache-control"] == "no-store"
    page = operator.get("/admin/keys").text
    assert "till" in page and "of this session" in page and not re.search(r"sk_[\w-]{43}", page)
    for path, fields, message in (
        ("/admin/keys", {"name": "till", "scope": "read"}, "there is a key"),
        ("/admin/keys", {"name": "x", "scope": "all"}, "expected one of read, write"),
        ("/admin/keys/till/remove", {}, "not confirmed"),
        ("/admin/keys/none/remove", {"confirmed": "yes"}, "there is no key"),
        ("/admin/keys/shop/remove", {"confirmed": "yes"}, "this session was opened by the key"),
    ):
        answer = send(operator, path, **fields)
        assert answer.status_code == 422 and message in answer.text
    removed = send(operator, "/admin/keys/till/remove", confirmed="yes")
    assert removed.headers["location"] == "/admin/keys?notice=key-removed"
    catalogue = Catalogue(sqlite_url(shop.gallery / CATALOGUE_FILE))
    assert catalogue.keys.find(secret[0]) is None
    catalogue.close()


RULES = """
[[rule]]  # <b>
name = "Boots"
boost = 1
where = { category = "Shoes > Boots" }
[[rule]]
name = "Recall"
hide = true
where = { product_id = "sofa-1" }
"""


def test_rules_are_tried_saved_and_not_overwritten_unseen(operator: httpx.Client, shop: AdminShop) -> None:
    def post(action: str, text: str = RULES, **fields: str) -> httpx.Response:
        hidden = hidden_fields(operator.get("/admin/rules"))
        return operator.post("/admin/rules", data={**hidden, "action": action, "text": text, "q": "", **fields})

    tried = post("check", q="number").text
    assert "<td>Boots</td>" in tried and re.search(r'Recall</td>\s+<td>hide</td>\s+<td class="number">1<', tried)
    assert "boost 1: Boots" in tried and "Sofa number 1" not in tried and "&lt;b&gt;" in tried
    assert shop.app.state.service.rules.read() == "" and "<td>number</td>" not in operator.get("/admin/searches").text
    wrong = post("save", RULES.replace("boost = 1", "boost = 7").replace("hide", "hid"))
    assert wrong.status_code == 422 and "Nothing was saved" in wrong.text and "boost = 7" in wrong.text
    assert wrong.text.count("<li>rule ") == 2
    assert "words: expected at most" in post("check", q="a " * 50).text
    assert operator.post("/admin/rules", data={"action": "save", "text": "", "q": "", "version": ""}).status_code == 403
    stale = hidden_fields(operator.get("/admin/rules"))["version"]
    assert post("save").headers["location"] == "/admin/rules?notice=rules-saved"
    assert len(shop.app.state.service.rules.active().rules) == 2
    late = post("save", "bound = 0.1", version=stale)
    assert late.status_code == 409 and "Saved meanwhile" in late.text and "&#34;Recall&#34;" in late.text
    assert post("save", "bound = 0.1", version=hidden_fields(late)["version"]).status_code == 303
    assert post("save", " ").status_code == 303
    assert "no mistakes" in post("check", "").text and "Such as" in operator.get("/admin/rules").text


def test_rules_of_a_file_are_tried_and_not_saved(
    operator: httpx.Client, shop: AdminShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rules.toml"
    monkeypatch.setattr(shop.app.state.service.rules, "path", path)
    missing = operator.get("/admin/rules").text
    assert "cannot be used" in missing and "cannot be read: No such file" in missing
    path.write_text("bound = 0.5")
    page = operator.get("/admin/rules")
    assert "bound = 0.5" in page.text and str(path) in page.text and 'value="save"' not in page.text
    fields = hidden_fields(page) | {"text": "bound = 0.4", "q": ""}
    assert operator.post("/admin/rules", data=fields | {"action": "check"}).status_code == 200
    saved = operator.post("/admin/rules", data=fields | {"action": "save"})
    assert saved.status_code == 409 and "expected a change of that file" in saved.text
    monkeypatch.undo()
    shop.app.state.service.rules._refresh()


def test_searches_are_listed_without_sketches(operator: httpx.Client) -> None:
    for _ in range(2):
        operator.post("/search?q=bot&category=Shoes", content=strokes_body(), headers=JSON)
    row = operator.get("/admin/searches").text.split("<td>bot</td>")[1].split("</tr>")[0]
    assert "category Shoes" in row and ">sketch<" in row and ">2<" in row


def test_operations_run_in_the_background_one_at_a_time(
    operator: httpx.Client, shop: AdminShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = "import sys, time; print(*sys.argv[1:]); time.sleep(0.5); sys.exit('tune' in sys.argv)"
    monkeypatch.setattr(shop.app.state.commands, "_program", (sys.executable, "-c", program))
    for name, line in (
        ("verify", "verify --gallery"),
        ("backup", f"backup {shop.backup_to} --gallery {shop.gallery}"),
        ("tune", "with status 1"),
    ):
        started = send(operator, f"/admin/operations/{name}")
        assert started.headers["location"] == "/admin/operations?notice=started", started.text
        busy = send(operator, "/admin/operations/verify")
        assert busy.status_code == 409 and f"{name} is running on this server" in busy.text
        assert line in wait_for_page(operator, "/admin/operations", lambda text: 'data-live="on"' not in text)
    assert send(operator, "/admin/operations/reembed").status_code == 422


def fail_to_connect(_sessions: AdminSessions, _token: str) -> None:
    raise OperationalError("SELECT", {}, Exception("connection refused"))


def test_errors_are_pages(operator: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for path, status in (("/admin/imports/none", 404), ("/admin/imports?after=none", 404), ("/admin/deletions", 405)):
        answer = operator.get(path)
        assert answer.status_code == status
    assert "expected an id that" in operator.get("/admin/imports/none").text
    with monkeypatch.context() as patch:
        patch.setattr(AdminSessions, "find", fail_to_connect)
        answer = operator.get("/admin")
    assert answer.status_code == 503 and answer.headers["retry-after"] == "10"
    assert "the database cannot be used now" in answer.text and "<html" in answer.text
    monkeypatch.setattr(Catalogue, "get", lambda *_: Product("boot-1", "<script>"))
    assert "<script>" not in operator.get("/admin/products/boot-1").text.split("</head>")[1]
