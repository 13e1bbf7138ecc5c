"""Connect to servers that users name: public ones, and those that settings allow."""

import os
import socket
import ssl
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final
from urllib.parse import urlsplit

import httpcore2
import httpx2
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection as database

from lad.addresses import addresses as addresses_of
from lad.addresses import is_listed, is_public, parsed

PLAIN: Final = "Use https: the key would be readable on its way. Plain http is for hosts that LAD's operator allows."
NO_ADDRESS: Final = "Enter an address such as {example}, without a user name, query or fragment."
PRIVATE: Final = "This address is inside a private network. LAD connects to public endpoints only."


class CallInTransaction(RuntimeError):
    """An outside system was called inside a transaction, which would stay open for as long as the system takes."""


class Unresolved(Exception):
    """The name has no address."""


class PrivateAddress(OSError):
    """The name leads into a private network."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Which servers may be called. ``exceptions`` returns names, addresses and networks that may be private.

    ``example`` is the address that messages show.
    """

    exceptions: Callable[[], list[str]]
    example: str

    def validate(self, base_url: str) -> None:
        """Raise ValidationError for an address that LAD will not call, as far as it can be told without a look-up."""
        wrong = NO_ADDRESS.format(example=self.example)
        try:
            parts = urlsplit(base_url)
            host, _port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            raise ValidationError(wrong) from None
        if parts.scheme not in ("http", "https") or not host:
            raise ValidationError(wrong)
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValidationError(wrong)
        try:
            address = parsed(host)
        except ValueError:
            address = None
        if is_listed(host, address, self.exceptions()):
            return
        if parts.scheme != "https":
            raise ValidationError(PLAIN)
        if host == "localhost" or (address is not None and not is_public(address)):
            raise ValidationError(PRIVATE)

    def addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host. Raise PrivateAddress if one is not allowed, Unresolved if there is none."""
        try:
            found = addresses_of(host, port)
        except (OSError, UnicodeError):
            raise Unresolved from None
        if not all(is_public(each) or is_listed(host.lower(), each, self.exceptions()) for each in found):
            raise PrivateAddress
        return [str(each) for each in found]


@dataclass(frozen=True, slots=True)
class Endpoints:
    """One kind of server that users name: which of them LAD calls, and the connections that it keeps open to them.

    ``settings_prefix`` begins the names of its settings: ``…_INTERNAL_HOSTS``, ``…_SANDBOX_HOSTS``, ``…_CA_FILE``,
    ``…_OPEN_CONNECTIONS`` and ``…_TIMEOUT_SECONDS``. Keep ``idle_seconds`` shorter than the servers keep connections,
    where a lost answer costs.
    """

    settings_prefix: str
    example: str
    idle_seconds: float = 20.0
    connect_seconds: float = 10.0

    @property
    def guard(self) -> Guard:
        """Return which of the servers may be called."""
        return Guard(self._exceptions, self.example)

    def validate(self, base_url: str) -> None:
        """Raise ValidationError for an address that LAD will not call, as far as it can be told without a look-up."""
        self.guard.validate(base_url)

    def validate_link(self, url: str) -> None:
        """Raise ValidationError for a link that LAD will not follow. Unlike an address it may have a query."""
        self.guard.validate(urlsplit(url)._replace(query="").geturl())

    def addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host. Raises PrivateAddress and Unresolved."""
        return self.guard.addresses(host, port)

    def is_sandbox(self, base_url: str) -> bool:
        """Return whether the address is the sandbox's, which nothing real stands behind."""
        return is_at(base_url, self._setting("SANDBOX_HOSTS"))

    def client(self) -> httpx2.Client:
        """Return this process's client. Its connections stay open between calls."""
        return client(
            self.addresses,
            ca_file=self._setting("CA_FILE"),
            connections=self._setting("OPEN_CONNECTIONS"),
            idle=self.idle_seconds,
        )

    @property
    def seconds(self) -> float:
        """Return how long LAD waits for an answer of these servers."""
        return float(self._setting("TIMEOUT_SECONDS"))

    def timeout(self, seconds: float) -> httpx2.Timeout:
        """Return the time limits of a call that may take so many seconds."""
        return httpx2.Timeout(seconds, connect=min(seconds, self.connect_seconds))

    def _exceptions(self) -> list[str]:
        return [*self._setting("INTERNAL_HOSTS"), *self._setting("SANDBOX_HOSTS")]

    def _setting(self, name: str) -> Any:
        return getattr(settings, f"{self.settings_prefix}_{name}")


def connect(host: str, port: int, *, timeout: float, exceptions: Collection[str] = ()) -> socket.socket:
    """Return a connection to the server. Raises PrivateAddress, and OSError if it cannot be reached.

    ``exceptions`` are names, addresses and networks that may be private. The name is looked up once, and the
    connection goes to the address that was checked: a name server that answers differently a second time gains nothing.
    """
    refused: OSError = OSError(f"There is no server named {host}.")
    for address in addresses_of(host, port):
        if not is_public(address) and not is_listed(host, address, exceptions):
            raise PrivateAddress(f"{host} is an address inside a private network.")
        try:
            return socket.create_connection((str(address), port), timeout=timeout)
        except OSError as error:
            refused = error
    raise refused


def refuse_transactions() -> None:
    """Raise CallInTransaction inside a transaction, other than that of a test case."""
    # As Django's own check of durable blocks does.
    if database.atomic_blocks and not getattr(database.atomic_blocks[-1], "_from_testcase", False):
        raise CallInTransaction(CallInTransaction.__doc__)


def release_database() -> None:
    """Give the database connection back to the pool, so that a call that waits for its answer keeps none.

    The next query takes one again. Without a pool it stays, because a new one would cost more than it saves.
    """
    if database.settings_dict["OPTIONS"].get("pool") and not database.in_atomic_block:
        database.close()


def is_at(base_url: str, hosts: Iterable[str]) -> bool:
    """Return whether the address is on one of the hosts."""
    return is_listed((urlsplit(base_url).hostname or "").lower(), None, hosts)


def client(addresses: Callable[[str, int], list[str]], *, ca_file: str, connections: int, idle: float) -> httpx2.Client:
    """Return this process's client for servers that ``addresses`` allows. Open connections are kept ``idle`` seconds.

    ``ca_file`` names certificates to trust beside the system's.
    """
    # A forked process must not share connections with its parent.
    return _client(os.getpid(), addresses, ca_file, connections, idle)


@lru_cache(maxsize=4)
def _client(
    _process: int, addresses: Callable[[str, int], list[str]], ca_file: str, connections: int, idle: float
) -> httpx2.Client:
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=idle)
    transport = httpx2.HTTPTransport(verify=context, trust_env=False, limits=limits)
    # The library offers no other way to choose how its pool connects.
    transport._pool._network_backend = GuardedBackend(addresses)
    return httpx2.Client(
        transport=transport,
        trust_env=False,
        follow_redirects=False,
        # Tenants share the client, so nothing that a server sets may come back to it.
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        headers={"User-Agent": "LAD", "Accept-Encoding": "identity"},
    )


class GuardedBackend(httpcore2.NetworkBackend):
    """Connects to addresses that LAD allows.

    The name is looked up once, and the connection goes to the address that was checked: a name server that answers
    differently a second time gains nothing.
    """

    def __init__(self, addresses: Callable[[str, int], list[str]]) -> None:
        self._addresses = addresses
        self._backend = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        failure: Exception = httpcore2.ConnectError("The name has no address.")
        for address in self._addresses(host, port):
            try:
                return self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)
