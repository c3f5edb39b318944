"""Tests of feeds as RSS and Atom, with malicious documents."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import pytest

from app.feeds.reader import count_source, read_source
from app.feeds.records import FeedError, FeedItem

RSS = """<?xml version="1.0"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>
<title>A shop</title><link>https://shop.example</link>
%s
</channel></rss>"""
ITEM = """<item><title>RSS title</title><link>https://shop.example/7</link><guid>x</guid><pubDate>today</pubDate>
<g:id>7</g:id><g:title>Tom &amp;amp; Jerry&#39;s boot</g:title><description><![CDATA[Warm <b>boot</b>]]></description>
<g:image_link>https://shop.example/7.jpg?a=1&amp;copy=2</g:image_link>
<g:additional_image_link>https://shop.example/8.jpg</g:additional_image_link>
<g:additional_image_link>https://shop.example/9.jpg</g:additional_image_link>
<g:price>59.90 EUR</g:price><g:availability>in stock</g:availability>
<g:google_product_category>Apparel &amp; Accessories &gt; Shoes</g:google_product_category>
<g:shipping><g:country>DE</g:country><g:price>4.90 EUR</g:price></g:shipping>
</item>"""
ATOM = """<?xml version="1.0" encoding="ISO-8859-1"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0"><title>A shop</title>
<entry><id>tag:shop,7</id><g:id>7</g:id><title>Schöner Stiefel</title><link href="https://shop.example/7"/>
<summary>Warm</summary><updated>2026</updated><g:image_link>7.jpg</g:image_link></entry></feed>"""


def read(path: Path, text: str, encoding: str = "utf-8") -> list[FeedItem]:
    path.write_bytes(text.encode(encoding))
    return [item for item in read_source(path) if isinstance(item, FeedItem)]


def test_rss(tmp_path: Path) -> None:
    (item,) = read(tmp_path / "feed.xml", RSS % ITEM)
    product = item.product
    assert (product.product_id, product.title) == ("7", "Tom & Jerry's boot")
    assert (product.category, product.availability) == ("Apparel & Accessories > Shoes", "in_stock")
    assert (product.description, product.link) == ("Warm <b>boot</b>", "https://shop.example/7")
    assert str(product.price) == "59.90"
    assert product.attributes == (("google_product_category", "Apparel & Accessories > Shoes"),)
    assert item.links == tuple(f"https://shop.example/{n}.jpg{'?a=1&copy=2' * (n == 7)}" for n in (7, 8, 9))


def test_fields_without_a_namespace(tmp_path: Path) -> None:
    text = "<products><item><id>7</id><image_link> a.jpg\n</image_link></item></products>"
    (item,) = read(tmp_path / "feed.xml", text)
    assert (item.product.product_id, item.links) == ("7", ("a.jpg",))


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "utf-16"])
def test_atom(tmp_path: Path, encoding: str) -> None:
    (item,) = read(tmp_path / "feed.xml", ATOM.replace("ISO-8859-1", encoding), encoding)
    product = item.product
    assert (product.product_id, product.title, product.description) == ("7", "Schöner Stiefel", "Warm")
    assert product.link == "https://shop.example/7" and product.attributes == ()


BOMB = """<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "lol">""" + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(10)
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB + "]><rss><item><id>&k;</id></item></rss>", "it has a document type or entities"),
        ('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r><item><id>&x;</id></item></r>', "document type"),
        (RSS % "<item><g:id>7</g:id>", "mismatched tag: line"),
        (RSS % "<item>&nbsp;</item>", "undefined entity"),
        (RSS % "", "<rss> has no products: expected RSS 2.0 with <item>, or Atom with <entry>"),
        ("<html><body>Sign in</body></html>", "<html> has no products"),
        (RSS % f"<item><g:id>{'x' * 2**21}</g:id></item>", "entry 1 is too long"),
        (RSS % f"{ITEM}<!--{'x' * 2**21}-->", "entry 2 is too long"),
        ('<?xml version="1.0" encoding="klingon"?><rss/>', "unknown encoding"),
    ],
)
def test_what_is_no_feed_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "feed.xml"
    path.write_text(text)
    started = time.process_time()
    with pytest.raises(FeedError, match=r"feed\.xml") as error:
        count_source(path)
    assert reason in str(error.value) and time.process_time() - started < 1


def test_depth_and_pieces_of_text_cost_little(tmp_path: Path) -> None:
    started = time.process_time()
    assert len(read(tmp_path / "deep.xml", RSS % ("<item>" + "<a>" * 50_000 + "</a>" * 50_000 + "</item>"))) == 0
    (item,) = read(tmp_path / "lines.xml", RSS % ITEM.replace("today", "\n" * 900_000))
    assert item.product.product_id == "7" and time.process_time() - started < 2


def test_memory_does_not_grow_with_the_feed(tmp_path: Path) -> None:
    with (tmp_path / "feed.xml").open("w") as file:
        before, after = RSS.split("%s")
        file.write(before)
        file.writelines(ITEM.replace(">7<", f">{n}<") for n in range(5_000))
        file.write(after)
    tracemalloc.start()
    assert count_source(tmp_path / "feed.xml") == 5_000
    assert tracemalloc.get_traced_memory()[1] < 3_000_000  # the feed has 4 MB; only its ids are held
    tracemalloc.stop()
