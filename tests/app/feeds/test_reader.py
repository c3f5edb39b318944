"""Tests of feeds as tables, of photo folders, and of the detection of formats."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path

import pytest

from app.catalogue.import_jobs import FeedProblem
from app.feeds import reader as module
from app.feeds.reader import count_source, read_source
from app.feeds.records import FeedError, FeedItem
from app.photo_fetch.linked_photos import LinkedPhotos
from model.preprocessing.images import UnreadableImageError


def read(path: Path, text: str, encoding: str = "utf-8") -> tuple[list[FeedItem], list[FeedProblem]]:
    path.write_bytes(text.encode(encoding))
    results = list(read_source(path))
    items = [item for item in results if isinstance(item, FeedItem)]
    return items, [problem for problem in results if isinstance(problem, FeedProblem)]


def test_every_column_is_taken(tmp_path: Path) -> None:
    text = (
        "id\ttitle\tproduct_type\tcolor\tgender\tprice\tlink\timage_link\tstars\n"
        "7\tRed boot\tShoes>Boots\tred\twomen\t59.90 EUR\thttps://shop/7\tp/7.jpg\t5\n"
    )
    items, problems = read(tmp_path / "feed.tsv", text)
    product = items[0].product
    assert problems == []
    assert (product.product_id, product.title, product.category) == ("7", "Red boot", "Shoes > Boots")
    assert (product.color, product.gender, product.link) == ("red", "women", "https://shop/7")
    assert (product.price, product.currency) == (Decimal("59.90"), "EUR")
    assert product.attributes == (("stars", "5"),)
    assert items[0].links == ("p/7.jpg",)


def test_only_id_and_image_link_are_needed(tmp_path: Path) -> None:
    items, _ = read(tmp_path / "feed.csv", "image_link,id\na.jpg,7\n")
    product = items[0].product
    assert (product.product_id, product.title, product.category, product.price) == ("7", "7", None, None)


@pytest.mark.parametrize(
    "text",
    [
        'id,title,image_link\n7,"Boot, red",a.jpg\n',
        "id;title;image_link\n7;Boot, red;a.jpg\n",
        'id\ttitle\timage_link\n7\t"Boot, red"\ta.jpg\n',
        "ID\tTitle\tImage Link\r\n\r\n7 \t Boot, red\ta.jpg\r\n",
        "\ufeffid\ttitle\timage_link\n7\tBoot, red\ta.jpg",
    ],
)
def test_the_usual_spellings_of_a_feed_are_read(tmp_path: Path, text: str) -> None:
    items, problems = read(tmp_path / "feed.txt", text)
    assert [(item.product.product_id, item.product.title) for item in items] == [("7", "Boot, red")]
    assert problems == []


@pytest.mark.parametrize(
    ("text", "price", "currency"),
    [
        ("59.90 EUR", "59.90", "EUR"),
        ("59.90EUR", "59.90", "EUR"),
        ("1,299.00 inr", "1299.00", "INR"),
        ("12", "12", None),
        ("59,90 €", "59.90", "EUR"),
        ("EUR 59.90", "59.90", "EUR"),
        ("$1,299.00", "1299.00", "USD"),
        ("1.299,00 EUR", "1299.00", "EUR"),
        ("1.299.000 EUR", "1299000", "EUR"),
        ("12.500 KWD", "12.500", "KWD"),
        ("", None, None),
    ],
)
def test_prices(tmp_path: Path, text: str, price: str | None, currency: str | None) -> None:
    items, _ = read(tmp_path / "feed.tsv", f"id\tprice\timage_link\n7\t{text}\ta.jpg\n")
    assert items[0].product.price == (None if price is None else Decimal(price))
    assert items[0].product.currency == currency


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("\tT\ta.jpg\t", "product id '' is not usable"),
        ("1\tT\ta.jpg\t", "product id '1' came before"),
        ("7\tT\t\t", "image_link is empty"),
        ("7", "image_link is empty"),
        ("7\tT\ta.jpg\tcheap", "price 'cheap' cannot be read"),
        ("7\tT\ta.jpg\t-3 EUR", "price '-3 EUR' cannot be read"),
        ("7\tT\ta.jpg\tEUR 12 USD", "price 'EUR 12 USD' cannot be read"),
        ("7\tT\ta.jpg\t12 EUR\tx\ty", "it has 6 values: expected 4"),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_read(tmp_path: Path, line: str, reason: str) -> None:
    text = f"id\ttitle\timage_link\tprice\n1\tT\ta.jpg\t\n{line}\n9\tT\tb.jpg\t\n"
    items, problems = read(tmp_path / "feed.tsv", text)
    assert [item.product.product_id for item in items] == ["1", "9"]
    assert [problem.where for problem in problems] == ["line 3"]
    assert reason in problems[0].reason


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "9"),
        ("price", "9"),
        ("price", "x"),
        ("sale_price", "9"),
        ("sale_price_effective_date", "9"),
        ("availability", "maybe"),
        ("currency", "x"),
        ("size", "x"),
        ("title", "x"),
        ("image_link", "https://shop.example/"),
        ("image_link", "ftp://shop.example/"),
        ("image_link", "../"),
        ("image_link", "a"),
    ],
)
def test_what_is_said_of_a_value_is_short_however_long_it_is(tmp_path: Path, field: str, value: str) -> None:
    fields = {"id": "1", "price": "9 EUR", "sale_price": "9 EUR", "image_link": "a.jpg"}
    fields[field] = (value * 500_000)[:500_000]
    items, problems = read(tmp_path / "feed.jsonl", json.dumps(fields))
    photos = LinkedPhotos(tmp_path, tmp_path)
    for item in items:
        with pytest.raises(UnreadableImageError) as error:
            photos.fetch(item.links[0], None)
        problems.append(FeedProblem("1", str(error.value)))
    photos.close()
    assert len(problems) == 1 and len(problems[0].reason) < 400 and len(problems[0].where) < 20


def test_a_problem_keeps_no_more_than_a_message(tmp_path: Path) -> None:
    problem = FeedProblem("w" * 1_000_000, "r" * 1_000_000)  # as a library may report
    assert (len(problem.where), len(problem.reason)) == (512, 600)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"\n\n", "no column id and no image_link: found nothing"),
        (b"id,picture\n1,a.jpg\n", "no column image_link: found id, picture"),
        (b"1,a.jpg\n", "no column id and no image_link: found 1, a.jpg"),
        (b"id,image_link,title\n1,a.jpg,\xff\n", "byte 0xff in line 2 is not UTF-8"),
        (b"\x89PNG\r\n\x1a\n\0\0", "byte 0x89 in line 1 is not UTF-8"),
        (b"id,image_link\r1,a.jpg\r", "no column image_link: found id, image_link_1, a.jpg"),
        (b"id,image_link\n1," + b"x" * 2_000_000, "line 2 is too long"),
        (b'id,image_link\n1,"' + b'x\n","' * 300_000, "too long"),
        (b"[{}]", "one JSON array: expected JSON Lines"),
        (b"\x1f\x8b\x08\0", "is compressed (gzip): expected it unpacked"),
        (b"PK\x03\x04", "is compressed (zip)"),
        (b"<" + b"x" * 1_000_000 + b"/>", "xxx…> has no products"),
    ],
)
def test_what_is_no_feed_is_refused_by_name(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "feed.csv"
    path.write_bytes(data)
    with pytest.raises(FeedError, match=r"feed\.csv") as error:
        count_source(path)
    assert reason in str(error.value) and len(str(error.value)) < 400


def test_too_many_products_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PRODUCTS", 2)
    (tmp_path / "feed.csv").write_text("id,image_link\n1,a\n2,a\n2,a\n3,a\n")
    results = read_source(tmp_path / "feed.csv")
    assert [type(next(results)) for _ in range(3)] == [FeedItem, FeedItem, FeedProblem]
    with pytest.raises(FeedError, match="too many products: expected at most 2"):
        next(results)


def test_sizes_are_repeated_in_every_format(tmp_path: Path) -> None:
    for text in (
        "id,image_link,size,size,size_system,item_group_id\n7,a.jpg,41,42,EU,shoe 7\n",
        '{"id": 7, "image_link": "a.jpg", "size": [41, "42"], "size_system": "EU", "item_group_id": "shoe 7"}',
        "<rss xmlns:g='http://base.google.com/ns/1.0'><item><g:id>7</g:id><g:image_link>a.jpg</g:image_link>"
        "<g:size>41</g:size><g:size>42</g:size><g:size_system>EU</g:size_system>"
        "<g:item_group_id>shoe 7</g:item_group_id></item></rss>",
    ):
        items, _ = read(tmp_path / "feed", text)
        assert [item.product.size for item in items] == ["41 / 42"]
        assert [(item.product.sizes, item.product.group_id) for item in items] == [(["EU 41", "EU 42"], "shoe 7")]


def test_a_carriage_return_within_a_line_is_a_space(tmp_path: Path) -> None:
    text = 'id,title,image_link\r\r\n7,Red\rboot,a.jpg\n8,"Two\rwords, or\r\nmore",b.jpg\r\n9,T\r,c.jpg\r'
    items, problems = read(tmp_path / "feed.csv", text)
    assert [item.product.title for item in items] == ["Red boot", "Two words, or\r\nmore", "T"]
    assert [item.links for item in items] == [("a.jpg",), ("b.jpg",), ("c.jpg",)] and problems == []


def test_a_field_may_hold_line_ends(tmp_path: Path) -> None:
    items, problems = read(tmp_path / "feed.csv", 'id,title,image_link\n7,"Red\nboot",a.jpg\n8,T,\n')
    assert items[0].product.title == "Red\nboot"
    assert [problem.where for problem in problems] == ["line 4"]


@pytest.mark.parametrize("long", ["x" * 200_000, "x\n" * 100_000, "x" * (2**20 - len('7,"",a.jpg\n'))])
def test_a_field_may_be_as_long_as_a_product(tmp_path: Path, long: str) -> None:
    table = 'id,{},image_link\n7,"{}",a.jpg\n8,T,b.jpg\n'
    items, problems = read(tmp_path / "feed.csv", table.format("notes", long))
    assert [item.product.product_id for item in items] == ["7", "8"] and problems == []
    items, (problem,) = read(tmp_path / "feed.csv", table.format("description", long))
    assert [item.product.product_id for item in items] == ["8"]
    assert problem.where == "line 2" and "expected at most 10,000" in problem.reason


def test_no_source_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"no source at .*nowhere"):
        read_source(tmp_path / "nowhere")


def test_a_folder_gives_a_product_a_photo(tmp_path: Path) -> None:
    names = ("b.jpg", "shoes/red_boot-1.PNG", "shoes/pumps/a b.webp", "notes.txt", ".hidden/c.jpg", "shoes/.d.jpg")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    items = [item for item in read_source(tmp_path) if isinstance(item, FeedItem)]
    assert [(item.product.product_id, item.product.title, item.product.category) for item in items] == [
        ("b", "b", None),
        ("shoes/pumps/a b", "a b", "shoes > pumps"),
        ("shoes/red_boot-1", "red boot 1", "shoes"),
    ]
    assert items[2].links == ("shoes/red_boot-1.PNG",)


def test_two_photos_of_one_id_are_a_problem(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png"):
        (tmp_path / name).touch()
    first, second = read_source(tmp_path)
    assert isinstance(first, FeedItem)
    assert second == FeedProblem("a.png", "its product id 'a' is already that of a.jpg", "duplicate")


def test_photos_whose_names_are_not_utf_8_are_problems(tmp_path: Path) -> None:
    names = (os.fsdecode(b"caf\xe9.jpg"), os.fsdecode(b"caf\xe9.png"), os.fsdecode(b"bo\xf6ts/1.jpg"), "café/2.jpg")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    results = list(read_source(tmp_path))
    assert [item.product.product_id for item in results if isinstance(item, FeedItem)] == ["café/2"]
    problems = {item.where: item.reason for item in results if isinstance(item, FeedProblem)}
    assert sorted(problems) == [r"bo\xf6ts/1.jpg", r"caf\xe9.jpg", r"caf\xe9.png"]
    assert set(problems.values()) == {"its name is not UTF-8: rename the file"}
