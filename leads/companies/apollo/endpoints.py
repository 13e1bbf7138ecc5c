"""Where Apollo's API is, and the connections that LAD keeps open to it."""

from typing import Final

import httpx2
from django.conf import settings

from lad import outgoing

# Shorter than a server keeps them, so that a charged call does not meet a connection that is just being closed.
KEEPALIVE_SECONDS: Final = 20.0
CONNECT_SECONDS: Final = 10.0


def validate(base_url: str) -> None:
    """Raise ValidationError for an address that LAD will not connect to, as far as it can be told without a look-up."""
    _guard.validate(base_url)


def is_sandbox(base_url: str) -> bool:
    """Return whether the account is the sandbox's, which no real people stand behind."""
    return outgoing.is_at(base_url, settings.DIRECTORY_SANDBOX_HOSTS)


def client() -> httpx2.Client:
    """Return this process's client. Its connections stay open between calls."""
    return outgoing.client(
        _guard.addresses,
        ca_file=settings.DIRECTORY_CA_FILE,
        connections=settings.DIRECTORY_OPEN_CONNECTIONS,
        idle=KEEPALIVE_SECONDS,
    )


def _exceptions() -> list[str]:
    return [*settings.DIRECTORY_INTERNAL_HOSTS, *settings.DIRECTORY_SANDBOX_HOSTS]


_guard: Final = outgoing.Guard(_exceptions, "https://api.apollo.io/api/v1")
