"""Which endpoints LAD talks to, and the connections it keeps open to them."""

import os
import ssl
from collections.abc import Iterable
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final
from urllib.parse import urlsplit

import httpcore2
import httpx2
from django.conf import settings
from django.core.exceptions import ValidationError

from lad.llm.errors import EndpointError, Fault
from lad.outgoing import addresses, is_listed, is_public, parsed

KEEPALIVE_SECONDS: Final = 60.0
CONNECT_SECONDS: Final = 10.0
PLAIN: Final = "Use https: the key would be readable on its way. Plain http is for hosts that LAD's operator allows."
NO_ADDRESS: Final = "Enter an address such as https://api.openai.com/v1, without a user name, query or fragment."
PRIVATE: Final = "This address is inside a private network. LAD connects to public endpoints only."


def validate(base_url: str) -> None:
    """Raise ValidationError for an address that LAD will not connect to, as far as it can be told without a look-up."""
    try:
        parts = urlsplit(base_url)
        host, _port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise ValidationError(NO_ADDRESS) from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValidationError(NO_ADDRESS)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValidationError(NO_ADDRESS)
    try:
        address = parsed(host)
    except ValueError:
        address = None
    if is_listed(host, address, _exceptions()):
        return
    if parts.scheme != "https":
        raise ValidationError(PLAIN)
    if host == "localhost" or (address is not None and not is_public(address)):
        raise ValidationError(PRIVATE)


def is_sandbox(base_url: str) -> bool:
    """Return whether the endpoint is the sandbox, which no real model stands behind."""
    host = (urlsplit(base_url).hostname or "").lower()
    return is_listed(host, None, settings.LLM_SANDBOX_HOSTS)


def client() -> httpx2.Client:
    """Return this process's client. Its connections stay open between calls."""
    # A forked process must not share connections with its parent.
    return _client(os.getpid(), settings.LLM_CA_FILE, settings.LLM_OPEN_CONNECTIONS)


@lru_cache(maxsize=2)
def _client(_process: int, ca_file: str, connections: int) -> httpx2.Client:
    return httpx2.Client(
        transport=_transport(ca_file, connections),
        trust_env=False,
        follow_redirects=False,
        # Tenants share the client, so nothing that an endpoint sets may come back to it.
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        headers={"User-Agent": "LAD", "Accept-Encoding": "identity"},
    )


def _transport(ca_file: str, connections: int) -> httpx2.HTTPTransport:
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    limits = httpx2.Limits(
        max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=KEEPALIVE_SECONDS
    )
    transport = httpx2.HTTPTransport(verify=context, trust_env=False, limits=limits)
    # The library offers no other way to choose how its pool connects.
    transport._pool._network_backend = GuardedBackend()
    return transport


class GuardedBackend(httpcore2.NetworkBackend):
    """Connects to addresses that LAD allows.

    The name is looked up once, and the connection goes to the address that was checked: a name server that answers
    differently a second time gains nothing.
    """

    def __init__(self) -> None:
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
        for address in allowed_addresses(host, port):
            try:
                return self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


def allowed_addresses(host: str, port: int) -> list[str]:
    """Return the addresses of a host. Raise EndpointError if one of them is not allowed, or the host has none."""
    try:
        found = addresses(host, port)
    except (OSError, UnicodeError):
        raise EndpointError(Fault.UNREACHABLE) from None
    if not all(is_public(each) or is_listed(host.lower(), each, _exceptions()) for each in found):
        raise EndpointError(Fault.INTERNAL)
    return [str(each) for each in found]


def _exceptions() -> list[str]:
    return [*settings.LLM_INTERNAL_HOSTS, *settings.LLM_SANDBOX_HOSTS]
