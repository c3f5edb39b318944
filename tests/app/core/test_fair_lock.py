from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select, update

from app.core.fair_lock import FairLock
from app.database.engine import open_engines
from app.database.tables import catalogue


def wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_whoever_came_first_is_next() -> None:
    turns, order, threads = FairLock(), [], []
    assert turns.acquire(1)

    def work(name: int) -> None:
        assert turns.acquire(20)
        order.append(name)
        turns.release()

    for name in range(5):
        threads.append(threading.Thread(target=work, args=(name,)))
        threads[-1].start()
        wait_until(lambda name=name: len(turns._waiting) == name + 1)  # type: ignore[misc]
    turns.release()
    assert turns.acquire(20)  # behind all who waited
    assert order == [0, 1, 2, 3, 4]
    for thread in threads:
        thread.join()


def test_who_gives_up_leaves_the_turn_to_others() -> None:
    turns = FairLock()
    assert turns.acquire(1)
    assert not turns.acquire(0.01)
    turns.release()
    assert turns.acquire(0)


@pytest.fixture
def writes(tmp_path: Path) -> Callable[[float], None]:
    _, writing, _ = open_engines(f"sqlite:///{tmp_path / 'catalogue.sqlite'}")

    def write(seconds: float) -> None:
        with writing.begin() as connection:
            connection.execute(update(catalogue).values(revision=catalogue.c.revision + 1))
            time.sleep(seconds)

    return write


def test_a_writer_is_not_kept_waiting_by_one_that_writes_all_the_time(writes: Callable[[float], None]) -> None:
    is_over, done = threading.Event(), []

    def write_all_the_time() -> None:
        while not is_over.is_set():
            writes(0.02)
            done.append(time.monotonic())

    thread = threading.Thread(target=write_all_the_time)
    thread.start()
    try:
        waited = []
        for _ in range(10):
            wait_until(lambda before=len(done): len(done) > before)  # type: ignore[misc]
            asked = len(done)
            writes(0)
            waited.append(len(done) - asked)
    finally:
        is_over.set()
        thread.join()
    assert max(waited) <= 2  # the one that is at it, and perhaps one that asked just before


def test_a_write_that_fails_gives_its_turn_back(tmp_path: Path) -> None:
    _, writing, _ = open_engines(f"sqlite:///{tmp_path / 'catalogue.sqlite'}")
    with pytest.raises(ZeroDivisionError), writing.begin() as connection:
        connection.execute(update(catalogue).values(revision=7))
        raise ZeroDivisionError
    before = time.monotonic()
    with writing.begin() as connection:
        assert connection.execute(select(catalogue.c.revision)).scalar_one() == 0
    assert time.monotonic() - before < 10
