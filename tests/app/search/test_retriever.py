"""Tests of searches against the definition of the distance, on small galleries and on a real one."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from app.gallery.gallery import Gallery
from app.products.filters import Filters
from app.products.product import Product
from app.search.results import Query, SearchResult, UnknownProductError
from app.search.retriever import Retriever
from model.checkpoint import Checkpoint, load_checkpoint
from model.device import resolve_device
from tests.conftest import PRODUCTS, draw_product
from tests.support.embedding_searches import search_embeddings
from tests.support.small_galleries import brute_force, open_catalogue, products, small_checkpoint, vectors


def small_retriever(directory: Path, n_candidates: int = 100) -> Retriever:
    checkpoint = small_checkpoint()
    return Retriever(checkpoint, Gallery.open(directory, checkpoint), n_candidates, device="cpu")


def names(answer: SearchResult) -> list[str]:
    return [result.product.product_id for result in answer.results]


@pytest.mark.parametrize(("k", "n_candidates"), [(1, 1), (5, 100), (40, 10), (300, 100)])
def test_results_are_the_nearest_by_definition(tmp_path: Path, k: int, n_candidates: int) -> None:
    open_catalogue(tmp_path).put(products([f"p{n}" for n in range(200)]), vectors(200))
    retriever = small_retriever(tmp_path, n_candidates)
    sketches = vectors(6, 50)
    for sketch, answer in zip(sketches, search_embeddings(retriever, sketches, k), strict=True):
        photos = {f"p{n}": vector for n, vector in enumerate(vectors(200))}
        assert names(answer) == brute_force(sketch, photos)[:k]
        distances = [result.distance for result in answer.results]
        assert distances == sorted(distances)
        assert (answer.size, answer.revision) == (200, 200)
        assert answer.timings_ms.keys() == {"embed", "candidates", "rerank"}


def test_distances_are_exact(tmp_path: Path) -> None:
    open_catalogue(tmp_path).put(products(["a"]), vectors(1))
    sketch = vectors(1, 2)
    answer = search_embeddings(small_retriever(tmp_path), sketch, 1)[0]
    weight = small_checkpoint().network.distance.weight.double().numpy()  # type: ignore[operator]
    outer = (sketch[0, :, None].astype(np.float64) - vectors(1)[0].astype(np.float64)) ** 2
    assert answer.results[0].distance == pytest.approx((weight * outer).sum(), rel=1e-6)


def test_photos_that_tie_come_in_the_order_of_their_ids(tmp_path: Path) -> None:
    """The order in which they were written does not matter, also if k cuts through the tie."""
    catalogue = open_catalogue(tmp_path)
    order = list(np.random.default_rng(1).permutation([f"t{n:02d}" for n in range(30)]))
    catalogue.put(products(["z"]), vectors(1, 9))
    for name in order:
        catalogue.put(products([str(name)]), vectors(1, 3))
    retriever = small_retriever(tmp_path)
    sketch = vectors(1, 3)
    for k in (1, 7, 30):
        answer = names(search_embeddings(retriever, sketch, k, Filters())[0])
        assert [name for name in answer if name != "z"] == sorted(map(str, order))[: len(answer) - ("z" in answer)]


def test_filters_narrow_and_never_shorten(tmp_path: Path) -> None:
    embeddings = vectors(120, 1)
    things = [Product(f"p{n}", "T", "Bags" if n % 40 == 0 else "Shoes", Decimal(n)) for n in range(120)]
    open_catalogue(tmp_path).put(things, embeddings)
    retriever = small_retriever(tmp_path, n_candidates=2)
    sketch = vectors(1, 8)
    bags = {f"p{n}": embeddings[n] for n in (0, 40, 80)}
    assert names(search_embeddings(retriever, sketch, 3, Filters(category="bags"))[0]) == brute_force(sketch[0], bags)
    assert names(search_embeddings(retriever, sketch, 9, Filters(category="bags", min_price=Decimal(40)))[0]) == [
        name for name in brute_force(sketch[0], bags) if name != "p0"
    ]
    assert names(search_embeddings(retriever, sketch, 9, Filters(min_price=Decimal(500)))[0]) == []


def test_an_empty_gallery_gives_no_results(tmp_path: Path) -> None:
    open_catalogue(tmp_path)
    answer = search_embeddings(small_retriever(tmp_path), vectors(1), 5)[0]
    assert (answer.results, answer.size, answer.revision) == ([], 0, 0)


def test_what_another_process_writes_is_found_by_the_next_search(tmp_path: Path) -> None:
    writer = open_catalogue(tmp_path)
    writer.put(products("ab"), vectors(2))
    retriever = small_retriever(tmp_path)
    writer.put(products("c"), vectors(1, 6))
    assert set(names(search_embeddings(retriever, vectors(1), 5)[0])) == {"a", "b", "c"}
    writer.delete(["a"])
    assert set(names(search_embeddings(retriever, vectors(1), 5)[0])) == {"b", "c"}
    writer.put([Product("b", "B", "Shoes")], vectors(1))
    assert names(search_embeddings(retriever, vectors(1), 5, Filters(category="Shoes"))[0]) == ["b"]


def test_a_product_deleted_during_a_search_makes_room_for_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = open_catalogue(tmp_path)
    writer.put(products([f"p{n}" for n in range(20)]), vectors(20))
    retriever = small_retriever(tmp_path)  # which has not read any product yet
    before = names(search_embeddings(small_retriever(tmp_path), vectors(1, 4), 20)[0])
    monkeypatch.setattr(retriever.gallery, "refresh", lambda wait=True: True)  # the search has begun
    writer.delete(before[:3])
    assert names(search_embeddings(retriever, vectors(1, 4), 5)[0]) == before[3:8]


def test_searches_beside_writers_are_right_and_full(tmp_path: Path) -> None:
    """Products come, go and change price during searches with a filter that 20 products always pass."""
    writer = open_catalogue(tmp_path)
    stay = [Product(f"s{n}", "T", "Shoes", Decimal(1)) for n in range(20)]
    writer.put(stay, vectors(20))
    retriever = small_retriever(tmp_path)
    stop, wrong = threading.Event(), list[str]()

    def read() -> None:
        while not stop.is_set():
            answer = search_embeddings(retriever, vectors(1, 2), 20, Filters(category="Shoes", max_price=Decimal(5)))[0]
            if sorted(names(answer)) != sorted(product.product_id for product in stay):
                wrong.append(", ".join(names(answer)))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for turn in range(40):
        writer.put(products([f"x{turn}"], "Bags"), vectors(1, turn))
        writer.delete([f"x{turn - 3}"])
    stop.set()
    for reader in readers:
        reader.join()
    assert wrong == []


def test_similar_products_leave_the_product_itself_out(tmp_path: Path) -> None:
    embeddings = vectors(10)
    catalogue = open_catalogue(tmp_path)
    catalogue.put(products([f"p{n}" for n in range(10)]), embeddings)
    catalogue.put(products(["twin"]), embeddings[3:4])
    retriever = small_retriever(tmp_path)
    photos = {f"p{n}": vector for n, vector in enumerate(embeddings)} | {"twin": embeddings[3]}

    def similar(product_id: str, k: int) -> SearchResult:
        return retriever.search_all([retriever.like(product_id, k)])[0]

    answer = names(similar("p3", 4))
    assert answer == [name for name in brute_force(embeddings[3], photos) if name != "p3"][:4]
    assert len(similar("p3", 50).results) == 10
    with pytest.raises(UnknownProductError, match="nobody"):
        similar("nobody", 4)


def test_parameters_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    open_catalogue(tmp_path)
    with pytest.raises(ValueError, match="k is 0"):
        search_embeddings(small_retriever(tmp_path), vectors(1), 0)
    with pytest.raises(ValueError, match="n_candidates is 0"):
        small_retriever(tmp_path, n_candidates=0)
    with pytest.raises(ValueError, match="device is 'abacus'"):
        resolve_device("abacus")
    assert resolve_device("cpu") == torch.device("cpu")
    assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.fixture(scope="module")
def real(tiny_gallery: Path, tiny_checkpoint: Path) -> tuple[Retriever, Checkpoint]:
    checkpoint = load_checkpoint(tiny_checkpoint)
    return Retriever(checkpoint, Gallery.open(tiny_gallery, checkpoint)), checkpoint


@pytest.mark.parametrize("number", range(len(PRODUCTS)))
def test_a_tracing_of_a_photo_finds_it(real: tuple[Retriever, Checkpoint], number: int) -> None:
    retriever, checkpoint = real
    tracing = Image.fromarray(checkpoint.preprocess.photo(draw_product(number)))
    answer = retriever.search(checkpoint.preprocess.sketch(tracing), 5)
    assert answer.results[0].product.product_id == PRODUCTS[number][0]
    assert answer.timings_ms.keys() == {"embed", "candidates", "rerank"}
    assert len(answer.results) == 5 and answer.size == len(PRODUCTS)


def test_searching_one_by_one_equals_searching_by_embeddings(real: tuple[Retriever, Checkpoint]) -> None:
    """So evaluation and the server agree."""
    retriever, checkpoint = real
    frames = [checkpoint.preprocess.photo(draw_product(seed)) for seed in range(100, 106)]
    together = search_embeddings(retriever, checkpoint.embed_frames(frames), 12)
    for frame, answer in zip(frames, together, strict=True):
        alone = retriever.search(frame, 12, mirror=False)
        assert names(alone) == names(answer)
        np.testing.assert_allclose([r.distance for r in alone.results], [r.distance for r in answer.results], atol=1e-5)


@pytest.mark.parametrize("number", range(0, len(PRODUCTS), 3))
def test_a_mirrored_tracing_finds_the_photo_as_well(real: tuple[Retriever, Checkpoint], number: int) -> None:
    retriever, checkpoint = real
    frame = checkpoint.preprocess.photo(draw_product(number))
    turned = np.ascontiguousarray(frame[:, ::-1])
    answer = retriever.search(turned, len(PRODUCTS))
    assert answer.results[0].product.product_id == PRODUCTS[number][0]
    assert len(answer.results) == len(PRODUCTS)


def test_queries_of_all_kinds_find_together_what_they_find_alone(real: tuple[Retriever, Checkpoint]) -> None:
    """Queries with and without mirror image, of different filters and k, and by a product's own photos."""
    retriever, checkpoint = real
    frames = [checkpoint.preprocess.photo(draw_product(seed)) for seed in range(200, 204)]
    queries = [
        Query.of(frames[0], 3),
        Query.of(frames[1], 12, mirror=False),
        Query.of(frames[2], 5, Filters(category="Shoes")),
        Query.of(frames[3], 4, Filters(max_price=Decimal(60))),
        retriever.like(PRODUCTS[0][0], 6),
        Query.of(frames[0], 7, Filters(category="Shoes")),
    ]
    for together, query in zip(retriever.search_all(queries), queries, strict=True):
        alone = retriever.search_all([query])[0]
        assert names(alone) == names(together) and 0 < len(names(alone)) <= query.k
        np.testing.assert_allclose(
            [r.distance for r in alone.results], [r.distance for r in together.results], atol=1e-5
        )
        assert together.contrast == pytest.approx(alone.contrast)
        assert [r.photo for r in alone.results] == [r.photo for r in together.results]
    assert retriever.search_all([]) == []


def test_searches_together_are_each_as_by_definition(tmp_path: Path) -> None:
    """The sketches are more than are re-ranked at once, with different k and filters."""
    embeddings = vectors(300, 1)
    things = [Product(f"p{n}", "T", price=Decimal(n)) for n in range(300)]
    open_catalogue(tmp_path).put(things, embeddings)
    retriever = small_retriever(tmp_path, n_candidates=40)
    sketches = vectors(60, 2)
    filters = [Filters(max_price=Decimal(50 + 100 * n)) for n in range(3)]
    queries = [Query(sketch[None], 1 + n % 9, filters[n % 3]) for n, sketch in enumerate(sketches)]
    for number, answer in enumerate(retriever.search_all(queries)):
        passing = {f"p{n}": embeddings[n] for n in range(51 + 100 * (number % 3))}
        assert names(answer) == brute_force(sketches[number], passing)[: 1 + number % 9]
