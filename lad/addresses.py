"""Which network addresses LAD connects to on a user's behalf: public ones, and those that settings allow."""

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
NAT64: Final = ip_network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Return whether the address is a public one, also behind a gateway from IPv6 to IPv4."""
    mapped = _embedded(address)
    return address.is_global and not address.is_multicast and (mapped is None or mapped.is_global)


def is_listed(name: str, address: Address | None, entries: Iterable[str]) -> bool:
    """Return whether one of the entries names the host, its address, or a network that the address is in."""
    return any(_matches(entry.strip().lower(), name, address) for entry in entries)


def addresses(name: str, port: int) -> list[Address]:
    """Return the addresses of a name, in the order in which to try them. Raises OSError, and UnicodeError."""
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(parsed(str(each[4][0])) for each in found))


def parsed(text: str) -> Address:
    """Return an address as the system writes it. Raises ValueError for a name."""
    # An IPv6 address may carry a zone, which names an interface.
    return ip_address(text.partition("%")[0])


def _embedded(address: Address) -> IPv4Address | None:
    """Return the IPv4 address that a gateway would take from an IPv6 address."""
    if isinstance(address, IPv4Address):
        return None
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _matches(entry: str, name: str, address: Address | None) -> bool:
    if entry == name:
        return True
    try:
        return address is not None and address in ip_network(entry, strict=False)
    except ValueError:
        return False
