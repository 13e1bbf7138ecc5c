"""Tell where a request came from."""

from ipaddress import ip_address
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest

from lad.tenancy.context import Client

MAX_AGENT_LENGTH: Final = 255
# Signing in sets it, and tells by it which devices somebody has signed in on.
DEVICE_COOKIE: Final = "lad_device"


def client_address(request: HttpRequest | Any) -> str:
    """Return the caller's address as seen by the outermost trusted proxy."""
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    trusted = settings.TRUSTED_PROXY_COUNT
    if trusted and forwarded:
        return str(forwarded[-min(trusted, len(forwarded))])
    return str(request.META.get("REMOTE_ADDR", ""))


def client_of(request: HttpRequest) -> Client:
    """Return the client of a request. What is not an IP address, or not printable, is left out."""
    try:
        address = str(ip_address(client_address(request)))
    except ValueError:
        address = ""
    agent = request.headers.get("User-Agent", "")[:MAX_AGENT_LENGTH]
    agent = "".join(letter for letter in agent if letter.isprintable())
    return Client(address, agent, str(request.COOKIES.get(DEVICE_COOKIE, "")))
