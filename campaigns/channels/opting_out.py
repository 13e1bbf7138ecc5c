"""Heed people who want no more messages on a channel, and those who want them again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from campaigns.channels.opt_out_words import Wish
from campaigns.messages.models import Message
from lad.errors import Invalid
from lad.tenancy.context import tenant_context
from leads.channels import Channel
from leads.contactability.models import ConsentRecord, ConsentStatus, Suppression, SuppressionReason
from leads.contactability.services import NewSuppression, lift, record_consent, suppress_many
from leads.contacts.models import Lead

MAX_WORDS: Final = 60


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked for on a channel. ``address`` is their number; ``lead`` is None for one that LAD has not."""

    channel: Channel
    wish: Wish
    address: str
    words: str
    at: datetime
    lead: Lead | None = None

    @property
    def source(self) -> str:
        """Return where the request came from, for the do-not-contact list."""
        said = " ".join(self.words.split())[:MAX_WORDS]
        return f"{self.channel.label} answer {said or self.wish.value.upper()}"


@transaction.atomic
def heed(requests: Iterable[Request]) -> None:
    """Put people who want no more messages on the do-not-contact list, and take those off who want them again.

    Requests may come in any order: the latest of a lead counts. Both are recorded as statements of the lead.
    """
    for request in sorted(requests, key=lambda each: each.at):
        if request.wish == Wish.STOP:
            _stop(request)
        elif request.wish == Wish.START:
            _start(request)


def is_opted_out(channel: Channel, address: str, lead: Lead | None) -> bool:
    """Return whether the person asked for no more messages on the channel."""
    return bool(_entries(channel, address, lead))


def refused_by_provider(message: Message, source: str, *, at: datetime) -> None:
    """Put the recipient on the do-not-contact list: the provider says that they opted out. Runs in its own scope."""
    with tenant_context(message.tenant_id):
        lead = Lead.objects.filter(pk=message.lead_id).first() if message.lead_id else None
        evidence = {"message": str(message.pk), "at": at.isoformat()}
        _suppress(Channel(message.channel), message.to_address, lead, source, evidence)


def _stop(request: Request) -> None:
    if request.lead is not None and _said_later(request):
        return
    evidence = {"at": request.at.isoformat(), "words": request.words[:MAX_WORDS]}
    _suppress(request.channel, request.address, request.lead, request.source, evidence)
    _record(request, ConsentStatus.WITHDRAWN)


def _start(request: Request) -> None:
    if request.lead is not None and _said_later(request):
        return
    entries = _entries(request.channel, request.address, request.lead)
    if not entries:
        return  # "Yes" of somebody who never left is an answer
    for entry in entries:
        lift(suppression=entry, reason=f"{request.source}, {request.at.isoformat()}")
    _record(request, ConsentStatus.GIVEN)


def _said_later(request: Request) -> bool:
    rows = ConsentRecord.objects.filter(lead=request.lead, channel=request.channel, given_at__gt=request.at)
    return bool(rows.exists())


def _record(request: Request, status: ConsentStatus) -> None:
    if request.lead is not None:
        record_consent(
            lead=request.lead,
            channel=request.channel,
            status=status,
            source=request.source,
            evidence=request.words,
            given_at=request.at,
        )


def _suppress(channel: Channel, address: str, lead: Lead | None, source: str, evidence: dict[str, str]) -> None:
    wishes = [
        NewSuppression(channel, SuppressionReason.UNSUBSCRIBED, who, number, source=source, evidence=evidence)
        for who, number in ((lead, ""), (lead, address))
        if who is not None or number
    ]
    for wish in wishes:
        try:
            with transaction.atomic():
                suppress_many([wish])
        except Invalid:
            continue  # an invalid number is never written to


def _entries(channel: Channel, address: str, lead: Lead | None) -> Sequence[Suppression]:
    rows = Suppression.objects.filter(channel=channel, reason=SuppressionReason.UNSUBSCRIBED)
    found = {row.pk: row for row in rows.filter(lead=lead)} if lead is not None else {}
    found |= {row.pk: row for row in rows.filter(address=address)} if address else {}
    return list(found.values())
