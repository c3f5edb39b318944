"""Tests that queued jobs are computed in batches and in order, each with an outcome of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, wait

import pytest

from app.search.batcher import MAX_BATCH, Batcher, _compute_batch_size
from tests.support.background import background


class HeldBatcher:
    """Batcher whose thread is blocked until release(), with the batches that it has computed since."""

    def __init__(self) -> None:
        self.batcher = Batcher()
        self.batcher.start()
        self.done: list[list[object]] = []
        self._go, busy = threading.Event(), threading.Event()

        def hold(_: Sequence[None]) -> list[bool]:
            busy.set()
            return [self._go.wait(10)]

        self.batcher.submit(object(), hold, None)
        assert busy.wait(10)

    def work(self, jobs: Sequence[int]) -> list[int | Exception]:
        """Double jobs that are not negative; 13 fails the whole batch."""
        self.done.append(list(jobs))
        if 13 in jobs:
            raise OSError("bad luck")
        return [ValueError(f"{job}") if job < 0 else 2 * job for job in jobs]

    def submit(self, *jobs: int, group: str = "a") -> list[Future[int]]:
        """Queue jobs of one group and return their futures."""
        return [self.batcher.submit(group, self.work, job) for job in jobs]

    def release(self, *futures: Future[int]) -> None:
        """Unblock the thread and wait for futures."""
        self._go.set()
        wait(futures, 10)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[HeldBatcher]:
    monkeypatch.setattr("app.search.batcher.MAX_BATCH", 3)
    monkeypatch.setattr("app.search.batcher._BATCH_SECONDS", 1000)
    held = HeldBatcher()
    yield held
    held.release()
    held.batcher.close()


def test_what_waits_is_done_together_the_newest_first(held: HeldBatcher) -> None:
    futures = held.submit(1, 2, 3, 4, 5)
    held.release(*futures)
    assert [future.result() for future in futures] == [2, 4, 6, 8, 10]
    assert held.done == [[5, 4, 3], [2, 1]]


def test_who_has_waited_for_long_comes_first(held: HeldBatcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.search.batcher._OVERDUE_SECONDS", 0)
    futures = held.submit(1, 2, 3, 4, 5)
    held.release(*futures)
    assert held.done == [[1, 2, 3], [4, 5]]


def test_batches_are_as_large_as_can_be_done_in_short_time() -> None:
    assert _compute_batch_size(1, 0.04, 0.04) == 2  # a tenth of a second
    assert _compute_batch_size(4, 0.08, 0.04) == 5
    assert _compute_batch_size(1, 0.5, 0.5) == 2  # twice as long as one takes
    assert _compute_batch_size(4, 0.8, 0.5) == 5
    assert _compute_batch_size(4, 9.0, 0.5) == 1
    assert _compute_batch_size(1, 0.0, 0.0) == MAX_BATCH


def test_groups_are_done_apart(held: HeldBatcher) -> None:
    futures = held.submit(1, group="a") + held.submit(2, group="b") + held.submit(3, group="a")
    held.release(*futures)
    assert held.done == [[3, 1], [2]]


def test_nobody_fails_for_anothers_sake(held: HeldBatcher) -> None:
    refused = held.submit(1, -5)
    held.release(*refused)
    assert refused[0].result() == 2 and str(refused[1].exception()) == "-5"
    broken = held.submit(13)
    assert isinstance(broken[0].exception(10), OSError)


def test_a_batch_that_fails_as_a_whole_is_done_one_by_one(held: HeldBatcher) -> None:
    futures = held.submit(7, 13, 9)
    held.release(*futures)
    assert held.done == [[9, 13, 7], [9], [13], [7]]
    assert (futures[0].result(), futures[2].result()) == (14, 18)
    assert isinstance(futures[1].exception(), OSError)


def test_who_leaves_is_not_computed_and_takes_no_place(held: HeldBatcher) -> None:
    async def leave() -> None:
        waiting = asyncio.ensure_future(held.batcher.do("a", held.work, 9))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    staying = held.submit(1, 2)
    asyncio.run(leave())
    staying += held.submit(3)
    held.release(*staying)
    assert held.done == [[3, 2, 1]]


def test_batches_are_half_as_large_once_one_took_too_long(held: HeldBatcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.search.batcher.MAX_BATCH", 9)
    begun, go_on = threading.Event(), threading.Event()

    def slow(jobs: Sequence[int]) -> list[int]:
        held.done.append(list(jobs))
        begun.set()
        assert go_on.wait(10)
        return list(jobs)

    async def lose_patience() -> None:
        waiting = [asyncio.ensure_future(held.batcher.do("slow", slow, number)) for number in range(4)]
        await asyncio.sleep(0)
        held.release()
        await asyncio.to_thread(begun.wait, 10)
        waiting[2].cancel()
        await asyncio.wait(waiting[2:3])
        rest.extend(held.submit(*range(1, 7)))
        go_on.set()
        await asyncio.wait(waiting)

    rest = list[Future[int]]()
    asyncio.run(lose_patience())
    wait(rest, 10)
    assert [len(batch) for batch in held.done] == [4, 2, 3, 1]


def test_threads_work_side_by_side_and_know_how_many_they_are() -> None:
    together, busy = threading.Barrier(2, timeout=10), list[int]()
    batcher = Batcher(2, busy.append)
    batcher.start()
    futures = [batcher.submit(object(), lambda _: [together.wait()], None) for _ in range(2)]
    assert {future.result(10) for future in futures} == {0, 1}
    assert sorted(busy) in ([1, 2], [2, 2])
    batcher.close()


def test_a_thread_leaves_the_others_their_share_of_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.search.batcher._BATCH_SECONDS", 1000)
    batcher, begun, go = Batcher(2), threading.Barrier(3, timeout=10), (threading.Event(), threading.Event())
    batcher.start()
    done: list[int] = []

    def hold(jobs: Sequence[threading.Event]) -> list[bool]:
        begun.wait()
        return [job.wait(10) for job in jobs]

    for event in go:
        batcher.submit(object(), hold, event)
    begun.wait()

    def count(jobs: Sequence[int]) -> Sequence[int]:
        done.append(len(jobs))
        return jobs

    futures = [batcher.submit("a", count, number) for number in range(4)]
    go[0].set()
    wait(futures, 10)
    go[1].set()
    batcher.close()
    assert done == [2, 1, 1]  # half of four, of two and of one: the other thread was busy until the end


def test_what_was_submitted_is_done_before_it_closes() -> None:
    held = HeldBatcher()
    futures = held.submit(1, 2, 3, 4)
    held.release()
    held.batcher.close()
    assert [future.result(0) for future in futures] == [2, 4, 6, 8]
    with pytest.raises(RuntimeError, match="closed"):
        held.submit(5)


def test_it_has_no_threads_before_it_is_started() -> None:
    before = background()
    batcher = Batcher(2)
    assert background() <= before
    early = batcher.submit("a", lambda jobs: jobs, 1)
    batcher.start()
    assert early.result(10) == 1
    batcher.close()
    assert background() <= before


def test_closing_without_a_start_cancels_what_was_submitted() -> None:
    batcher = Batcher()
    future = batcher.submit("a", lambda jobs: jobs, 1)
    batcher.close()
    assert future.cancelled()
