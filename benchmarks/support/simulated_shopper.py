"""Simulated shoppers: one searches as static/js/results/search_client.js does, another waits for no answer."""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

STROKE = 0.3  # s between the ends of two strokes

_USUAL, _PROMPT, _THROTTLE = 1.0, 1.0, 0.35  # s: of static/js/results/search_client.js
_HEAD = "POST /search HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"


Answered = Callable[[str, float], None]


@dataclass(frozen=True)
class State:
    """A sketch as it is searched; growing: in the middle of a stroke."""

    body: bytes
    growing: bool


@dataclass(frozen=True)
class _Flight:
    """A request without an answer."""

    task: asyncio.Task[None]
    growing: bool


async def _post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> str:
    """Search; the answer's status, or "lost" when there is none."""
    try:
        writer.write(_HEAD.format(len(body)).encode() + body)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
    except (OSError, EOFError):
        return "lost"
    return head[9:12].decode()


class Shopper:
    """Draws one sketch after the other with the page open: what static/js/results/search_client.js does.

    Of states, whole or growing, only the newest waits, and it waits for the answer to the one before, unless that is of
    a stroke that was growing and is finished now, or is late. `answered` is told what became of every request, and in
    how many seconds. With `patient` false, only finished strokes are searched, and each cancels the one before.
    """

    def __init__(self, port: int, answered: Answered, patient: bool = True) -> None:
        self._port, self._answered, self._patient = port, answered, patient
        self._connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._flight: _Flight | None = None
        self._next: State | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._sent_at, self._usual, self._given_up = -math.inf, _USUAL, 0

    async def draw(self, states: list[State], delay: float, seconds: float) -> None:
        """Draw for so long: the pen is down for the end of each stroke's time."""
        await asyncio.sleep(delay)
        started = time.monotonic()
        for number, state in enumerate(itertools.cycle(states)):
            ends = started + (number + 1) * STROKE / 2  # states grow and are finished in turn
            if ends - started > seconds:
                break
            await asyncio.sleep(max(0.0, ends - time.monotonic()))
            self._show(state)
        self._next = None
        self._drop("left at the end")

    def _show(self, state: State) -> None:
        if state.growing and not self._patient:
            return
        if not state.growing and self._flight and (self._flight.growing or not self._patient):
            self._drop("superseded")
        self._next = state
        self._proceed()

    def _proceed(self) -> None:
        """Send what waits as soon as it may be."""
        if self._timer:
            self._timer.cancel()
        if self._next is None:
            return
        wait = self._due(self._next) - time.monotonic()
        if wait > 0:
            self._timer = asyncio.get_running_loop().call_later(wait, self._proceed)
        else:
            self._send(self._next)

    def _due(self, state: State) -> float:
        if self._flight:
            return self._sent_at + max(_PROMPT, 2 * self._usual) * 2.0**self._given_up
        return self._sent_at + _THROTTLE if state.growing else -math.inf

    def _send(self, state: State) -> None:
        if self._flight:
            self._given_up += 1
            self._drop("given up")
        self._next, self._sent_at = None, time.monotonic()
        self._flight = _Flight(asyncio.create_task(self._search(state.body)), state.growing)

    def _drop(self, why: str) -> None:
        if self._flight:
            self._flight.task.cancel()
            self._flight = None
            self._answered(why, 0.0)
        if self._connection is not None:
            self._connection[1].close()
            self._connection = None

    async def _search(self, body: bytes) -> None:
        started = time.monotonic()
        if self._connection is None:
            self._connection = await asyncio.open_connection("127.0.0.1", self._port)
        status = await _post(*self._connection, body)
        spent = time.monotonic() - started
        self._answered(status, spent)
        self._flight, self._given_up, self._usual = None, 0, (self._usual + spent) / 2
        self._proceed()


def growing(body: bytes) -> list[State]:
    """A sketch in the middle and at the end of its strokes, from the second on, of at most eight of them."""
    whole = json.loads(body)
    strokes = whole["strokes"]
    states = []
    for count in np.unique(np.linspace(min(2, len(strokes)), len(strokes), 8).astype(int)):
        last = strokes[count - 1]
        half = [*strokes[: count - 1], last[: max(2, len(last) // 2)]]
        for shown in (half, strokes[:count]):
            states.append(State(json.dumps({**whole, "strokes": shown}).encode(), shown is half))
    return states
