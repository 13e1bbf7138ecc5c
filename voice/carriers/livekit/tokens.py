"""LiveKit's access tokens, and the proof that a webhook comes from LiveKit."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jwt

from voice.carriers.errors import CallbackRefused
from voice.carriers.protocol import CallbackRequest, Credentials

ALGORITHM: Final = "HS256"
LIFETIME: Final = timedelta(minutes=2)
LEEWAY: Final = timedelta(minutes=1)
# What a request may do: rooms, their participants and recordings, and telephone calls.
VIDEO: Final[Mapping[str, Any]] = {"roomCreate": True, "roomList": True, "roomAdmin": True, "roomRecord": True}
SIP: Final[Mapping[str, Any]] = {"call": True, "admin": True}


def access_token(credentials: Credentials, *, room: str = "") -> str:
    """Return a token for one request, restricted to a room where one is named."""
    now = datetime.now(UTC)
    claims = {
        "iss": credentials.key_id,
        "sub": "lad",
        "nbf": now - LEEWAY,
        "exp": now + LIFETIME,
        "video": {**VIDEO, **({"room": room} if room else {})},
        "sip": SIP,
    }
    return jwt.encode(claims, credentials.secret, ALGORITHM)


def check_webhook(credentials: Credentials, request: CallbackRequest) -> None:
    """Raise CallbackRefused unless the account's key signed exactly this body, within the last minutes."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    if not credentials.secret:
        raise CallbackRefused
    try:
        claims = jwt.decode(
            token,
            credentials.secret,
            [ALGORITHM],
            issuer=credentials.key_id,
            leeway=LEEWAY,
            options={"require": ["exp", "iss", "sha256"], "verify_aud": False},
        )
    except jwt.PyJWTError:
        raise CallbackRefused from None
    digest = base64.b64encode(hashlib.sha256(request.body).digest())
    if not hmac.compare_digest(digest, str(claims["sha256"]).encode()):
        raise CallbackRefused
