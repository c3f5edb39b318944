"""Tests that clients share threads by the time that they have used lately."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import pytest

from app.decoding.fair_executor import HALF_LIFE, FairExecutor


class Threads:
    """Fair executor with a clock that only tests advance, and the jobs that have begun, in their order."""

    def __init__(self, threads: int) -> None:
        self.now = 0.0
        self.executor = FairExecutor(threads, "fair", lambda: self.now)
        self.begun: list[str] = []

    def submit_job(self, client: str, name: str = "") -> tuple[Future[None], Callable[[float], None]]:
        """Queue a job of a client; the second value ends it after some seconds of the clock."""
        started, go = threading.Event(), threading.Event()

        def work() -> None:
            self.begun.append(name or client)
            started.set()
            assert go.wait(10)

        future = self.executor.submit(client, work)

        def end(seconds: float) -> None:
            assert started.wait(10)
            self.now += seconds
            go.set()
            future.result(10)
            time.sleep(0.02)  # until the thread has taken the next job

        return future, end

    def wait_for(self, *begun: str) -> None:
        """Wait until these jobs have begun, and no others."""
        deadline = time.monotonic() + 10
        while self.begun != list(begun):
            assert time.monotonic() < deadline, f"begun: {self.begun}, expected {begun}"
            time.sleep(0.005)


@pytest.fixture
def single() -> Iterator[Threads]:
    threads = Threads(1)
    yield threads
    threads.executor.close()


@pytest.fixture
def pair() -> Iterator[Threads]:
    threads = Threads(2)
    yield threads
    threads.executor.close()


def test_the_client_that_has_used_least_is_next_however_many_jobs_others_have(single: Threads) -> None:
    _, end = single.submit_job("costly", "costly 1")
    others = [single.submit_job("costly", f"costly {n}") for n in (2, 3)]
    _, end_cheap = single.submit_job("cheap", "cheap 1")
    end(5)
    single.wait_for("costly 1", "cheap 1")
    _, end_again = single.submit_job("cheap", "cheap 2")
    end_cheap(0.1)
    single.wait_for("costly 1", "cheap 1", "cheap 2")
    end_again(0.1)
    single.wait_for("costly 1", "cheap 1", "cheap 2", "costly 3")  # the newest
    for _, end in reversed(others):
        end(1)


def test_what_was_used_long_ago_counts_no_more(single: Threads) -> None:
    single.submit_job("costly")[1](8)
    single.now += 10 * HALF_LIFE
    single.submit_job("cheap", "busy")[1](0.1)
    _, end = single.submit_job("third")
    waiting = [single.submit_job("cheap"), single.submit_job("costly")]
    end(0.1)
    single.wait_for("costly", "busy", "third", "costly")
    waiting[1][1](0)
    waiting[0][1](0)


def test_the_last_thread_is_kept_for_others_while_they_are_about(pair: Threads) -> None:
    pair.submit_job("cheap")[1](0.1)
    first, second = pair.submit_job("costly", "costly 1"), pair.submit_job("costly", "costly 2")
    pair.wait_for("cheap", "costly 1")
    time.sleep(0.05)
    third = pair.submit_job("cheap", "cheap again")
    pair.wait_for("cheap", "costly 1", "cheap again")  # at once, though the costly one waits for longer
    third[1](0.1)
    first[1](5)
    pair.wait_for("cheap", "costly 1", "cheap again", "costly 2")
    second[1](5)


def test_a_client_alone_has_all_threads(pair: Threads) -> None:
    first, second = pair.submit_job("alone", "a"), pair.submit_job("alone", "b")
    pair.wait_for("a", "b")
    first[1](1)
    second[1](1)


def test_what_is_cancelled_is_not_done_and_what_fails_raises(single: Threads) -> None:
    _, end = single.submit_job("a", "first")
    cancelled, _ = single.submit_job("b", "never")
    failing = single.executor.submit("c", lambda: 1 // 0)
    assert cancelled.cancel()
    end(1)
    with pytest.raises(ZeroDivisionError):
        failing.result(10)
    assert single.begun == ["first"]


def test_closing_cancels_what_waits() -> None:
    threads = Threads(1)
    first, waiting = threads.submit_job("a"), threads.submit_job("b")
    threads.wait_for("a")
    closing = threading.Thread(target=threads.executor.close)
    closing.start()
    while not waiting[0].cancelled():
        time.sleep(0.005)
    first[1](1)
    closing.join(10)
    assert threads.begun == ["a"] and not closing.is_alive()
