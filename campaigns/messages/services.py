"""Queue messages to leads, cancel them, and decide about those whose sending is in doubt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from campaigns.accounts.models import EmailAccount
from campaigns.mail_text import domain_of, one_line, plain_lines
from campaigns.messages import hooks
from campaigns.messages.models import Action, Message, MessageKind, MessageState
from campaigns.messages.threads import Thread, continued_threads
from lad.db.identifiers import uuid7
from lad.db.recordsets import insert_rows
from lad.errors import Conflict, Invalid
from lad.notifier import WorkerNotifier
from lad.tenancy.context import current_tenant_id
from lad.types import Actor
from leads.channels import Channel
from leads.contactability.decisions import Verdict
from leads.contactability.models import ContactDirection, Purpose
from leads.contacts.models import Lead

# What is read of leads: where a message can go.
RECIPIENT: Final = ("pk", "email", "phone", "linkedin_url")
MAX_SUBJECT_LENGTH: Final = 500
MAX_ADDRESS_LENGTH: Final = 320
MAX_ATTACHMENTS: Final = 20
NO_ACCOUNT: Final = "Choose the e-mail account that sends the message."
# The kind of accounts that sends on a channel; others have the kind "channel".
SENDERS: Final = {Channel.EMAIL: "email", Channel.LINKEDIN: "linkedin"}
RESENDABLE: Final = (MessageState.FAILED, MessageState.UNKNOWN, MessageState.CANCELLED)
CANCELLED_BY_USER: Final = "A person cancelled it."
SAID_SENT: Final = "A person found that it was sent."


class MessageNotResendable(Conflict):
    """Only a message that failed, was cancelled or is unknown can be sent again."""

    code = "message_not_resendable"


class MessageNotUnknown(Conflict):
    """It is known by now what became of this message."""

    code = "message_not_unknown"


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that is to be queued. ``due_at`` None means now; ``decision`` is contactability's, as JSON.

    A draft for e-mail needs an account. With ``thread_id``, the first message of a thread, it continues that thread;
    a draft without a subject continues its enrolment's last thread. ``answers_id`` is the received message that it
    answers. ``counted_day`` is the day in whose limit the campaign has counted it. A post for everybody has no lead.
    """

    lead_id: UUID | None
    channel: str
    subject: str
    body: str
    html: str = ""
    campaign_id: UUID | None = None
    campaign_lead_id: UUID | None = None
    step_id: UUID | None = None
    activity_id: UUID | None = None
    email_account_id: UUID | None = None
    linkedin_account_id: UUID | None = None
    channel_account_id: UUID | None = None
    action: Action = Action.MESSAGE
    purpose: Purpose = Purpose.OUTREACH
    due_at: datetime | None = None
    thread_id: UUID | None = None
    answers_id: UUID | None = None
    attachment_ids: Sequence[UUID] = ()
    decision: Mapping[str, Any] | None = None
    counted_day: date | None = None
    metadata: Mapping[str, Any] | None = field(default=None)
    created_by_user_id: UUID | None = None


@transaction.atomic
def queue(drafts: Sequence[Draft]) -> list[UUID]:
    """Queue messages of the current tenant and return their ids, in the order of the drafts.

    Their Message-IDs and threads are fixed here, so that every attempt sends the same message. Runs in a few
    statements, whatever the number. Raises Invalid for a draft for e-mail without an account.
    """
    if any(draft.channel == Channel.EMAIL and draft.email_account_id is None for draft in drafts):
        raise Invalid(errors={"email_account": [NO_ACCOUNT]})
    accounts = _by_id(
        EmailAccount.all_objects.values_list("pk", "email", named=True), {draft.email_account_id for draft in drafts}
    )
    leads = _by_id(Lead.all_objects.values_list(*RECIPIENT, named=True), {draft.lead_id for draft in drafts})
    threads = continued_threads(drafts)
    now = timezone.now()
    rows = [
        _row(draft, accounts.get(draft.email_account_id), leads.get(draft.lead_id), threads[number], now)
        for number, draft in enumerate(drafts)
    ]
    insert_rows(Message, rows, common={"tenant_id": current_tenant_id()})
    for channel in {draft.channel for draft in drafts}:
        wake_senders(channel)
    return [row["id"] for row in rows]


@transaction.atomic
def cancel(
    *,
    reason: str,
    campaign_lead_ids: Sequence[UUID] | None = None,
    campaign_ids: Sequence[UUID] | None = None,
    lead_ids: Sequence[UUID] | None = None,
    message_ids: Sequence[UUID] | None = None,
) -> int:
    """Cancel the waiting messages of the enrolments, campaigns or leads, or those given. Return how many.

    Messages that are being sent are left alone. ``reason`` is a sentence for users.
    """
    given = {
        "campaign_lead__in": campaign_lead_ids,
        "campaign__in": campaign_ids,
        "lead__in": lead_ids,
        "pk__in": message_ids,
    }
    conditions = {name: list(ids) for name, ids in given.items() if ids is not None}
    if not conditions:
        return 0
    waiting = Message.objects.filter(state__in=(MessageState.QUEUED, MessageState.DRAFT), **conditions)
    ids = list(waiting.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    return settle(ids, state=MessageState.CANCELLED, error=reason)


def settle(ids: Sequence[UUID], *, state: MessageState, error: str = "") -> int:
    """Give locked messages their last state and tell the features above. Return how many there were."""
    if not ids:
        return 0
    rows = Message.objects.filter(pk__in=ids)
    rows.update(state=state, error=error, lease_until=None, next_attempt_at=None)
    hooks.settled(list(Message.objects.filter(pk__in=ids).order_by("pk")))
    return len(ids)


@transaction.atomic
def resend(*, message: Message, actor: Actor) -> Message:
    """Queue a message again that failed, was cancelled or is unknown, under the same Message-ID.

    An unknown message may have arrived: whoever calls this accepts that it may arrive twice.
    Raises MessageNotResendable.
    """
    message = _locked(message)
    if message.state not in RESENDABLE or message.direction != ContactDirection.OUTBOUND:
        raise MessageNotResendable
    _decided(message, "sent again", actor)
    message.state, message.error = MessageState.QUEUED, ""
    message.next_attempt_at, message.begun_at, message.looks = timezone.now(), None, 0
    message.tries, message.follow_up_due_at = 0, None
    message.save(
        update_fields=[
            "state", "error", "next_attempt_at", "begun_at", "looks", "tries", "follow_up_due_at", "metadata",
        ]
    )  # fmt: skip
    wake_senders(message.channel)
    return message


@transaction.atomic
def confirm_sent(*, message: Message, actor: Actor) -> Message:
    """Record that an unknown message was sent, as a person found out. Raises MessageNotUnknown."""
    message = _locked(message)
    if message.state != MessageState.UNKNOWN:
        raise MessageNotUnknown
    _decided(message, "was sent", actor)
    message.occurred_at = message.begun_at or message.updated_at
    message.save(update_fields=["metadata", "occurred_at"])
    settle([message.pk], state=MessageState.SENT, error=SAID_SENT)
    message.refresh_from_db()
    return message


def ask_again(*, now: datetime, campaign_id: UUID | None = None) -> None:
    """Let the senders look again at messages that wait until they are permitted: the campaign's, or all."""
    waiting = Message.objects.filter(state=MessageState.QUEUED, next_attempt_at__gt=now)
    waiting = waiting.filter(decision__verdict=Verdict.DEFER)
    if campaign_id is not None:
        waiting = waiting.filter(campaign=campaign_id)
    channels = set(waiting.order_by().values_list("channel", flat=True).distinct())
    waiting.update(next_attempt_at=now)
    for channel in channels:
        wake_senders(channel)


def wake_senders(channel: str) -> None:
    """Ask the senders of a channel to look for work once the transaction has committed."""
    WorkerNotifier(f"campaigns.send_{SENDERS.get(Channel(channel), 'channel')}").notify_on_commit()


def _row(draft: Draft, account: Any | None, lead: Any | None, thread: Thread | None, now: datetime) -> dict[str, Any]:
    """Return the columns of a draft's message."""
    key = uuid7()
    references = thread.references if thread else []
    is_email = draft.channel == Channel.EMAIL
    created = timezone.now()
    return {
        "id": key,
        "created_at": created,
        "updated_at": created,
        "lead_id": draft.lead_id,
        "campaign_id": draft.campaign_id,
        "campaign_lead_id": draft.campaign_lead_id,
        "step_id": draft.step_id,
        "activity_id": draft.activity_id,
        "email_account_id": draft.email_account_id,
        "linkedin_account_id": draft.linkedin_account_id,
        "channel_account_id": draft.channel_account_id,
        "action": draft.action,
        "thread_id": thread.first_id if thread else None,
        "channel": draft.channel,
        "direction": ContactDirection.OUTBOUND,
        "kind": MessageKind.OUTREACH,
        "purpose": draft.purpose,
        "state": MessageState.QUEUED,
        "from_address": account.email if account else "",
        "to_address": _address(draft.channel, lead.email, lead.phone, lead.linkedin_url, draft) if lead else "",
        "subject": _subject(draft, thread),
        "body": plain_lines(draft.body),
        "html": plain_lines(draft.html),
        "attachment_ids": [*draft.attachment_ids],
        "message_id": f"<{key}@{domain_of(account.email)}>" if is_email and account else "",
        "in_reply_to": references[-1] if references else "",
        "metadata": {**(draft.metadata or {}), **({"references": references} if thread else {})},
        "decision": dict(draft.decision or {}),
        "created_by_user_id": draft.created_by_user_id,
        "counted_day": draft.counted_day,
        "next_attempt_at": draft.due_at or now,
    }


def address_on(message: Any) -> str:
    """Return the lead's address on a message's channel, from its ``lead_email``, ``_phone`` and ``_linkedin_url``."""
    return _address(message.channel, message.lead_email, message.lead_phone, message.lead_linkedin_url, message)


def _address(channel: str, email: str, phone: str, linkedin_url: str, message: Any | None = None) -> str:
    by_channel = {Channel.EMAIL: email, Channel.LINKEDIN: linkedin_url, Channel.WEB: _username(message)}
    address = str(by_channel.get(Channel(channel), phone) or "")
    return address if len(address) <= MAX_ADDRESS_LENGTH else ""


def _username(message: Any | None) -> str:
    """Return the name on a network that the message is for; a network has no column of leads."""
    return str(message.metadata.get("username", "")) if message is not None and message.metadata else ""


def _subject(draft: Draft, thread: Thread | None) -> str:
    subject = one_line(draft.subject)
    if thread is not None and (not subject or subject.lower() == thread.subject.lower()):
        subject = thread.subject if thread.subject.lower().startswith("re:") else f"Re: {thread.subject}"
    return subject[:MAX_SUBJECT_LENGTH]


def _by_id(rows: QuerySet[Any], ids: set[Any]) -> dict[Any, Any]:
    wanted = ids - {None}
    return {row.pk: row for row in rows.filter(pk__in=wanted)} if wanted else {}


def _locked(message: Message) -> Message:
    locked: Message = Message.objects.select_for_update(no_key=True).get(pk=message.pk)
    return locked


def _decided(message: Message, decision: str, actor: Actor) -> None:
    """Keep who decided what about the message, and when."""
    entry = {
        "decision": decision,
        "at": timezone.now().isoformat(),
        "by": str(actor.pk) if actor else None,
        "state": message.state,
        "known": message.error,
    }
    message.metadata = {**message.metadata, "decided": [*message.metadata.get("decided", []), entry]}
