"""The tokens LAD makes: access tokens for the API and the secrets inside mailed links.

Nothing here is stored. A mailed secret is derived again whenever it is needed, so that neither a
row nor an event ever holds one.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import jwt
from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import signing
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from lad.errors import NotAuthenticated
from tenants.accounts.models import User

ALGORITHM: Final = "HS256"


MEDIA_TYPE: Final = "at+jwt"


AUDIENCE: Final = "lad-api"


LEEWAY: Final = timedelta(seconds=5)


EMAIL_VERIFICATION_LIFETIME: Final = timedelta(days=3)


_VERIFICATION_SALT: Final = "lad.email-verification"


class InvalidToken(NotAuthenticated):
    """The access token is not valid: sign in again."""

    code = "invalid_token"


class TokenExpired(NotAuthenticated):
    """The access token has expired: refresh it."""

    code = "token_expired"


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What an access token says: the user, the tenant they chose and the session it belongs to."""

    user_id: UUID
    tenant_id: UUID | None
    session_id: UUID | None
    expires_at: datetime


def issue_access_token(
    *, user: User, tenant_id: UUID | None = None, session_id: UUID | None = None, now: datetime | None = None
) -> str:
    """A signed access token for the user, living for ``ACCESS_TOKEN_LIFETIME``."""
    issued_at = now or timezone.now()
    key_id, key = _newest_key()
    claims: dict[str, Any] = {
        "iss": issuer(),
        "aud": AUDIENCE,
        "sub": str(user.pk),
        "iat": int(issued_at.timestamp()),
        "exp": int((issued_at + settings.ACCESS_TOKEN_LIFETIME).timestamp()),
    }
    if tenant_id is not None:
        claims["tid"] = str(tenant_id)
    if session_id is not None:
        claims["sid"] = str(session_id)
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": key_id, "typ": MEDIA_TYPE})


def read_access_token(token: str) -> AccessClaims:
    """The claims of one of LAD's own access tokens. Raises TokenExpired or InvalidToken."""
    try:
        header = jwt.get_unverified_header(token)
        key = _keys().get(str(header.get("kid")))
        if key is None or header.get("typ") != MEDIA_TYPE:
            raise InvalidToken
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=issuer(),
            leeway=LEEWAY,
            options={"require": ["exp", "iat", "sub"]},
        )
        return AccessClaims(
            user_id=UUID(claims["sub"]),
            tenant_id=UUID(claims["tid"]) if "tid" in claims else None,
            session_id=UUID(claims["sid"]) if "sid" in claims else None,
            expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        )
    except jwt.ExpiredSignatureError as error:
        raise TokenExpired from error
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
        raise InvalidToken from error


def issuer() -> str:
    """Who LAD's own tokens say made them."""
    return str(settings.PUBLIC_URL)


def claimed_issuer(token: str) -> str:
    """The issuer a token names, unverified: only good for choosing who verifies it."""
    try:
        return str(jwt.decode(token, options={"verify_signature": False}).get("iss", ""))
    except jwt.PyJWTError:
        return ""


def email_verification_token(user: User) -> str:
    """The secret that proves the user reads the mail of their present address."""
    return signing.dumps({"user": str(user.pk), "email": user.email}, salt=_VERIFICATION_SALT)


def read_email_verification_token(token: str) -> tuple[UUID, str] | None:
    """The user and address the token proves, or None when it is forged or too old."""
    try:
        proof = signing.loads(token, salt=_VERIFICATION_SALT, max_age=EMAIL_VERIFICATION_LIFETIME)
        return UUID(proof["user"]), str(proof["email"])
    except (signing.BadSignature, KeyError, TypeError, ValueError):
        return None


class _PasswordReset(PasswordResetTokenGenerator):
    key_salt = "lad.password-reset"

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        # The password and its date make the token single-use; the address ties it to the mailbox.
        return f"{user.pk}{user.password}{user.password_changed_at}{timestamp}{user.email}"


_password_reset = _PasswordReset()


def password_reset_token(user: User) -> str:
    """The secret that lets its holder set a new password once, within ``PASSWORD_RESET_TIMEOUT``."""
    return f"{urlsafe_base64_encode(user.pk.bytes)}.{_password_reset.make_token(user)}"


def password_reset_user_id(token: str) -> UUID | None:
    """Whose reset the token claims to be; check it with ``is_password_reset_token``."""
    try:
        return UUID(bytes=urlsafe_base64_decode(token.partition(".")[0]))
    except ValueError:
        return None


def is_password_reset_token(user: User, token: str) -> bool:
    """Whether the token was made for this user, is young enough and was not used."""
    return _password_reset.check_token(user, token.partition(".")[2])


def _keys() -> dict[str, str]:
    return {_key_id(key): key for key in settings.JWT_SIGNING_KEYS}


def _newest_key() -> tuple[str, str]:
    if not settings.JWT_SIGNING_KEYS:
        raise ImproperlyConfigured("Set JWT_SIGNING_KEYS to one or more secrets, the newest first.")
    key = settings.JWT_SIGNING_KEYS[0]
    return _key_id(key), key


def _key_id(key: str) -> str:
    return hashlib.sha256(f"kid:{key}".encode()).hexdigest()[:16]
