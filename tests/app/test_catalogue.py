from __future__ import annotations

import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from app.catalogue import Catalogue, CatalogueError, CheckpointMismatch, Filters, Product, sqlite_url
from tests.app.small import DIM, open_catalogue, products, vectors


def test_a_product_comes_back_as_it_was_put(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    product = Product("id é/1", "T", "A  >b ", Decimal("1234567.8901"), "EUR", "https://x", "red", "men", "p", "s")
    assert catalogue.put([product], vectors(1)) == 1
    stored = catalogue.get("id é/1")
    assert stored is not None and stored.revision == 1
    assert stored.category == "A > b"
    assert (stored.title, stored.price, stored.currency, stored.link) == ("T", product.price, "EUR", "https://x")
    assert (stored.color, stored.gender, stored.photo, stored.source) == ("red", "men", "p", "s")
    np.testing.assert_array_equal(catalogue.embedding("id é/1"), vectors(1)[0])


@pytest.mark.parametrize("price", ["0", "5", "59.90", "0.0001", "999999999999"])
def test_prices_are_exact(tmp_path: Path, price: str) -> None:
    catalogue = open_catalogue(tmp_path)
    catalogue.put([Product("a", "A", price=Decimal(price))], vectors(1))
    assert catalogue.get("a") == Product("a", "A", price=Decimal(price), revision=1)


def test_every_change_gets_the_next_revision_and_is_told_once(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    catalogue.put(products("abc"), vectors(3))
    catalogue.put(products("b"), vectors(1, seed=9))
    assert catalogue.delete(["a", "nobody", "a"]) == 1
    assert (catalogue.revision(), catalogue.size()) == (5, 2)
    changes = catalogue.changes(0)
    assert [(c.product_id, c.revision, c.embedding is None) for c in changes] == [
        ("c", 3, False),
        ("b", 4, False),
        ("a", 5, True),
    ]
    np.testing.assert_array_equal(changes[1].embedding, vectors(1, seed=9)[0])
    assert [c.product_id for c in catalogue.changes(0, limit=2)] == ["c", "b"]
    assert [c.product_id for c in catalogue.changes(4)] == ["a"]
    assert catalogue.changes(5) == []


def test_a_deleted_product_is_gone_and_can_come_back(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    catalogue.put(products("ab", "Shoes"), vectors(2))
    catalogue.delete(["a"])
    assert catalogue.get("a") is None and catalogue.embedding("a") is None
    assert [p.product_id for p in catalogue.page()] == ["b"]
    assert catalogue.live() == {"b": 2}
    assert catalogue.at_revisions([1, 2, 3]).keys() == {2}
    assert catalogue.categories() == {"Shoes": 1}
    assert catalogue.matching(Filters(category="Shoes"))[1].tolist() == [2]
    catalogue.put(products("a"), vectors(1))
    assert catalogue.live() == {"b": 2, "a": 4}
    assert catalogue.delete(["a", "b"]) == 2
    assert catalogue.delete(["a", "b"]) == 0
    assert catalogue.revision() == 6


def test_pages_follow_one_another(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    catalogue.put(products(["e", "a", "d", "b", "c"]), vectors(5))
    assert [p.product_id for p in catalogue.page(limit=2)] == ["a", "b"]
    assert [p.product_id for p in catalogue.page("b", 2)] == ["c", "d"]
    assert [p.product_id for p in catalogue.page("d", 2)] == ["e"]
    assert catalogue.page("e", 2) == []


def test_many_ids_can_be_asked_for_at_once(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    names = [f"p{number}" for number in range(1300)]
    catalogue.put(products(names), vectors(1300))
    assert catalogue.get_many(names).keys() == set(names)
    assert len(catalogue.at_revisions(range(1, 1301))) == 1300
    assert catalogue.delete(names[:1100]) == 1100
    assert catalogue.size() == 200


def test_another_checkpoint_is_refused_with_both_hashes(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    catalogue.bind("a" * 64, DIM)
    with pytest.raises(CheckpointMismatch, match=f"{'a' * 64}.*{'b' * 64}"):
        catalogue.bind("b" * 64, DIM)


def test_embeddings_that_do_not_fit_change_nothing(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    nothing = np.full((1, DIM), np.nan, np.float32)
    for things, embeddings, reason in (
        (products("a"), vectors(2), r"shape \(2, 8\): expected \(1, 8\)"),
        (products("a"), nothing, "NaN"),
        (products("aa"), vectors(2), "'a' comes twice"),
    ):
        with pytest.raises(CatalogueError, match=reason):
            catalogue.put(things, embeddings)
    assert (catalogue.revision(), catalogue.size()) == (0, 0)
    unbound = Catalogue(sqlite_url(tmp_path / "other.sqlite"))
    with pytest.raises(CatalogueError, match="no checkpoint yet"):
        unbound.put(products("a"), vectors(1))


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\0b", "x" * 513, "\ud800"])
def test_unusable_product_ids_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"product id .* is not usable"):
        Product(name, "T")


def test_unusable_prices_are_refused() -> None:
    for text in ("-1", "NaN", "Infinity", "1e12"):
        with pytest.raises(ValueError, match=r"price .* is not usable"):
            Product("a", "A", price=Decimal(text))


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each writer has its own connections, as in its own process."""

    def write(number: int) -> None:
        catalogue = open_catalogue(tmp_path)
        for turn in range(10):
            catalogue.put(products([f"{number}-{turn}", f"{number}-x", "shared"]), vectors(3))
        catalogue.delete([f"{number}-x"])
        catalogue.close()

    open_catalogue(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    catalogue = open_catalogue(tmp_path)
    assert catalogue.size() == 4 * 10 + 1
    assert catalogue.revision() == 4 * (10 * 3 + 1)
    revisions = [change.revision for change in catalogue.changes(0)]
    assert revisions == sorted(set(revisions)) and revisions[-1] == catalogue.revision()


WRITER = """
import sys
from pathlib import Path
from tests.app.small import open_catalogue, products, vectors
catalogue = open_catalogue(Path(sys.argv[1]))
for turn in range(100000):
    catalogue.put(products([f"{turn}-{n}" for n in range(5)]), vectors(5))
    print(turn, flush=True)
"""


def test_a_killed_writer_leaves_all_it_acknowledged_and_nothing_by_halves(tmp_path: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    acknowledged = [int(writer.stdout.readline()) for _ in range(7)]
    writer.send_signal(signal.SIGKILL)
    acknowledged += [int(line) for line in writer.stdout.read().split("\n") if re.fullmatch(r"\d+", line)]
    writer.wait()
    writer.stdout.close()
    catalogue = open_catalogue(tmp_path)
    live = catalogue.live()
    assert {f"{turn}-{n}" for turn in acknowledged for n in range(5)} <= live.keys()
    assert len(live) % 5 == 0 and len(live) == catalogue.revision()
