"""Record consent."""

from datetime import datetime

from django.utils import timezone

from lad import writes
from lad.types import Actor
from leads.contactability.models import ConsentRecord, ConsentStatus, Purpose
from leads.contacts.models import Lead


@writes.in_transaction
def record_consent(
    *,
    lead: Lead,
    channel: str,
    status: str = ConsentStatus.GIVEN,
    purpose: str = Purpose.OUTREACH,
    source: str,
    evidence: str = "",
    given_at: datetime | None = None,
    actor: Actor = None,
) -> ConsentRecord:
    """Record that a lead gave or withdrew consent, and return the record. Emits ``leads.consent.created``.

    The same statement of the lead, which has the same time and source, is recorded once. Without ``given_at`` the
    lead says so now; saying again what counts already changes nothing.
    """
    # Locks the lead, so that two requests do not record the same.
    Lead.all_objects.select_for_update(no_key=True).get(pk=lead.pk)
    found = ConsentRecord.objects.filter(lead=lead.pk, channel=channel, purpose=purpose)
    newest = found.order_by("-given_at", "-created_at", "-pk").first()
    if newest is not None and given_at is None and (newest.status, newest.source) == (status, source):
        return newest
    same = found.filter(status=status, given_at=given_at, source=source).first() if given_at else None
    values = {
        "lead": lead,
        "channel": channel,
        "purpose": purpose,
        "status": status,
        "given_at": given_at or timezone.now(),
        "source": source,
        "evidence": evidence,
        "created_by_user": actor,
    }
    return same or writes.create(ConsentRecord, values, actor=actor)
