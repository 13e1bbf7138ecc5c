"""Find ports on this machine that nobody uses."""

import socket
from typing import Final

HOST: Final = "127.0.0.1"


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on. Another process may take it before the caller does."""
    [port] = free_ports(1)
    return port


def free_ports(number: int) -> list[int]:
    """Return that many different ports of 127.0.0.1 that nobody listens on."""
    taken = [socket.create_server((HOST, 0)) for _ in range(number)]
    ports = [int(server.getsockname()[1]) for server in taken]
    for server in taken:
        server.close()
    return ports
