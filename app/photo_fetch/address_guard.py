"""Which addresses photos may be fetched from: those of the public internet, so that no feed can look behind the
firewall of whoever imports it.

A host is resolved once, every address that it has is checked, and the connection goes to a checked address itself:
a second answer of the DNS (rebinding) is never asked for.
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
    """A host that photos are not fetched from."""


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(address: str) -> bool:
    """Whether an address is of the public internet; a gateway to IPv4 is judged by the address that it leads to."""
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv4Address):
        return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved
    inner = parsed.sixtofour or _nat64(parsed)
    if inner is not None:
        return is_public(str(inner))
    # what is mapped, translated or reserved lies outside 2000::/3
    return parsed in _GLOBAL and parsed.is_global and not parsed.is_multicast


def _nat64(address: IPv6Address) -> IPv4Address | None:
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None


class GuardedNetwork(httpcore.NetworkBackend):
    """Connects to public addresses only, or to any with `allow_private`; no request outlasts its time.

    A request's time is that of its thread: begin() starts it.
    """

    def __init__(self, resolve: Resolve = resolve, *, allow_private: bool) -> None:
        self._allow_private, self._resolve = allow_private, resolve
        self._inner = httpcore.SyncBackend()
        self._clock = threading.local()
        self._is_stopped = False

    def stop(self) -> None:
        """Let no request go any further."""
        self._is_stopped = True

    def start_deadline(self, seconds: float) -> None:
        """Give this thread's next request so many seconds."""
        self._clock.end = time.monotonic() + seconds

    def remaining(self, timeout: float | None) -> float:
        """Seconds that one step of this thread's request may take. Raises httpcore.ReadTimeout when none are left."""
        left = float(self._clock.end) - time.monotonic()
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
        """Connect to the first address of a host that answers. Raises RefusedAddress, or what httpcore raises."""
        failed: Exception = httpcore.ConnectError(f"{cut(host)} has no address")
        for address in self._checked(host, port):
            try:
                stream = self._inner.connect_tcp(address, port, self.remaining(timeout), local_address, socket_options)
                return _Timed(stream, self)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed

    def _checked(self, host: str, port: int) -> list[str]:
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{cut(host)} cannot be resolved ({error})") from None
        bad = [address for address in addresses if not is_public(address)]
        if bad and not self._allow_private:
            raise RefusedAddressError(
                f"{cut(host)} has the address {bad[0]}, which is not of the public internet: "
                "expected a public one, or SKETCHFIND_ALLOW_PRIVATE_ADDRESSES=true in the environment"
            )
        return addresses


class _Timed(httpcore.NetworkStream):
    """A connection whose steps take no longer than the request of their thread may."""

    def __init__(self, inner: httpcore.NetworkStream, network: GuardedNetwork) -> None:
        self._inner, self._network = inner, network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What has come."""
        return self._inner.read(max_bytes, self._network.remaining(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send."""
        self._inner.write(buffer, self._network.remaining(timeout))

    def close(self) -> None:
        """Close."""
        self._inner.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same connection, encrypted."""
        inner = self._inner.start_tls(ssl_context, server_hostname, self._network.remaining(timeout))
        return _Timed(inner, self._network)

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks of the connection."""
        return self._inner.get_extra_info(info)
