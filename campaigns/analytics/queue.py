"""Tell which enrolments and messages wait, for which reason and until when, and which are next."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from campaigns.analytics.counting import EnrolmentGroup, enrolment_groups
from campaigns.analytics.keeping import Kept
from campaigns.design.models import Campaign
from campaigns.enrolment.models import OPEN_ENROLMENTS, CampaignLead, EnrolmentStatus
from campaigns.enrolment.wording import reason_in_words
from campaigns.messages.models import Message, MessageState
from lad.db.together import read_together
from leads.contactability.models import ContactDirection

MAX_NEXT: Final = 200
# Messages of a campaign are counted up to this number.
MAX_COUNTED: Final = 10_000
DUE: Final = "due"
NOT_BEGUN: Final = "not_begun"
# Groups that have no reason of the engine's.
OWN_REASONS: Final = {DUE: "next step", NOT_BEGUN: "not begun yet"}


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
class _Groups:
    """The waiting enrolments, as they were at ``counted_at``."""

    groups: tuple[WaitingGroup, ...]
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
    """Return what of the campaign waits and why. Reads indexes only, in two statements.

    Enrolments of large campaigns are counted as ``funnel`` does; ``counted_at`` says when.
    """
    counted = kept_groups.get(campaign)
    waiting = sum(each.number for each in counted.groups)
    return Queue(waiting, counted.groups, _messages(campaign), counted.counted_at)


def _count(campaign: Campaign) -> _Groups:
    counted_at = timezone.now()
    found: dict[str, WaitingGroup] = {}
    for group in enrolment_groups(campaign, only=OPEN_ENROLMENTS):
        _add(found, group)
    return _Groups(tuple(sorted(found.values(), key=lambda each: (-each.number, each.reason))), counted_at)


kept_groups: Final = Kept("queue", _count)


def _add(found: dict[str, WaitingGroup], group: EnrolmentGroup) -> None:
    reason = group.reason or (NOT_BEGUN if group.status == EnrolmentStatus.PENDING else DUE)
    known = found.get(reason)
    times = [each for each in (group.next_at, known.next_at if known else None) if each is not None]
    label = OWN_REASONS.get(reason) or reason_in_words(reason, "the lead")
    number = group.number + (known.number if known else 0)
    found[reason] = WaitingGroup(reason, label[:1].upper() + label[1:], number, min(times, default=None))


def _messages(campaign: Campaign) -> tuple[MessageCount, ...]:
    states = (MessageState.QUEUED, MessageState.SENDING, MessageState.UNKNOWN, MessageState.FAILED)
    rows = [_of_campaign(campaign, state).order_by().values_list("pk")[: MAX_COUNTED + 1] for state in states]
    read_together(*rows)
    return tuple(
        MessageCount(state.value, str(state.label), min(len(found), MAX_COUNTED), len(found) > MAX_COUNTED)
        for state, found in zip(states, rows, strict=True)
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
    rows = CampaignLead.objects.filter(
        tenant=campaign.tenant_id, campaign=campaign.pk, reason="" if reason in OWN_REASONS else reason
    )
    parts = [
        rows.filter(status=each).select_related("next_step").order_by("next_action_at")[:limit] for each in statuses
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
