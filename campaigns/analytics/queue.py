"""Tell which enrolments and messages wait, for which reason and until when, and which are next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from campaigns.design.models import Campaign
from campaigns.enrolment.models import OPEN_ENROLMENTS, CampaignLead, EnrolmentStatus
from campaigns.enrolment.wording import reason_in_words
from campaigns.figures.models import Face
from campaigns.figures.reading import figures
from campaigns.messages.models import Message, MessageState
from lad.db.queries import SqlRow, rows
from lad.db.together import read_together
from leads.contactability.models import ContactDirection

MAX_NEXT: Final = 200
# Messages of a campaign are counted up to this number.
MAX_COUNTED: Final = 10_000
DUE: Final = "due"
NOT_BEGUN: Final = "not_begun"
# Groups that have no reason of the engine's.
OWN_REASONS: Final = {DUE: "next step", NOT_BEGUN: "not begun yet"}
# Reads one entry of the index for each reason.
FIRST_DUE: Final = """
SELECT given.status, given.reason, (
    SELECT next_action_at FROM campaign_leads
    WHERE tenant_id = %(tenant)s AND campaign_id = %(campaign)s AND deleted_at IS NULL
        AND status = given.status AND reason = given.reason
    ORDER BY next_action_at LIMIT 1
)
FROM unnest(%(statuses)s::text[], %(reasons)s::text[]) AS given (status, reason)
"""


@dataclass(frozen=True, slots=True)
class WaitingGroup:
    """Enrolments that wait for the same reason. ``next_at`` is when the first of them goes on, or None."""

    reason: str
    label: str
    number: int
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class MessageCount:
    """Messages of a campaign in one state, counted up to MAX_COUNTED. ``next_at`` is when the first is due."""

    state: str
    label: str
    number: int
    capped: bool


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue: enrolments by reason as of ``counted_at``, the most first, and messages by state."""

    waiting: int
    groups: tuple[WaitingGroup, ...]
    messages: tuple[MessageCount, ...]
    counted_at: datetime


@dataclass(frozen=True, slots=True)
class NextSend:
    """A message that is to be sent, or a step that is to be done. ``at`` None means as soon as possible.

    ``zone`` is the time zone of the account's owner or the tenant. ``id`` is that of the message or the enrolment.
    """

    kind: str
    id: UUID
    at: datetime | None
    lead_id: UUID | None
    lead: str
    what: str
    step: str
    account_id: UUID | None
    account: str
    reason: str


def queue(campaign: Campaign) -> Queue:
    """Return what of the campaign waits and why, in four statements, whatever its size."""
    counted_at = timezone.now()
    groups = _groups(campaign)
    return Queue(sum(each.number for each in groups), groups, _messages(campaign), counted_at)


def _groups(campaign: Campaign) -> tuple[WaitingGroup, ...]:
    numbers: dict[tuple[str, str], int] = {}
    for each in figures(campaign, [Face.STATE]).of(Face.STATE):
        key = each.metric.removeprefix("enrolment_"), each.detail
        if key[0] in OPEN_ENROLMENTS:
            numbers[key] = numbers.get(key, 0) + each.number
    found: dict[str, WaitingGroup] = {}
    for status, reason, first in _first_due(campaign, [key for key, number in numbers.items() if number]):
        _add(found, status, reason, numbers[status, reason], first)
    return tuple(sorted(found.values(), key=lambda each: (-each.number, each.reason)))


def _first_due(campaign: Campaign, keys: Sequence[tuple[str, str]]) -> list[SqlRow]:
    """Return when the first of the enrolments in each status and with each reason goes on."""
    statuses, reasons = [status for status, _reason in keys], [reason for _status, reason in keys]
    values = {"tenant": campaign.tenant_id, "campaign": campaign.pk, "statuses": statuses, "reasons": reasons}
    return rows(FIRST_DUE, values)


def _add(found: dict[str, WaitingGroup], status: str, own: str, number: int, first: datetime | None) -> None:
    reason = own or (NOT_BEGUN if status == EnrolmentStatus.PENDING else DUE)
    known = found.get(reason)
    times = [each for each in (first, known.next_at if known else None) if each is not None]
    label = OWN_REASONS.get(reason) or reason_in_words(reason, "the lead")
    number += known.number if known else 0
    found[reason] = WaitingGroup(reason, label[:1].upper() + label[1:], number, min(times, default=None))


def _messages(campaign: Campaign) -> tuple[MessageCount, ...]:
    states = (MessageState.QUEUED, MessageState.SENDING, MessageState.UNKNOWN, MessageState.FAILED)
    parts = [_of_campaign(campaign, state).order_by().values_list("pk")[: MAX_COUNTED + 1] for state in states]
    read_together(*parts)
    return tuple(
        MessageCount(state.value, str(state.label), min(len(found), MAX_COUNTED), len(found) > MAX_COUNTED)
        for state, found in zip(states, parts, strict=True)
    )


def _of_campaign(campaign: Campaign, state: MessageState) -> QuerySet[Message]:
    messages = Message.objects.filter(tenant=campaign.tenant_id, campaign=campaign.pk, state=state)
    return messages.filter(direction=ContactDirection.OUTBOUND)


def waiting_for(campaign: Campaign, reason: str, *, limit: int) -> list[CampaignLead]:
    """Return open enrolments that wait for the reason, the first to go on first.

    Reads each status in the order of its index, so that a hundred of a million cost a hundred.
    """
    statuses: tuple[EnrolmentStatus, ...] = OPEN_ENROLMENTS
    if reason in OWN_REASONS:
        statuses = (EnrolmentStatus.PENDING,) if reason == NOT_BEGUN else (EnrolmentStatus.ACTIVE,)
    waiting = CampaignLead.objects.filter(
        tenant=campaign.tenant_id, campaign=campaign.pk, reason="" if reason in OWN_REASONS else reason
    )
    parts = [
        waiting.filter(status=each).select_related("next_step").order_by("next_action_at")[:limit] for each in statuses
    ]
    read_together(*parts)
    found = [row for part in parts for row in part]
    found.sort(key=lambda row: (row.next_action_at is None, row.next_action_at, row.pk))
    return found[:limit]


def next_sends(campaign: Campaign, *, limit: int = 20) -> list[NextSend]:
    """Return the next messages and steps of the campaign, the first first. Runs one statement."""
    messages = (
        _of_campaign(campaign, MessageState.QUEUED)
        .select_related("lead", "step", "email_account")
        .only("subject", "channel", "next_attempt_at", "lead", "step__title", "step__order", "email_account", "error")
        .order_by("next_attempt_at", "pk")[:limit]
    )
    steps = (
        CampaignLead.objects.filter(
            tenant=campaign.tenant_id, campaign=campaign.pk, next_action_at__isnull=False, status__in=OPEN_ENROLMENTS
        )
        .select_related("next_step")
        .order_by("next_action_at")[:limit]
    )
    read_together(messages, steps)
    found = [*_as_sends(messages), *_as_steps(steps)]
    found.sort(key=lambda each: (each.at is not None, each.at, str(each.id)))
    return found[:limit]


def _as_sends(messages: Iterable[Message]) -> Iterable[NextSend]:
    for message in messages:
        account = message.email_account
        paced = account.next_send_at if account else None
        moments = [each for each in (message.next_attempt_at, paced) if each is not None]
        yield NextSend(
            kind="message",
            id=message.pk,
            at=max(moments, default=None),
            lead_id=message.lead_id,
            lead=str(message.lead) if message.lead else "",
            what=message.subject or f"{message.get_channel_display()} message",
            step=str(message.step) if message.step else "",
            account_id=message.email_account_id,
            account=account.email if account else "",
            reason=message.error,
        )


def _as_steps(enrolments: Iterable[CampaignLead]) -> Iterable[NextSend]:
    for enrolment in enrolments:
        step = enrolment.next_step
        yield NextSend(
            kind="step",
            id=enrolment.pk,
            at=enrolment.next_action_at,
            lead_id=enrolment.lead_id,
            lead=str(enrolment),
            what=step.title if step else "First step",
            step=str(step) if step else "",
            account_id=None,
            account="",
            reason=reason_in_words(enrolment.reason, "the lead") if enrolment.reason else "",
        )
