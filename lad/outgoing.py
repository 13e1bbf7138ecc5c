"""Connections to servers that users name: to public addresses only, and to nothing inside LAD's own network."""

import socket
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
NAT64: Final = ip_network("64:ff9b::/96")


class NotPublic(OSError):
    """The server's address is inside a private network."""


def connect(host: str, port: int, *, timeout: float, exceptions: Collection[str] = ()) -> socket.socket:
    """Return a connection to the server. Raises NotPublic, and OSError if it cannot be reached.

    ``exceptions`` are names, addresses and networks that may be private. The name is looked up once, and the
    connection goes to the address that was checked: a name server that answers differently a second time gains nothing.
    """
    refused: OSError = OSError(f"There is no server named {host}.")
    for address in addresses(host, port):
        if not is_public(address) and not is_listed(host, address, exceptions):
            raise NotPublic(f"{host} is an address inside a private network.")
        try:
            return socket.create_connection((str(address), port), timeout=timeout)
        except OSError as error:
            refused = error
    raise refused


def addresses(name: str, port: int) -> list[Address]:
    """Return the addresses of a name, in the order in which to try them. Raises OSError, and UnicodeError."""
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(parsed(str(each[4][0])) for each in found))


def parsed(text: str) -> Address:
    """Return an address as the system writes it. Raises ValueError for a name."""
    # An IPv6 address may carry a zone, which names an interface.
    return ip_address(text.partition("%")[0])


def is_public(address: Address) -> bool:
    """Return whether the address can be reached from everywhere, and so can the one that a gateway makes of it."""
    embedded = _embedded(address)
    return address.is_global and not address.is_multicast and (embedded is None or embedded.is_global)


def is_listed(name: str, address: Address | None, entries: Collection[str]) -> bool:
    """Return whether one of the names, addresses and networks of a setting means this address of the name."""
    return any(_matches(entry.strip().lower(), name, address) for entry in entries)


def _matches(entry: str, name: str, address: Address | None) -> bool:
    if entry == name:
        return True
    try:
        return address is not None and address in ip_network(entry, strict=False)
    except ValueError:
        return False


def _embedded(address: Address) -> IPv4Address | None:
    """Return the IPv4 address that a gateway would take from an IPv6 address."""
    if isinstance(address, IPv4Address):
        return None
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
