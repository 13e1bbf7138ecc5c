"""Create and read LAD's tokens: access tokens of the API and the secrets in mailed links.

None of them is stored. Secrets in mails are derived again whenever they are needed, so no row or event
holds one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

import jwt
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import signing
from django.utils import timezone
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from lad.errors import NotAuthenticated
from lad.signing_keys import find_key, newest_key
from tenants.accounts.models import User

ALGORITHM: Final = "HS256"
MEDIA_TYPE: Final = "at+jwt"
AUDIENCE: Final = "lad-api"
LEEWAY: Final = timedelta(seconds=5)
TOKENS_REMEMBERED: Final = 1_024
EMAIL_VERIFICATION_LIFETIME: Final = timedelta(days=3)
_VERIFICATION_SALT: Final = "lad.email-verification"
_ACCOUNT_INVITATION_SALT: Final = "lad.account-invitation"


class InvalidToken(NotAuthenticated):
    """The access token is not valid: sign in again."""

    code = "invalid_token"


class TokenExpired(NotAuthenticated):
    """The access token has expired: refresh it."""

    code = "token_expired"


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """The claims of an access token: user, chosen tenant, session and expiry."""

    user_id: UUID
    tenant_id: UUID | None
    session_id: UUID | None
    expires_at: datetime


def issue_access_token(
    *, user: User, tenant_id: UUID | None = None, session_id: UUID | None = None, now: datetime | None = None
) -> str:
    """Return a signed access token that expires after ``ACCESS_TOKEN_LIFETIME``."""
    issued_at = now or timezone.now()
    key_id, key = newest_key()
    claims: dict[str, str | int] = {
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
    """Verify an access token of LAD and return its claims. Raises TokenExpired or InvalidToken."""
    claims = _verified_claims(token, tuple(settings.JWT_SIGNING_KEYS), issuer())
    if claims.expires_at + LEEWAY <= datetime.now(UTC):
        raise TokenExpired
    return claims


# A client sends the same token with every request; only its expiry can change the result.
@lru_cache(maxsize=TOKENS_REMEMBERED)
def _verified_claims(token: str, signing_keys: tuple[str, ...], expected_issuer: str) -> AccessClaims:
    try:
        header = jwt.get_unverified_header(token)
        key = find_key(str(header.get("kid")), signing_keys)
        if key is None or header.get("typ") != MEDIA_TYPE:
            raise InvalidToken
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=expected_issuer,
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
    """Return the ``iss`` claim of LAD's own tokens."""
    return str(settings.PUBLIC_URL)


@lru_cache(maxsize=TOKENS_REMEMBERED)
def claimed_issuer(token: str) -> str:
    """Return the unverified ``iss`` claim of a token. Use it only to choose the verifier."""
    try:
        return str(jwt.decode(token, options={"verify_signature": False}).get("iss", ""))
    except jwt.PyJWTError:
        return ""


def email_verification_token(user: User) -> str:
    """Return the secret of the mail that verifies the user's current address."""
    return signing.dumps({"user": str(user.pk), "email": user.email}, salt=_VERIFICATION_SALT)


def read_email_verification_token(token: str) -> tuple[UUID, str] | None:
    """Return the user and address a token verifies, or None if it is invalid or expired."""
    try:
        proof = signing.loads(token, salt=_VERIFICATION_SALT, max_age=EMAIL_VERIFICATION_LIFETIME)
        return UUID(proof["user"]), str(proof["email"])
    except (signing.BadSignature, KeyError, TypeError, ValueError):
        return None


class _PasswordReset(PasswordResetTokenGenerator):
    key_salt = "lad.password-reset"

    def _make_hash_value(self, user: AbstractBaseUser, timestamp: int) -> str:
        assert isinstance(user, User)
        # A changed password invalidates the token, so it works once. A changed address invalidates it too.
        return f"{user.pk}{user.password}{user.password_changed_at}{timestamp}{user.email}"


_password_reset = _PasswordReset()


def password_reset_token(user: User) -> str:
    """Return the secret that allows one password reset within ``PASSWORD_RESET_TIMEOUT``."""
    return f"{urlsafe_base64_encode(user.pk.bytes)}.{_password_reset.make_token(user)}"


def account_invitation_token(user: User) -> str:
    """Return the secret by which a person without a password chooses one, within ``INVITATION_LIFETIME``."""
    return signing.dumps({"user": str(user.pk), "email": user.email}, salt=_ACCOUNT_INVITATION_SALT)


def password_user_id(token: str) -> UUID | None:
    """Return the user id in a token that sets a password, unverified. Check it with ``may_set_password``."""
    invited = _invited(token)
    if invited is not None:
        return invited[0]
    try:
        return UUID(bytes=urlsafe_base64_decode(token.partition(".")[0]))
    except ValueError:
        return None


def may_set_password(user: User, token: str) -> bool:
    """Return whether the token, of a reset or an invitation, belongs to this user, has not expired and was not used."""
    invited = _invited(token)
    if invited is not None:
        return not user.password and invited == (user.pk, user.email)
    return _password_reset.check_token(user, token.partition(".")[2])


def _invited(token: str) -> tuple[UUID, str] | None:
    try:
        content = signing.loads(token, salt=_ACCOUNT_INVITATION_SALT, max_age=settings.INVITATION_LIFETIME)
        return UUID(content["user"]), str(content["email"])
    except (signing.BadSignature, KeyError, TypeError, ValueError):
        return None
