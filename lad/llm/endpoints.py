"""Which endpoints LAD talks to, and the connections it keeps open to them."""

from typing import Final

import httpx2
from django.conf import settings

from lad import outgoing
from lad.llm.errors import EndpointError, Fault

KEEPALIVE_SECONDS: Final = 60.0
CONNECT_SECONDS: Final = 10.0


def validate(base_url: str) -> None:
    """Raise ValidationError for an address that LAD will not connect to, as far as it can be told without a look-up."""
    _guard.validate(base_url)


def is_sandbox(base_url: str) -> bool:
    """Return whether the endpoint is the sandbox, which no real model stands behind."""
    return outgoing.is_at(base_url, settings.LLM_SANDBOX_HOSTS)


def client() -> httpx2.Client:
    """Return this process's client. Its connections stay open between calls."""
    return outgoing.client(
        allowed_addresses,
        ca_file=settings.LLM_CA_FILE,
        connections=settings.LLM_OPEN_CONNECTIONS,
        idle=KEEPALIVE_SECONDS,
    )


def allowed_addresses(host: str, port: int) -> list[str]:
    """Return the addresses of a host. Raise EndpointError if one of them is not allowed, or the host has none."""
    try:
        return _guard.addresses(host, port)
    except outgoing.Unresolved:
        raise EndpointError(Fault.UNREACHABLE) from None
    except outgoing.PrivateAddress:
        raise EndpointError(Fault.INTERNAL) from None


def _exceptions() -> list[str]:
    return [*settings.LLM_INTERNAL_HOSTS, *settings.LLM_SANDBOX_HOSTS]


_guard: Final = outgoing.Guard(_exceptions, "https://api.openai.com/v1")
