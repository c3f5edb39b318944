"""Feeds of one language: their texts are added to products, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from app.catalogue.catalogue import Catalogue
from app.catalogue.import_jobs import FeedProblem, ImportCounts
from app.feeds.reader import read_feed, read_feed_texts
from app.feeds.records import FeedError, FeedItem
from app.ingest.texts.text_import import import_texts
from app.products.languages.translations import Translation
from app.products.product import Photo, Product
from tests.support.small_galleries import open_catalogue, vectors

FEEDS = {
    "csv": "id,title,product_type,price\na,Stiefel,Schuhe > Stiefel,99 EUR\n,,,\nb,Tasche,,\nc,Hut,,\n",
    "jsonl": '{"id": "a", "title": "Stiefel", "product_type": "Schuhe > Stiefel", "price": 99}\n'
    '{"id": "b", "title": "Tasche"}\n{"id": "c", "title": "Hut"}\n',
    "xml": "<rss><channel><item><id>a</id><title>Stiefel</title><product_type>Schuhe &gt; Stiefel</product_type></item>"
    "<item><id>b</id><title>Tasche</title></item><item><id>c</id><title>Hut</title></item></channel></rss>",
}
BOOT = Product(
    *("a", "Boot", "Shoes > Boots", Decimal("59.90"), "EUR"),
    photos=(Photo("f" * 64, "s"),),
    translations=(Translation("de", "description", "Warm"), Translation("fr", "title", "Botte")),
)
GERMAN = (
    Translation("de", "category", "Schuhe > Stiefel"),
    Translation("de", "description", "Warm"),
    Translation("de", "title", "Stiefel"),
    Translation("fr", "title", "Botte"),
)


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    catalogue = open_catalogue(tmp_path)
    catalogue.put([BOOT, Product("b", "Bag")], vectors(2))
    return catalogue


def import_feed(
    catalogue: Catalogue, path: Path, *, is_dry_run: bool = False
) -> tuple[ImportCounts, list[FeedProblem]]:
    problems: list[FeedProblem] = []
    items = read_feed_texts(path, "de")
    return import_texts(catalogue, items, problems.append, is_dry_run=is_dry_run), problems


@pytest.mark.parametrize("ending", FEEDS)
def test_a_feed_of_a_language_adds_its_texts(catalogue: Catalogue, tmp_path: Path, ending: str) -> None:
    (path := tmp_path / f"feed.{ending}").write_text(FEEDS[ending])
    expected = ImportCounts(done=3, updated=2, problems=1)
    assert import_feed(catalogue, path, is_dry_run=True)[0] == expected and catalogue.revision() == 2
    counts, (problem,) = import_feed(catalogue, path)
    assert counts == expected
    assert "product 'c' is unknown" in problem.reason
    assert problem.where == {"csv": "line 5", "jsonl": "line 3", "xml": "entry 3"}[ending]
    assert catalogue.get_many(["a", "b", "c"]) == {
        "a": replace(BOOT, translations=GERMAN, revision=3),
        "b": Product("b", "Bag", translations=(Translation("de", "title", "Tasche"),), revision=4),
    }
    assert import_feed(catalogue, path)[0] == ImportCounts(done=3, unchanged=2, problems=1)


def test_unusable_entries_are_problems_of_their_lines(catalogue: Catalogue, tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_text(f"id,title\na,{'x' * 2001}\na,Twice\n,Hut\nb,Tasche,more\nb,\n")
    counts, problems = import_feed(catalogue, path)
    assert counts == ImportCounts(done=5, unchanged=1, problems=4)
    by_line = {problem.where: problem.reason for problem in problems}
    assert set(by_line) == {"line 2", "line 3", "line 4", "line 5"}
    assert by_line["line 2"].startswith("title_de has 2,001 characters") and "came before" in by_line["line 3"]
    assert by_line["line 4"] == "id is empty: expected that of a product"
    path.write_text("title\nHut\n")
    with pytest.raises(FeedError, match="has no column id: found title"):
        import_feed(catalogue, path)


def test_columns_by_language_are_read_beside_the_products_own(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    header = "id,image_link,title,Title de,product_type_fr,color_de,title_pt-BR,title_jp,category_id,link_de"
    path.write_text(f"{header}\na,a.png,Boot,Stiefel &amp; mehr,Chaussures>Bottes,Rot,Bota,Buutsu,17,https://x/de\n")
    (item,) = read_feed(path)
    assert isinstance(item, FeedItem)
    assert item.product.translations == (
        Translation("de", "color", "Rot"),
        Translation("de", "link", "https://x/de"),
        Translation("de", "title", "Stiefel & mehr"),
        Translation("fr", "category", "Chaussures > Bottes"),
        Translation("pt-BR", "title", "Bota"),
    )
    assert item.product.attributes == (("category_id", "17"), ("title_jp", "Buutsu"))
    before = replace(BOOT, translations=(*BOOT.translations, Translation("it", "title", "Stivale")))
    stored = item.product.with_languages_of(before)
    assert (stored.text("description", "de"), stored.text("title", "it")) == (None, "Stivale")
