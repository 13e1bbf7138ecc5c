"""Links to files: signed, short-lived, and for one attachment of one tenant."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import reverse

from lad.errors import NotAllowed, NotFound

SALT: Final = "leads.attachment"
ROUTE: Final = "attachment-file"


class LinkInvalid(NotFound):
    """There is no such file: the link was cut short or altered."""

    code = "link_invalid"


class LinkExpired(NotAllowed):
    """This link has expired: ask for a new one."""

    code = "link_expired"


@dataclass(frozen=True, slots=True)
class Link:
    """An address under this server, and when it ends."""

    path: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """What a link gives access to."""

    tenant_id: UUID
    attachment_id: UUID


def make_link(*, tenant_id: UUID, attachment_id: UUID, now: datetime) -> Link:
    """A link to the attachment's file that lives ``ATTACHMENT_LINK_SECONDS``."""
    expires_at = (now + settings.ATTACHMENT_LINK_LIFETIME).replace(microsecond=0)
    token = signing.Signer(salt=SALT).sign_object([tenant_id.hex, attachment_id.hex, int(expires_at.timestamp())])
    # In the query rather than the path, which is logged.
    return Link(f"{reverse(ROUTE, args=[attachment_id])}?{urlencode({'token': token})}", expires_at)


def read_link(token: str, *, attachment_id: UUID, now: datetime) -> Claim:
    """What the link to this attachment claims. Raises LinkInvalid, or LinkExpired once its time is over."""
    try:
        tenant, attachment, expires = signing.Signer(salt=SALT).unsign_object(token)
        claim = Claim(UUID(hex=tenant), UUID(hex=attachment))
        expires_at = datetime.fromtimestamp(expires, tz=UTC)
    except (signing.BadSignature, ValueError, TypeError, AttributeError, OverflowError, OSError) as error:
        raise LinkInvalid from error
    if claim.attachment_id != attachment_id:
        raise LinkInvalid
    if now >= expires_at:
        raise LinkExpired
    return claim
