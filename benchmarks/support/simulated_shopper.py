"""Simulated shoppers: one searches like static/js/results/search_client.js, another never waits for answers."""

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


OnOutcome = Callable[[str, float], None]
OnAnswer = Callable[[float, bytes], None]


@dataclass(frozen=True)
class SketchState:
    """Sketch at one moment of a drawing; `is_growing` in the middle of a stroke."""

    body: bytes
    is_growing: bool


@dataclass(frozen=True)
class _PendingRequest:
    """Request that is not answered yet."""

    task: asyncio.Task[None]
    is_growing: bool


async def _post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> tuple[str, bytes]:
    """Search; return the status and the body of the answer, or "lost" without an answer."""
    try:
        writer.write(_HEAD.format(len(body)).encode() + body)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        answer = await reader.readexactly(int(length.partition(b":")[2]))
    except (OSError, EOFError):
        return "lost", b""
    return head[9:12].decode(), answer


class Shopper:
    """User of the page that draws one sketch after the other, with the logic of static/js/results/search_client.js.

    Only the newest state waits. It waits for the answer to the previous one, unless that is late, or is of a growing
    stroke that is finished now. `on_outcome` is called with the outcome and the seconds of every request, `on_answer`
    with the start and the body of every answer. Without `is_patient`, only finished strokes are searched, and each
    cancels the previous search. A stroke ends every `stroke` seconds.
    """

    def __init__(
        self,
        port: int,
        on_outcome: OnOutcome,
        on_answer: OnAnswer = lambda _started, _body: None,
        *,
        is_patient: bool = True,
        stroke: float = STROKE,
    ) -> None:
        self._stroke = stroke
        self._port, self._on_outcome, self._on_answer, self._is_patient = port, on_outcome, on_answer, is_patient
        self._connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._pending: _PendingRequest | None = None
        self._next: SketchState | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._sent_at, self._usual, self._given_up = -math.inf, _USUAL, 0

    async def draw(self, states: list[SketchState], delay: float, seconds: float) -> None:
        """Draw for `seconds` after `delay`: the pen is down in the second half of each stroke's time."""
        await asyncio.sleep(delay)
        started = time.monotonic()
        for number, state in enumerate(itertools.cycle(states)):
            ends = started + (number + 1) * self._stroke / 2  # growing and finished states alternate
            if ends - started > seconds:
                break
            await asyncio.sleep(max(0.0, ends - time.monotonic()))
            self._update(state)
        self._next = None
        self._cancel_pending("left at the end")

    def _update(self, state: SketchState) -> None:
        if state.is_growing and not self._is_patient:
            return
        if not state.is_growing and self._pending and (self._pending.is_growing or not self._is_patient):
            self._cancel_pending("superseded")
        self._next = state
        self._send_when_due()

    def _send_when_due(self) -> None:
        """Send the waiting state as soon as its due time is reached."""
        if self._timer:
            self._timer.cancel()
        if self._next is None:
            return
        wait = self._due_time(self._next) - time.monotonic()
        if wait > 0:
            self._timer = asyncio.get_running_loop().call_later(wait, self._send_when_due)
        else:
            self._send(self._next)

    def _due_time(self, state: SketchState) -> float:
        if self._pending:
            return self._sent_at + max(_PROMPT, 2 * self._usual) * 2.0**self._given_up
        return self._sent_at + _THROTTLE if state.is_growing else -math.inf

    def _send(self, state: SketchState) -> None:
        if self._pending:
            self._given_up += 1
            self._cancel_pending("given up")
        self._next, self._sent_at = None, time.monotonic()
        self._pending = _PendingRequest(asyncio.create_task(self._search(state.body)), state.is_growing)

    def _cancel_pending(self, why: str) -> None:
        if self._pending:
            self._pending.task.cancel()
            self._pending = None
            self._on_outcome(why, 0.0)
        if self._connection is not None:
            self._connection[1].close()
            self._connection = None

    async def _search(self, body: bytes) -> None:
        started = time.monotonic()
        if self._connection is None:
            self._connection = await asyncio.open_connection("127.0.0.1", self._port)
        status, answer = await _post(*self._connection, body)
        seconds = time.monotonic() - started
        if status == "200":
            self._on_answer(started, answer)
        self._on_outcome(status, seconds)
        self._pending, self._given_up, self._usual = None, 0, (self._usual + seconds) / 2
        self._send_when_due()


def make_states(body: bytes) -> list[SketchState]:
    """List the states in the middle and at the end of at most eight strokes, from the second on."""
    whole = json.loads(body)
    strokes = whole["strokes"]
    states = []
    for count in np.unique(np.linspace(min(2, len(strokes)), len(strokes), 8).astype(int)):
        last = strokes[count - 1]
        half = [*strokes[: count - 1], last[: max(2, len(last) // 2)]]
        for shown in (half, strokes[:count]):
            states.append(SketchState(json.dumps({**whole, "strokes": shown}).encode(), shown is half))
    return states
