"""Signed links to recordings. A link opens one recording of one tenant, for as long as somebody listens to it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import reverse

from leads.files.links import LinkExpired, LinkInvalid, SignedLink

SALT: Final = "voice.recording"
ROUTE: Final = "voice-recording-file"


@dataclass(frozen=True, slots=True)
class LinkClaim:
    """The recording that a link opens."""

    tenant_id: UUID
    recording_id: UUID


def make_link(*, tenant_id: UUID, recording_id: UUID, now: datetime) -> SignedLink:
    """Return a link to a recording. It expires after ``VOICE_RECORDING_LINK_LIFETIME``."""
    expires_at = (now + settings.VOICE_RECORDING_LINK_LIFETIME).replace(microsecond=0)
    token = signing.Signer(salt=SALT).sign_object([tenant_id.hex, recording_id.hex, int(expires_at.timestamp())])
    # In the query, because paths are logged.
    return SignedLink(f"{reverse(ROUTE, args=[recording_id])}?{urlencode({'token': token})}", expires_at)


def read_link(token: str, *, recording_id: UUID, now: datetime) -> LinkClaim:
    """Return what the link opens. Raise LinkInvalid, or LinkExpired after its time."""
    try:
        tenant, recording, expires = signing.Signer(salt=SALT).unsign_object(token)
        claim = LinkClaim(UUID(hex=tenant), UUID(hex=recording))
        expires_at = datetime.fromtimestamp(expires, tz=UTC)
    except (signing.BadSignature, ValueError, TypeError, AttributeError, OverflowError, OSError) as error:
        raise LinkInvalid from error
    if claim.recording_id != recording_id:
        raise LinkInvalid
    if now >= expires_at:
        raise LinkExpired
    return claim
