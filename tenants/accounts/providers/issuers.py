"""Verifies tokens of outside issuers (Clerk, Google, …) against the keys they publish.

``EXTERNAL_ISSUERS`` is a JSON object from a provider's name to its entry:

``issuer``              the ``iss`` of its tokens, or a list where the provider uses several
``jwks_url``            where it publishes its keys (https)
``audience``            our client id, or a list; the token's ``aud`` must hold one of them
``authorized_parties``  origins or client ids; the token's ``azp`` must be one of them

At least one of the last two is needed, or tokens made for anybody's application would be good here::

    {"clerk": {"issuer": "https://clerk.lad.example", "jwks_url": "https://clerk.lad.example/.well-known/jwks.json",
               "authorized_parties": ["https://app.lad.example"]},
     "google": {"issuer": ["https://accounts.google.com", "accounts.google.com"],
                "jwks_url": "https://www.googleapis.com/oauth2/v3/certs",
                "audience": "1234.apps.googleusercontent.com"}}

Clerk puts no address into its session tokens: add ``email``, ``email_verified``, ``given_name`` and
``family_name`` to the session token in its dashboard.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import jwt
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from lad.errors import DomainError, NotAuthenticated

# The one algorithm these providers sign with. A token never chooses: "none" and HMAC over the public key are forgeries.
ALGORITHM: Final = "RS256"
LEEWAY: Final = timedelta(seconds=10)
KEYS_LIFETIME_SECONDS: Final = 300
FETCH_TIMEOUT_SECONDS: Final = 5
# Tokens with made-up key ids must not make us call the issuer each time, nor an issuer that is down hold up workers.
UNKNOWN_KEY_COOLDOWN_SECONDS: Final = 10
OUTAGE_COOLDOWN_SECONDS: Final = 10


class ExternalTokenRefused(NotAuthenticated):
    """The outside token is not valid here: sign in with the provider again."""

    code = "external_token_refused"


class IssuerUnavailable(DomainError):
    """The sign-in provider cannot be reached right now; try again in a moment."""

    code = "issuer_unavailable"
    status = 503
    title = "Sign-in provider unavailable"


@dataclass(frozen=True, slots=True)
class ExternalProfile:
    """Who an outside token speaks of. ``email_verified`` is the provider's word for the address."""

    provider: str
    subject: str
    email: str = ""
    email_verified: bool = False
    first_name: str = ""
    last_name: str = ""
    avatar_url: str = ""


@dataclass(frozen=True, slots=True)
class Issuer:
    """One entry of ``EXTERNAL_ISSUERS``."""

    provider: str
    issuers: tuple[str, ...]
    jwks_url: str
    audiences: tuple[str, ...]
    authorized_parties: tuple[str, ...]


class _Keys:
    """An issuer's published keys, cached, with a pause after each unsuccessful call."""

    def __init__(self, jwks_url: str) -> None:
        self._client = jwt.PyJWKClient(
            jwks_url,
            lifespan=KEYS_LIFETIME_SECONDS,
            timeout=FETCH_TIMEOUT_SECONDS,
            cooldown_duration=UNKNOWN_KEY_COOLDOWN_SECONDS,
        )
        self._down_until = 0.0

    def find(self, key_id: str) -> Any:
        if time.monotonic() < self._down_until:
            raise IssuerUnavailable
        try:
            return self._client.get_signing_key(key_id).key
        except (jwt.PyJWKClientConnectionError, jwt.PyJWKSetError, ValueError) as error:
            self._down_until = time.monotonic() + OUTAGE_COOLDOWN_SECONDS
            raise IssuerUnavailable from error
        except jwt.PyJWKClientError as error:
            raise ExternalTokenRefused from error


_keys: dict[str, _Keys] = {}
_keys_lock = threading.Lock()


def configured() -> dict[str, Issuer]:
    """The providers whose tokens are accepted, by name."""
    return {name: _issuer(name, entry) for name, entry in settings.EXTERNAL_ISSUERS.items()}


def by_issuer(issuer: str) -> Issuer | None:
    """The provider whose tokens name this issuer, if it is configured."""
    return next((entry for entry in configured().values() if issuer in entry.issuers), None)


def verify(issuer: Issuer, token: str) -> ExternalProfile:
    """Whom the token speaks of. Raises ExternalTokenRefused or IssuerUnavailable."""
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") != ALGORITHM or not isinstance(header.get("kid"), str):
            raise ExternalTokenRefused
        claims = jwt.decode(
            token,
            _keys_of(issuer).find(header["kid"]),
            algorithms=[ALGORITHM],
            issuer=list(issuer.issuers),
            audience=list(issuer.audiences) or None,
            leeway=LEEWAY,
            options={"require": ["exp", "iat", "iss", "sub"], "verify_aud": bool(issuer.audiences)},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise ExternalTokenRefused from error
    if issuer.authorized_parties and claims.get("azp") not in issuer.authorized_parties:
        raise ExternalTokenRefused
    return _profile(issuer, claims)


def _issuer(name: str, entry: Mapping[str, Any]) -> Issuer:
    issuer = Issuer(
        provider=name,
        issuers=_texts(entry.get("issuer")),
        jwks_url=str(entry.get("jwks_url", "")),
        audiences=_texts(entry.get("audience")),
        authorized_parties=_texts(entry.get("authorized_parties")),
    )
    if not issuer.issuers or not issuer.jwks_url or not (issuer.audiences or issuer.authorized_parties):
        raise ImproperlyConfigured(
            f"EXTERNAL_ISSUERS[{name!r}] needs issuer, jwks_url and at least one of audience and authorized_parties."
        )
    return issuer


def _texts(value: Any) -> tuple[str, ...]:
    if not value:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def _keys_of(issuer: Issuer) -> _Keys:
    with _keys_lock:
        return _keys.setdefault(issuer.jwks_url, _Keys(issuer.jwks_url))


def _profile(issuer: Issuer, claims: Mapping[str, Any]) -> ExternalProfile:
    subject = claims["sub"]
    if not isinstance(subject, str) or not subject.strip():
        raise ExternalTokenRefused
    return ExternalProfile(
        provider=issuer.provider,
        subject=subject,
        email=str(claims.get("email") or "").strip().lower(),
        email_verified=claims.get("email_verified") in (True, "true"),
        first_name=str(claims.get("given_name") or "")[:100],
        last_name=str(claims.get("family_name") or "")[:100],
        avatar_url=str(claims.get("picture") or "")[:2000],
    )
