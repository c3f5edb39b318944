"""Tests of products that are replaced during a search: those that exist throughout are in the answer once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.catalogue.catalogue import Catalogue
from app.catalogue.product_cache import ProductCache
from app.gallery.gallery import Gallery
from app.gallery.local_index import local_index as index_module
from app.gallery.maintenance import Maintenance
from app.index.snapshot import Snapshot
from app.products.filters import Filters
from app.products.product import Product
from app.search.retriever import Retriever
from tests.support.embedding_searches import search_embeddings
from tests.support.small_galleries import brute_force, open_catalogue, small_checkpoint, vectors

IDS = [f"p{number:02d}" for number in range(20)]
SHOES = Filters(category="Shoes")


def shoe(name: str, title: str = "first") -> Product:
    return Product(name, title, "Shoes")


@pytest.fixture
def writer(directory: Path) -> Catalogue:
    catalogue = open_catalogue(directory)
    catalogue.put([shoe(name) for name in IDS], vectors(20))
    return catalogue


@pytest.fixture
def retriever(directory: Path, writer: Catalogue) -> Retriever:
    """Make a retriever whose gallery has the same database by other connections."""
    checkpoint = small_checkpoint()
    return Retriever(checkpoint, Gallery.open(directory, checkpoint, open_catalogue(directory)), 5, device="cpu")


def search_titles(retriever: Retriever, k: int = 100, filters: Filters = Filters()) -> dict[str, str]:
    """Search, and return ids and titles of the results, nearest first."""
    results = search_embeddings(retriever, vectors(1, 9), k, filters)[0].results
    assert len({result.product.product_id for result in results}) == len(results)
    return {result.product.product_id: result.product.title for result in results}


def before_ranking(monkeypatch: pytest.MonkeyPatch, write: Callable[[], object]) -> None:
    """Write in the middle of every search: after the filters have been applied, before the results are read."""
    candidates = Snapshot.candidates

    def after_writing(*arguments: Any) -> Any:
        write()
        return candidates(*arguments)

    monkeypatch.setattr(Snapshot, "candidates", after_writing)


@pytest.fixture
def refreshing_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have refreshes do nothing, as while another thread makes the next snapshot."""
    monkeypatch.setattr(Gallery, "refresh", lambda gallery, wait=True: False)


@pytest.mark.parametrize("filters", [Filters(), SHOES])
def test_replaced_between_selecting_and_reading(
    writer: Catalogue, retriever: Retriever, filters: Filters, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles = iter(range(100))
    before_ranking(monkeypatch, lambda: writer.put([shoe("p03", str(next(titles)))], vectors(1, 30)))
    for _ in range(3):
        assert sorted(search_titles(retriever, filters=filters)) == IDS


@pytest.mark.parametrize("filters", [Filters(), SHOES])
@pytest.mark.usefixtures("refreshing_elsewhere")
def test_replaced_before_the_index_has_followed(writer: Catalogue, retriever: Retriever, filters: Filters) -> None:
    photos = dict(zip(IDS, vectors(20), strict=True))
    assert search_titles(retriever, filters=filters)["p03"] == "first"
    for seed, title in ((30, "second"), (31, "third")):
        writer.put([shoe("p03", title)], vectors(1, seed))
        answer = search_titles(retriever, filters=filters)
        assert [*answer] == brute_force(vectors(1, 9)[0], photos | {"p03": vectors(1, seed)[0]})
        assert answer["p03"] == title
    writer.delete(["p03"])
    assert sorted(search_titles(retriever, filters=filters)) == [name for name in IDS if name != "p03"]
    writer.put([Product("p04", "fourth", "Bags")], vectors(1, 9))
    assert ("p04" in search_titles(retriever, filters=filters)) == filters.is_empty


@pytest.mark.usefixtures("refreshing_elsewhere")
def test_what_is_gone_makes_room_for_the_next(writer: Catalogue, retriever: Retriever) -> None:
    photos = dict(zip(IDS, vectors(20), strict=True))
    nearest = brute_force(vectors(1, 9)[0], photos)
    assert [*search_titles(retriever, 5)] == nearest[:5]
    writer.delete(nearest[:4])
    assert [*search_titles(retriever, 5)] == nearest[4:9]
    assert [*search_titles(retriever, 5, SHOES)] == nearest[4:9]


@pytest.mark.usefixtures("refreshing_elsewhere")
def test_after_another_checkpoint_what_is_gone_stays_away(writer: Catalogue, retriever: Retriever) -> None:
    """Until the gallery of the new one serves, the old one answers by what it has."""
    search_titles(retriever)
    with writer.transaction() as connection:
        connection.exec_driver_sql("UPDATE catalogue SET checkpoint = 'other'")
    catalogue = Catalogue(retriever.gallery.catalogue._reading.url)
    catalogue.delete(["p03"])
    catalogue.close()
    assert sorted(search_titles(retriever)) == [name for name in IDS if name != "p03"]


def test_following_ends_though_writers_do_not(
    writer: Catalogue, retriever: Retriever, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery, written = retriever.gallery, list[int]()
    changes = gallery.catalogue.changes

    def beside_a_writer(since: int) -> Any:
        read = changes(since)
        if len(written) < 50:
            written.append(writer.put([shoe("p03", str(len(written)))], vectors(1)))
        return read

    monkeypatch.setattr(gallery.catalogue, "changes", beside_a_writer)
    first = writer.put([shoe("p03")], vectors(1))
    assert gallery.refresh() and gallery.revision >= first
    assert len(written) == 1


def test_changes_that_could_not_be_taken_in_are_taken_in_later(
    writer: Catalogue, retriever: Retriever, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as on a full disk, where an index has no room: neither searches nor the next snapshot suffer."""

    def fail(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(index_module, "add", fail)
    writer.put([shoe("p03", "second")], vectors(1, 30))
    with pytest.raises(OSError, match="no space left"):
        retriever.gallery.refresh()
    answer = search_titles(retriever)
    assert sorted(answer) == IDS and answer["p03"] == "second"
    monkeypatch.undo()
    assert retriever.gallery.refresh() and retriever.gallery.size == len(IDS)
    answer = search_titles(retriever)
    assert sorted(answer) == IDS and answer["p03"] == "second"


@pytest.fixture
def storm(directory: Path, writer: Catalogue) -> Iterator[None]:
    """Start two writers that replace the first ten products until the test ends."""
    stop = threading.Event()

    def write(catalogue: Catalogue, seed: int) -> None:
        chance = np.random.default_rng(seed)
        while not stop.is_set():
            names = [IDS[number] for number in chance.choice(10, 3, replace=False)]
            catalogue.put([replace(shoe(name), title=str(seed)) for name in names], vectors(3, seed))

    threads = [threading.Thread(target=write, args=(open_catalogue(directory), seed)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    yield
    stop.set()
    for thread in threads:
        thread.join()


@pytest.mark.usefixtures("storm")
def test_a_storm_of_writers(directory: Path, retriever: Retriever) -> None:
    """A maintenance thread follows the writers, as in a server."""
    maintenance = Maintenance(retriever.gallery, lambda: None)
    maintenance.start()
    try:
        for _ in range(30):
            retriever.product_cache = ProductCache()  # as in a gallery of more products than the cache holds
            assert sorted(search_titles(retriever)) == IDS
            assert sorted(search_titles(retriever, filters=SHOES)) == IDS
    finally:
        maintenance.close()
