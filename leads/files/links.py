"""Signed links to files. A link is short-lived and opens one attachment of one tenant."""

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
    """There is no such file. The link is incomplete or was altered."""

    code = "link_invalid"


class LinkExpired(NotAllowed):
    """This link has expired. Request a new one."""

    code = "link_expired"


@dataclass(frozen=True, slots=True)
class SignedLink:
    """A path on this server and the time when it stops working."""

    path: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LinkClaim:
    """The attachment that a link opens."""

    tenant_id: UUID
    attachment_id: UUID


def make_link(*, tenant_id: UUID, attachment_id: UUID, now: datetime) -> SignedLink:
    """Return a link to the attachment's file. It expires after ``ATTACHMENT_LINK_LIFETIME``."""
    expires_at = (now + settings.ATTACHMENT_LINK_LIFETIME).replace(microsecond=0)
    token = signing.Signer(salt=SALT).sign_object([tenant_id.hex, attachment_id.hex, int(expires_at.timestamp())])
    # In the query, because paths are logged.
    return SignedLink(f"{reverse(ROUTE, args=[attachment_id])}?{urlencode({'token': token})}", expires_at)


def read_link(token: str, *, attachment_id: UUID, now: datetime) -> LinkClaim:
    """Return what the link opens. Raise LinkInvalid, or LinkExpired after its time."""
    try:
        tenant, attachment, expires = signing.Signer(salt=SALT).unsign_object(token)
        claim = LinkClaim(UUID(hex=tenant), UUID(hex=attachment))
        expires_at = datetime.fromtimestamp(expires, tz=UTC)
    except (signing.BadSignature, ValueError, TypeError, AttributeError, OverflowError, OSError) as error:
        raise LinkInvalid from error
    if claim.attachment_id != attachment_id:
        raise LinkInvalid
    if now >= expires_at:
        raise LinkExpired
    return claim
