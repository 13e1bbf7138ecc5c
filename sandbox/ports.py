"""Free ports on 127.0.0.1, the same in every run of one home."""

import random
import socket
from pathlib import Path
from typing import Final

import orjson

HOST: Final = "127.0.0.1"
# Below the range that Linux takes for outgoing connections, so that a port is still free after a restart.
FIRST_PORT, LAST_PORT = 20_000, 31_999
ATTEMPTS: Final = 200
BACKLOG: Final = 1024


class Ports:
    """Bound sockets by name. Their numbers are kept in a file of the home."""

    def __init__(self, home: Path) -> None:
        self._file = home / "ports.json"
        self._kept: dict[str, int] = orjson.loads(self._file.read_bytes()) if self._file.exists() else {}
        self.numbers: dict[str, int] = {}

    def bind(self, name: str) -> socket.socket:
        """Return a socket on the port that had this name before, or else on a free one. Raise OSError if none is."""
        # Not from the seed: two sandboxes with one seed run side by side.
        candidates = [random.SystemRandom().randint(FIRST_PORT, LAST_PORT) for _ in range(ATTEMPTS)]
        if name in self._kept:
            candidates.insert(0, self._kept[name])
        for number in candidates:
            # asyncio switches Nagle's algorithm off only where the protocol is named.
            bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            try:
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                bound.bind((HOST, number))
                bound.listen(BACKLOG)
            except OSError:
                bound.close()
                continue
            bound.setblocking(False)
            self.numbers[name] = number
            return bound
        raise OSError(f"No port from {FIRST_PORT} to {LAST_PORT} is free for {name}.")

    def bind_pair(self, name: str) -> tuple[socket.socket, socket.socket]:
        """Return sockets for TCP and UDP on one port."""
        for _attempt in range(ATTEMPTS):
            tcp = self.bind(name)
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_UDP)
            try:
                udp.bind(tcp.getsockname())
            except OSError:
                udp.close()
                tcp.close()
                self._kept.pop(name, None)
                continue
            udp.setblocking(False)
            return tcp, udp
        raise OSError(f"No port from {FIRST_PORT} to {LAST_PORT} is free for {name}.")

    def keep(self) -> None:
        write_whole(self._file, orjson.dumps(self.numbers))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that readers see either nothing or all of it."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(content)
    fresh.replace(path)
