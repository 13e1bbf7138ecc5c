"""Verify tokens of external issuers (Clerk, Google, …) against the keys they publish.

``EXTERNAL_ISSUERS`` is a JSON object that maps the name of a provider to its entry:

``issuer``              the ``iss`` of its tokens, or a list where the provider uses several
``jwks_url``            the URL of its published keys (https)
``audience``            LAD's client id, or a list; the token's ``aud`` must contain one of them
``authorized_parties``  origins or client ids; the token's ``azp`` must be one of them

At least one of the last two is required. Otherwise a token issued for any other application would be
accepted::

    {"clerk": {"issuer": "https://clerk.lad.example", "jwks_url": "https://clerk.lad.example/.well-known/jwks.json",
               "authorized_parties": ["https://app.lad.example"]},
     "google": {"issuer": ["https://accounts.google.com", "accounts.google.com"],
                "jwks_url": "https://www.googleapis.com/oauth2/v3/certs",
                "audience": "1234.apps.googleusercontent.com"}}

Clerk's session tokens contain no address by default: add ``email``, ``email_verified``, ``given_name`` and
``family_name`` to the session token in its dashboard.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey as PublicKey
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from lad import names
from lad.errors import DomainError, NotAuthenticated

# Fixed, never read from the token: a forged token could name "none", or HMAC with the public key.
ALGORITHM: Final = "RS256"
LEEWAY: Final = timedelta(seconds=10)
KEYS_LIFETIME_SECONDS: Final = 300
FETCH_TIMEOUT_SECONDS: Final = 5
# Limits requests to the issuer for unknown key ids, and while the issuer is down.
UNKNOWN_KEY_COOLDOWN_SECONDS: Final = 10
OUTAGE_COOLDOWN_SECONDS: Final = 10


class ExternalTokenRefused(NotAuthenticated):
    """The external token is not valid: sign in with the provider again."""

    code = "external_token_refused"


class IssuerUnavailable(DomainError):
    """The sign-in provider cannot be reached right now; try again in a moment."""

    code = "issuer_unavailable"
    status = 503
    title = "Sign-in provider unavailable"


@dataclass(frozen=True, slots=True)
class ExternalProfile:
    """The user an external token describes. ``email_verified`` is what the provider says."""

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
    """Caches an issuer's published keys and pauses after a failed request."""

    def __init__(self, jwks_url: str) -> None:
        self._client = jwt.PyJWKClient(
            jwks_url,
            lifespan=KEYS_LIFETIME_SECONDS,
            timeout=FETCH_TIMEOUT_SECONDS,
            cooldown_duration=UNKNOWN_KEY_COOLDOWN_SECONDS,
        )
        self._down_until = 0.0

    def find(self, key_id: str) -> PublicKey:
        """Return the key with this id. Raises ExternalTokenRefused or IssuerUnavailable."""
        if time.monotonic() < self._down_until:
            raise IssuerUnavailable
        try:
            key: PublicKey = self._client.get_signing_key(key_id).key
            return key
        except (jwt.PyJWKClientConnectionError, jwt.PyJWKSetError, ValueError) as error:
            self._down_until = time.monotonic() + OUTAGE_COOLDOWN_SECONDS
            raise IssuerUnavailable from error
        except jwt.PyJWKClientError as error:
            raise ExternalTokenRefused from error


_keys: dict[str, _Keys] = {}
_keys_lock = threading.Lock()


def configured() -> dict[str, Issuer]:
    """Return the accepted providers by name."""
    return {name: _issuer(name, entry) for name, entry in settings.EXTERNAL_ISSUERS.items()}


def by_issuer(issuer: str) -> Issuer | None:
    """Return the provider with this ``iss``, or None."""
    return next((entry for entry in configured().values() if issuer in entry.issuers), None)


def verify(issuer: Issuer, token: str) -> ExternalProfile:
    """Verify a token and return the profile in it. Raises ExternalTokenRefused or IssuerUnavailable."""
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


def _texts(value: str | Sequence[str] | None) -> tuple[str, ...]:
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
        first_name=_name(claims.get("given_name")),
        last_name=_name(claims.get("family_name")),
        avatar_url=str(claims.get("picture") or "")[:2000],
    )


def _name(claim: object) -> str:
    """Return the name in a claim. What LAD would not accept as a name is left out."""
    return names.shown(str(claim or "")[:100], otherwise="")
