"""Who signs in: a network address, or a device that is known for an account.

A device is known for an account once somebody signed in to it there. A signed cookie holds its id and a digest of
each such account. A known device has attempts of its own, which guessing from elsewhere cannot use up, and no mail
tells of it.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any, Final

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import salted_hmac
from rest_framework.request import Request

from lad.tenancy.clients import DEVICE_COOKIE, client_address
from lad.tenancy.context import Client

COOKIE_LIFETIME: Final = timedelta(days=365)
MAX_ACCOUNTS: Final = 8
_SALT: Final = "lad.device"
# A household or a company gets a whole IPv6 network of this size.
_IPV6_PREFIX_BITS: Final = 64


@dataclass(frozen=True, slots=True)
class SignInClient:
    """The network and the device of a request. ``network`` is empty for calls that come from no request."""

    network: str = ""
    device_id: str = ""
    accounts: tuple[str, ...] = ()

    def knows(self, email: str) -> bool:
        """Return whether somebody signed in to this account on the device before."""
        return bool(self.device_id) and _digest(email) in self.accounts


def sign_in_client(request: HttpRequest | Request) -> SignInClient:
    """Return who sends the request. A cookie with a wrong signature counts as none."""
    device_id, accounts = _read(str(request.COOKIES.get(DEVICE_COOKIE, "")))
    return SignInClient(network_of(client_address(request)), device_id, accounts)


def is_known_device(client: Client, email: str) -> bool:
    """Return whether the current request comes from a device that is known for the account."""
    return SignInClient("", *_read(client.device)).knows(email)


def network_of(address: str) -> str:
    """Return the address, or the network of an IPv6 address: its owner can choose among all addresses in it."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    host_bits = parsed.max_prefixlen - _IPV6_PREFIX_BITS
    return f"{IPv6Address(int(parsed) >> host_bits << host_bits)}/{_IPV6_PREFIX_BITS}"


def remember_device(response: HttpResponseBase, client: SignInClient, email: str) -> None:
    """Set the cookie by which the device is known for this account from now on."""
    digest = _digest(email)
    others = [each for each in client.accounts if each != digest]
    content = {"device": client.device_id or secrets.token_urlsafe(16), "accounts": [digest, *others][:MAX_ACCOUNTS]}
    response.set_cookie(
        DEVICE_COOKIE,
        signing.dumps(content, salt=_SALT),
        max_age=int(COOKIE_LIFETIME.total_seconds()),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _read(cookie: str) -> tuple[str, tuple[str, ...]]:
    if not cookie:
        return "", ()
    try:
        content: dict[str, Any] = signing.loads(cookie, salt=_SALT, max_age=COOKIE_LIFETIME)
        accounts: Sequence[str] = content["accounts"]
        return str(content["device"]), tuple(accounts)
    except (signing.BadSignature, KeyError, TypeError):
        return "", ()


def _digest(email: str) -> str:
    return salted_hmac(_SALT, email.strip().lower(), algorithm="sha256").hexdigest()[:32]
