"""Which addresses of carriers LAD calls, and the connections that it keeps open to them."""

from typing import Final
from urllib.parse import urlsplit

import httpx2
from django.conf import settings

from lad import outgoing

# Shorter than a server keeps them, so that a placed call does not meet a connection that is just being closed.
KEEPALIVE_SECONDS: Final = 20.0
CONNECT_SECONDS: Final = 10.0


def validate(url: str) -> None:
    """Raise ValidationError for an address that LAD will not call, as far as it can be told without a look-up."""
    _guard.validate(url)


def validate_link(url: str) -> None:
    """Raise ValidationError for a link of a carrier that LAD will not follow. Unlike an address it may have a query."""
    _guard.validate(urlsplit(url)._replace(query="").geturl())


def is_sandbox(base_url: str) -> bool:
    """Return whether the account is the sandbox's, which no real people stand behind."""
    return outgoing.is_at(base_url, settings.VOICE_SANDBOX_HOSTS)


def client() -> httpx2.Client:
    """Return this process's client. Its connections stay open between calls."""
    return outgoing.client(
        _guard.addresses,
        ca_file=settings.VOICE_CA_FILE,
        connections=settings.VOICE_OPEN_CONNECTIONS,
        idle=KEEPALIVE_SECONDS,
    )


def _exceptions() -> list[str]:
    return [*settings.VOICE_INTERNAL_HOSTS, *settings.VOICE_SANDBOX_HOSTS]


_guard: Final = outgoing.Guard(_exceptions, "https://api.vapi.ai")
