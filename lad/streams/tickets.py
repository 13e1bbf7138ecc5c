"""Tickets: short-lived signed proofs that a user may open one channel of one tenant.

A browser's EventSource cannot send headers, so the ticket stands in the address. It is no access token: it
expires within a minute and opens nothing but its channel.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import jwt
from django.conf import settings
from django.utils import timezone

from lad.signing_keys import find_key, newest_key

ALGORITHM: Final = "HS256"
MEDIA_TYPE: Final = "stream+jwt"
AUDIENCE: Final = "stream"
LIFETIME: Final = timedelta(seconds=60)
LEEWAY: Final = timedelta(seconds=5)


class InvalidTicket(Exception):
    """The ticket is forged, expired, or not a ticket."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """The permission in a ticket: this user may listen to this channel of this tenant."""

    tenant_id: UUID
    user_id: UUID
    channel: str


def issue_ticket(ticket: Ticket, *, now: datetime | None = None) -> tuple[str, datetime]:
    """Return the signed ticket and when it expires."""
    issued_at = now or timezone.now()
    expires_at = issued_at + LIFETIME
    key_id, key = newest_key()
    claims: dict[str, str | int] = {
        "iss": str(settings.PUBLIC_URL),
        "aud": AUDIENCE,
        "sub": str(ticket.user_id),
        "tid": str(ticket.tenant_id),
        "channel": ticket.channel,
        "iat": int(issued_at.timestamp()),
        "exp": int(expires_at.timestamp()),
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": key_id, "typ": MEDIA_TYPE}), expires_at


def read_ticket(token: str) -> Ticket:
    """Return what the ticket allows. Raises InvalidTicket."""
    try:
        header = jwt.get_unverified_header(token)
        key = find_key(str(header.get("kid")), settings.JWT_SIGNING_KEYS)
        if key is None or header.get("typ") != MEDIA_TYPE:
            raise InvalidTicket
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=str(settings.PUBLIC_URL),
            leeway=LEEWAY,
            options={"require": ["exp", "iat", "sub", "tid", "channel"]},
        )
        return Ticket(UUID(claims["tid"]), UUID(claims["sub"]), str(claims["channel"]))
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
        raise InvalidTicket from error
