"""Addresses of clients, and the key by which rate limits tell clients apart."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

from starlette.types import Scope

_UNKNOWN = "unknown"
_IPV6_PREFIX = 64  # bits: a household has at least this many addresses


def client_address(scope: Scope) -> str:
    """Return the IP address of a request's sender, or "unknown".

    Proxies pass on arbitrary text, so text that is not an address is "unknown".
    """
    client = scope.get("client")
    try:
        return str(ip_address(client[0])) if client else _UNKNOWN
    except ValueError:
        return _UNKNOWN


def rate_limit_key(scope: Scope) -> str:
    """Return the key of a client: its IPv4 address, or its IPv6 /64 network, in which it owns all addresses."""
    text = client_address(scope)
    if text == _UNKNOWN:
        return text
    address = ip_address(text.partition("%")[0])
    if not isinstance(address, IPv6Address):
        return text
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ip_network((address, _IPV6_PREFIX), strict=False))
