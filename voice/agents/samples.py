"""Links to samples of voices, which may be handed to a browser: short-lived, and of one voice of one tenant."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.core import signing
from django.urls import reverse

from lad.errors import NotAllowed, NotFound
from lad.tenancy.context import tenant_context
from tenants.teams.models import Tenant
from voice.agents.models import Voice

SALT: Final = "voice.sample"
ROUTE: Final = "voice-sample"
LIFETIME: Final = timedelta(hours=1)


class NoSample(NotFound):
    """This voice has no sample."""

    code = "no_sample"


class SampleLinkInvalid(NotFound):
    """There is no such sample. The link is incomplete or was altered."""

    code = "link_invalid"


class SampleLinkExpired(NotAllowed):
    """This link has expired. Request a new one."""

    code = "link_expired"


@dataclass(frozen=True, slots=True)
class SampleLink:
    """A path on this server and the time when it stops working."""

    path: str
    expires_at: datetime


def link_to(voice: Voice | None, *, tenant_id: UUID, now: datetime) -> SampleLink:
    """Return a link to a voice's sample. Raises NoSample."""
    if voice is None or not voice.voice_sample_url:
        raise NoSample
    expires_at = (now + LIFETIME).replace(microsecond=0)
    token = signing.Signer(salt=SALT).sign_object([tenant_id.hex, voice.pk.hex, int(expires_at.timestamp())])
    # In the query, because paths are logged.
    return SampleLink(f"{reverse(ROUTE, args=[voice.pk])}?{urlencode({'token': token})}", expires_at)


def open_link(token: str, *, voice_id: UUID, now: datetime) -> str:
    """Return the address of the sample that a link opens. Opens its own scope.

    A closed tenant, a voice that it does not see any more and one without a sample end a link at once. Raises
    SampleLinkInvalid, SampleLinkExpired and NoSample.
    """
    try:
        tenant, voice, expires = signing.Signer(salt=SALT).unsign_object(token)
        tenant_id, expires_at = UUID(hex=tenant), datetime.fromtimestamp(expires, tz=UTC)
        signed_for = UUID(hex=voice)
    except (signing.BadSignature, ValueError, TypeError, AttributeError, OverflowError, OSError) as error:
        raise SampleLinkInvalid from error
    if signed_for != voice_id:
        raise SampleLinkInvalid
    if now >= expires_at:
        raise SampleLinkExpired
    with tenant_context(tenant_id):
        row = Voice.objects.filter(pk=voice_id).first()
        is_open = Tenant.objects.filter(pk=tenant_id, deleted_at__isnull=True).exists()
    if row is None or not is_open or not row.voice_sample_url:
        raise NoSample
    address: str = row.voice_sample_url
    return address
