"""Tickets of searches."""

from __future__ import annotations

from datetime import date

import pytest

from app.analytics import search_ticket
from app.analytics.search_ticket import SearchTicket

TICKET = SearchTicket(date(2026, 11, 2), "0123456789ab", "doubtful")


def test_a_ticket_is_read_by_servers_with_the_secret_alone() -> None:
    text = TICKET.encode("secret")
    assert SearchTicket.decode(text, "secret") == TICKET and len(text) <= 64
    assert SearchTicket.decode(text, "another") is None
    assert TICKET.search != SearchTicket(TICKET.day, TICKET.checkpoint, TICKET.outcome).search


@pytest.mark.parametrize("text", ["", "x", "é", "A" * 34, "A" * 64])
def test_other_texts_are_no_ticket(text: str) -> None:
    assert SearchTicket.decode(text, "secret") is None


def test_a_changed_ticket_is_none() -> None:
    text = TICKET.encode("secret")
    assert SearchTicket.decode("B" + text[1:], "secret") is None
    assert SearchTicket.decode(text[:-4], "secret") is None


@pytest.mark.parametrize(("day", "is_current"), [(1, True), (2, True), (3, True), (4, False)])
def test_events_count_until_the_end_of_the_next_day(
    monkeypatch: pytest.MonkeyPatch, day: int, *, is_current: bool
) -> None:
    monkeypatch.setattr(search_ticket, "today", lambda: date(2026, 11, day))
    assert TICKET.is_current == is_current
