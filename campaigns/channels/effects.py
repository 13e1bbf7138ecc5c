"""React to a bounce, a complaint or an unsubscribed recipient.

The event is recorded once, the address is put on the do-not-contact list where that is called for, and the features
above are told, all in one transaction of the current tenant.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from campaigns.accounts import health
from campaigns.accounts.health import Harm
from campaigns.messages import hooks
from campaigns.messages.models import Message, MessageEvent, MessageEventKind
from lad.errors import Invalid
from leads.channels import Channel
from leads.contactability.models import Suppression, SuppressionReason
from leads.contactability.services import NewSuppression, suppress_many

# An address that could not be reached so often within these days is not written to any more.
SOFT_BOUNCES: Final = 3
SOFT_BOUNCE_DAYS: Final = 30
# After them the address is tried again: a full mailbox is emptied some day.
SOFT_BOUNCE_REST: Final = timedelta(days=90)
HARMFUL: Final = {MessageEventKind.BOUNCED: Harm.BOUNCES, MessageEventKind.COMPLAINED: Harm.COMPLAINTS}
HARD: Final = "hard"
SOFT: Final = "soft"


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a sent message.

    ``key`` identifies it: the same key of the same message and kind is recorded once. For a bounce, ``detail`` has
    the ``severity``: hard, soft or block, and a ``sentence`` for people.
    """

    message: Message
    kind: MessageEventKind
    at: datetime
    key: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    is_machine: bool = False
    # An address beside the lead's own that is meant too, such as a colleague's who asked for no more mail.
    also: str = ""


@transaction.atomic
def record(happenings: Sequence[Happening]) -> list[MessageEvent]:
    """Record what happened and react. Return the new events. Runs in a few statements, whatever the number."""
    fresh = _fresh(happenings)
    if not fresh:
        return []
    events = [
        MessageEvent(
            message=each.message,
            tenant_id=each.message.tenant_id,
            kind=each.kind,
            occurred_at=each.at,
            is_machine=each.is_machine,
            detail=dict(each.detail),
            source_key=each.key,
        )
        for each in fresh
    ]
    MessageEvent.objects.bulk_create(events)
    _suppress(fresh)
    health.count(_harm(fresh))
    hooks.happened(events)
    return events


def _fresh(happenings: Sequence[Happening]) -> list[Happening]:
    """Return those that are not recorded yet. Locks their messages, so that none is recorded twice."""
    keys = sorted({each.message.pk for each in happenings})
    list(Message.objects.filter(pk__in=keys).order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    rows = MessageEvent.objects.filter(message__in=keys, source_key__in={each.key for each in happenings})
    known = set(rows.values_list("message", "kind", "source_key"))
    fresh: dict[tuple[Any, str, str], Happening] = {}
    for each in happenings:
        identity = (each.message.pk, str(each.kind), each.key)
        if identity not in known:
            fresh.setdefault(identity, each)
    return list(fresh.values())


def _harm(happenings: Iterable[Happening]) -> dict[UUID, Counter[Harm]]:
    """Return what damages the reputation of the accounts that sent the messages."""
    found: dict[UUID, Counter[Harm]] = {}
    for each in happenings:
        harm = HARMFUL.get(each.kind)
        account_id = each.message.email_account_id
        if harm is None or account_id is None or each.is_machine or each.detail.get("severity") == SOFT:
            continue
        found.setdefault(account_id, Counter())[harm] += 1
    return found


def _suppress(happenings: Sequence[Happening]) -> None:
    wishes = [wish for each in happenings for wish in _wishes(each)]
    wishes += _often_unreachable(happenings)
    for wish in wishes:
        # An invalid address is never written to.
        with suppress(Invalid), transaction.atomic():
            suppress_many([wish])


def _wishes(happening: Happening) -> Iterator[NewSuppression]:
    """Yield what is to be put on the do-not-contact list."""
    kind, detail, message = happening.kind, happening.detail, happening.message
    if kind == MessageEventKind.BOUNCED:
        if detail.get("severity") == HARD and message.to_address:
            yield _of(happening, SuppressionReason.BOUNCED, "Bounce", address=message.to_address)
        return
    if kind == MessageEventKind.COMPLAINED:
        reason, source = SuppressionReason.COMPLAINED, "Complaint to the mail provider"
    elif kind == MessageEventKind.UNSUBSCRIBED:
        reason, source = SuppressionReason.UNSUBSCRIBED, str(detail.get("source") or "Unsubscribed")
    else:
        return
    own = message.lead.email.lower() if message.lead is not None and message.channel == Channel.EMAIL else ""
    if message.lead is not None:
        # Somebody who wants no more mail wants none at any address.
        yield _of(happening, reason, source)
    for address in {message.to_address.lower(), happening.also.lower()} - {"", own}:
        yield _of(happening, reason, source, address=address)


def _of(
    happening: Happening,
    reason: SuppressionReason,
    source: str,
    *,
    address: str = "",
    expires_at: datetime | None = None,
) -> NewSuppression:
    evidence = {"message": str(happening.message.pk), "at": happening.at.isoformat(), **happening.detail}
    return NewSuppression(
        channel=Channel(happening.message.channel),
        reason=reason,
        lead=happening.message.lead,
        address=address,
        source=source,
        evidence=evidence,
        expires_at=expires_at,
    )


def _often_unreachable(happenings: Iterable[Happening]) -> list[NewSuppression]:
    """Return the addresses whose soft bounces have become too many."""
    soft = {
        each.message.to_address: each
        for each in happenings
        if each.kind == MessageEventKind.BOUNCED and each.detail.get("severity") == SOFT and each.message.to_address
    }
    if not soft:
        return []
    since = min(each.at for each in soft.values()) - timedelta(days=SOFT_BOUNCE_DAYS)
    rows = MessageEvent.objects.filter(
        kind=MessageEventKind.BOUNCED, message__to_address__in=list(soft), occurred_at__gte=since
    )
    counts: dict[str, int] = {}
    for address, detail in rows.values_list("message__to_address", "detail"):
        counts[address] = counts.get(address, 0) + (detail.get("severity") == SOFT)
    return [
        _of(
            soft[address],
            SuppressionReason.SOFT_BOUNCES,
            f"{SOFT_BOUNCES} bounces in {SOFT_BOUNCE_DAYS} days",
            address=address,
            expires_at=soft[address].at + SOFT_BOUNCE_REST,
        )
        for address, count in counts.items()
        if count >= SOFT_BOUNCES
    ]


def unsubscriptions_of(message: Message) -> QuerySet[Suppression]:
    """Return the entries by which the recipient of the message is unsubscribed from e-mail."""
    whose = Q(address=message.to_address.lower()) if message.to_address else Q(pk__in=[])
    if message.lead_id:
        whose |= Q(lead=message.lead_id)
    rows: QuerySet[Suppression] = Suppression.objects.filter(
        whose, reason=SuppressionReason.UNSUBSCRIBED, channel=Channel.EMAIL
    )
    return rows
