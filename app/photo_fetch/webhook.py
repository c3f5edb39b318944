"""Signed notifications by HTTP, sent in the background, to public addresses only."""

from __future__ import annotations

import hashlib
import hmac
import logging
import queue
import threading
import time
from dataclasses import dataclass

import httpx

from app.core.error_text import cut
from app.photo_fetch.address_guard import GuardedNetwork, RefusedAddressError
from app.photo_fetch.transport import Transport, error_message

_SECONDS = 30.0  # per attempt
_PAUSES = (1.0, 10.0, 60.0, 300.0)  # s before each retry
_MAX_WAITING = 1000  # notifications
_MAX_MESSAGE = 300  # characters
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WebhookTarget:
    """URL of a webhook, and the secret by which its receiver checks the sender."""

    url: str
    secret: str


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature of a notification: HMAC-SHA256 of its time and body, in hexadecimal digits."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class Webhook:
    """Thread that sends notifications in order, from start() to close(). Those that wait at its end are dropped."""

    def __init__(self, target: WebhookTarget, *, allow_private: bool) -> None:
        self._target = target
        self._network = GuardedNetwork(allow_private=allow_private)
        self._waiting: queue.Queue[bytes] = queue.Queue(_MAX_WAITING)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="webhook", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def send(self, body: bytes) -> None:
        """Queue a notification with a JSON body. It is dropped if too many wait."""
        try:
            self._waiting.put_nowait(body)
        except queue.Full:
            _log.warning("a notification is dropped: %d are waiting for the webhook", _MAX_WAITING)

    def close(self) -> None:
        """Interrupt the current notification within seconds, and wait until the thread ends."""
        self._stopping.set()
        self._network.stop()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        """Send notifications until stopped."""
        while not self._stopping.is_set():
            try:
                body = self._waiting.get(timeout=0.5)
            except queue.Empty:
                continue
            self._send_with_retries(body)

    def _send_with_retries(self, body: bytes) -> None:
        """Send a notification until it is accepted, or the last retry has failed."""
        for pause in (*_PAUSES, None):
            try:
                self._send_once(body)
                return
            except (RefusedAddressError, httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
                reason = cut(error_message(error), _MAX_MESSAGE)
            if self._stopping.is_set():
                return
            if pause is None:
                _log.warning("the webhook does not accept a notification, which is dropped: %s", reason)
                return
            _log.info("the webhook does not accept a notification, next try in %.0f s: %s", pause, reason)
            self._stopping.wait(pause)

    def _send_once(self, body: bytes) -> None:
        """Send a notification in one attempt. Redirects are not followed. Raises httpx.HTTPError and ValueError."""
        timestamp = str(int(time.time()))
        headers = {
            "User-Agent": "Sketchfind",
            "Content-Type": "application/json",
            "X-Sketchfind-Timestamp": timestamp,
            "X-Sketchfind-Signature": f"sha256={sign(self._target.secret, timestamp, body)}",
        }
        self._network.start_deadline(_SECONDS)
        with (
            httpx.Client(transport=Transport(self._network, 1), timeout=_SECONDS, trust_env=False) as client,
            client.stream("POST", self._target.url, content=body, headers=headers) as response,
        ):
            if not response.is_success:
                raise ValueError(f"the server answers {response.status_code}: expected 2xx")
