"""Who sent a request, as far as addresses tell."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

from starlette.types import Scope

_UNKNOWN = "unknown"
_IPV6_PREFIX = 64  # bits: a household has at least so many addresses below it


def client_address(scope: Scope) -> str:
    """The address of a request's sender; "unknown" for what is none, since proxies pass on whatever they were told."""
    client = scope.get("client")
    try:
        return str(ip_address(client[0])) if client else _UNKNOWN
    except ValueError:
        return _UNKNOWN


def rate_limit_key(scope: Scope) -> str:
    """Whom limits count a request for: an IPv4 address, or a network of IPv6 addresses, as one client has them all."""
    text = client_address(scope)
    if text == _UNKNOWN:
        return text
    address = ip_address(text.partition("%")[0])
    if not isinstance(address, IPv6Address):
        return text
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ip_network((address, _IPV6_PREFIX), strict=False))
