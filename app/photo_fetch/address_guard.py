"""Guard against server-side request forgery: photos are fetched from addresses of the public internet only.

A host is resolved once, all of its addresses are checked, and the connection goes to a checked address. There is no
second DNS query, so rebinding has no effect.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

import httpcore

from app.core.error_text import cut

Resolve = Callable[[str, int], list[str]]

_GLOBAL = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


class RefusedAddressError(ValueError):
    """Host from which photos may not be fetched."""


def resolve(host: str, port: int) -> list[str]:
    """Return all addresses of a host. Raises OSError."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in answers))


def is_public(address: str) -> bool:
    """Return whether an address belongs to the public internet. For a gateway to IPv4, its IPv4 address is checked."""
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv4Address):
        return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved
    embedded = parsed.sixtofour or _nat64_address(parsed)
    if embedded is not None:
        return is_public(str(embedded))
    # mapped, translated and reserved addresses lie outside 2000::/3
    return parsed in _GLOBAL and parsed.is_global and not parsed.is_multicast


def _nat64_address(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that a NAT64 address stands for, or None for another address."""
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None


class GuardedNetwork(httpcore.NetworkBackend):
    """Network that connects to public addresses only, unless `allow_private` is set. Every request has a deadline.

    The deadline belongs to the thread of the request; start_deadline() sets it.
    """

    def __init__(self, resolve: Resolve = resolve, *, allow_private: bool) -> None:
        self._allow_private, self._resolve = allow_private, resolve
        self._inner = httpcore.SyncBackend()
        self._deadline = threading.local()
        self._is_stopped = False

    def stop(self) -> None:
        """Make every request fail at its next step."""
        self._is_stopped = True

    def start_deadline(self, seconds: float) -> None:
        """Set the deadline of this thread's next request, in seconds from now."""
        self._deadline.at = time.monotonic() + seconds

    def remaining(self, timeout: float | None) -> float:
        """Return the seconds that one step of this thread's request may take, at most `timeout`.

        Raises httpcore.ReadTimeout after the deadline, and after stop().
        """
        left = float(self._deadline.at) - time.monotonic()
        if left <= 0 or self._is_stopped:
            raise httpcore.ReadTimeout("it took too long")
        return left if timeout is None else min(timeout, left)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of a host that answers. Raises RefusedAddressError and errors of httpcore."""
        last_error: Exception = httpcore.ConnectError(f"{cut(host)} has no address")
        for address in self._resolve_checked(host, port):
            try:
                stream = self._inner.connect_tcp(address, port, self.remaining(timeout), local_address, socket_options)
                return _DeadlineStream(stream, self)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last_error = error
        raise last_error

    def _resolve_checked(self, host: str, port: int) -> list[str]:
        """Resolve a host and check all of its addresses. Raises RefusedAddressError and httpcore.ConnectError."""
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{cut(host)} cannot be resolved ({error})") from None
        private = [address for address in addresses if not is_public(address)]
        if private and not self._allow_private:
            raise RefusedAddressError(
                f"{cut(host)} has the address {private[0]}, which is not of the public internet: "
                "expected a public one, or SKETCHFIND_ALLOW_PRIVATE_ADDRESSES=true in the environment"
            )
        return addresses


class _DeadlineStream(httpcore.NetworkStream):
    """Connection that keeps to the deadline of its thread's request."""

    def __init__(self, inner: httpcore.NetworkStream, network: GuardedNetwork) -> None:
        self._inner, self._network = inner, network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read the bytes that have arrived."""
        return self._inner.read(max_bytes, self._network.remaining(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes."""
        self._inner.write(buffer, self._network.remaining(timeout))

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Return the same connection with encryption."""
        inner = self._inner.start_tls(ssl_context, server_hostname, self._network.remaining(timeout))
        return _DeadlineStream(inner, self._network)

    def get_extra_info(self, info: str) -> Any:
        """Return information about the connection for httpcore."""
        return self._inner.get_extra_info(info)
