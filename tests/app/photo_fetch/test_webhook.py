"""Tests of signed notifications."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterator

import pytest

from app.photo_fetch.webhook import Webhook, WebhookTarget
from tests.support.webhook_receiver import Receiver, receiving

SECRET = "s3cret"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as served:
        yield served


def started(receiver: Receiver, *, allow_private: bool = True) -> Webhook:
    webhook = Webhook(WebhookTarget(receiver.url, SECRET), allow_private=allow_private)
    webhook.start()
    return webhook


def test_notifications_are_signed_and_sent_until_they_are_accepted(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.photo_fetch.webhook._PAUSES", (0.01, 0.01))
    receiver.statuses = [500, 302, 204]
    webhook = started(receiver)
    for body in (b'{"id": "a"}', b'{"id": "b"}'):
        webhook.send(body)
    receiver.wait_for(4)
    webhook.close()
    assert [body for _, body in receiver.received] == [b'{"id": "a"}'] * 3 + [b'{"id": "b"}']
    for headers, body in receiver.received:
        timestamp = headers["x-sketchfind-timestamp"]
        expected = hmac.new(SECRET.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
        assert headers["x-sketchfind-signature"] == f"sha256={expected}" and abs(time.time() - int(timestamp)) < 60


@pytest.mark.parametrize("allow_private", [True, False])
def test_what_is_never_accepted_is_dropped(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, *, allow_private: bool
) -> None:
    monkeypatch.setattr("app.photo_fetch.webhook._PAUSES", (0.01,))
    receiver.statuses = [500]
    webhook = started(receiver, allow_private=allow_private)
    webhook.send(b"{}")
    deadline = time.monotonic() + 10
    while "which is dropped" not in caplog.text and time.monotonic() < deadline:
        time.sleep(0.02)
    webhook.close()
    reason = "the server answers 500: expected 2xx" if allow_private else "which is not of the public internet"
    assert reason in caplog.text and len(receiver.received) == 2 * allow_private
