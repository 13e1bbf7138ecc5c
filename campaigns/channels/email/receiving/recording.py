"""Record what was received, with everything that follows from it, in one transaction of the current tenant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from django.db.models import Case, DateTimeField, Value, When

from campaigns.accounts.models import EmailAccount
from campaigns.channels import effects
from campaigns.channels.effects import Happening
from campaigns.channels.email.receiving.classification import Classification, classify
from campaigns.channels.email.receiving.matching import Match
from campaigns.channels.email.receiving.parsing import Mail
from campaigns.mail_text import plain_lines
from campaigns.messages import hooks
from campaigns.messages.models import Message, MessageEventKind, MessageKind, MessageState
from lad.db.identifiers import uuid7
from leads.channels import Channel
from leads.contactability.models import ContactDirection, Purpose
from leads.contacts.models import Lead
from leads.contacts.services import Touch, record_contacts

MAX_ORIGINAL_LENGTH: Final = 20_000
# The lead said something. Everything else is said by programs.
BY_THE_LEAD: Final = (MessageKind.REPLY, MessageKind.UNSUBSCRIBE)


@dataclass(frozen=True)
class Received:
    """A message in a mailbox that belongs to a message of the account, or that cannot be read.

    ``at`` is when the server received it. ``problem`` says why it cannot be read.
    """

    mail: Mail
    at: datetime
    folder: str
    uid: int
    match: Match | None = None
    problem: str = ""


@dataclass(frozen=True)
class _Judged:
    received: Received
    what: Classification

    @property
    def original(self) -> Message | None:
        return self.received.match.message if self.received.match else None

    @property
    def kind(self) -> MessageKind:
        return self.what.kind

    @cached_property
    def key(self) -> UUID:
        return uuid7()


def record(account: EmailAccount, found: Sequence[Received]) -> int:
    """Record the messages and react to each once. Return how many are new. Runs in a few statements for all.

    A message that is recorded already is left out. One that another mailbox of the tenant has received too is
    recorded for this one, without a second reaction.
    """
    judged = [_judge(each, account) for each in found]
    _lock_leads(judged)
    seen_here, seen_elsewhere = _seen([each.received.mail.message_id for each in judged], account)
    fresh: dict[str, _Judged] = {}
    for each in judged:
        if each.received.mail.message_id not in seen_here:
            fresh.setdefault(each.received.mail.message_id, each)
    new = list(fresh.values())
    rows = {each.key: _row(each, account) for each in new}
    Message.objects.bulk_create(rows.values())
    reacting = [
        each for each in new if each.received.mail.message_id not in seen_elsewhere and each.original is not None
    ]
    _mark_answered([each for each in reacting if each.kind == MessageKind.REPLY])
    record_contacts([_touch(each) for each in reacting if each.kind in (*BY_THE_LEAD, MessageKind.OWN_COPY)])
    effects.record([happening for each in reacting if (happening := _happening(each)) is not None])
    hooks.received([rows[each.key] for each in reacting if each.kind != MessageKind.OWN_COPY])
    hooks.copied([rows[each.key] for each in reacting if each.kind == MessageKind.OWN_COPY])
    return len(new)


def _judge(received: Received, account: EmailAccount) -> _Judged:
    if received.problem:
        return _Judged(received, Classification(MessageKind.NOISE, received.problem))
    original = received.match.message.body if received.match else ""
    what = classify(received.mail, own_addresses={account.email}, received=received.at.date(), original=original)
    return _Judged(received, what)


def _lock_leads(judged: Sequence[_Judged]) -> None:
    """Lock the leads, so that two mailboxes that receive the same message do not both react. Fills them in."""
    keys = {each.original.lead_id for each in judged if each.original is not None and each.original.lead_id}
    rows = Lead.all_objects.filter(pk__in=keys).order_by("pk").select_for_update(no_key=True)
    leads = {row.pk: row for row in rows} if keys else {}
    for each in judged:
        if each.original is not None and each.original.lead_id in leads:
            each.original.lead = leads[each.original.lead_id]


def _seen(ids: Sequence[str], account: EmailAccount) -> tuple[set[str], set[str]]:
    """Return which of the messages this mailbox has recorded already, and which another one of the tenant has."""
    rows = Message.objects.filter(message_id__in=set(ids)).values_list("message_id", "email_account")
    here = {name for name, key in rows if key == account.pk}
    return here, {name for name, key in rows if key != account.pk}


def _row(judged: _Judged, account: EmailAccount) -> Message:
    mail, what, original = judged.received.mail, judged.what, judged.original
    own = judged.kind == MessageKind.OWN_COPY
    return Message(
        pk=judged.key,
        tenant_id=account.tenant_id,
        email_account=account,
        lead_id=original.lead_id if original else None,
        campaign_id=original.campaign_id if original else None,
        campaign_lead_id=original.campaign_lead_id if original else None,
        step_id=original.step_id if original else None,
        thread_id=(original.thread_id or original.pk) if original else None,
        channel=Channel.EMAIL,
        direction=ContactDirection.OUTBOUND if own else ContactDirection.INBOUND,
        state=MessageState.SENT if own else MessageState.RECEIVED,
        kind=judged.kind,
        purpose=Purpose.SERVICE if own else (original.purpose if original else Purpose.OUTREACH),
        from_address=mail.sender,
        to_address=(original.to_address if own and original else next(iter(mail.recipients), account.email))[:320],
        subject=mail.subject,
        body=plain_lines(what.words),
        message_id=mail.message_id,
        in_reply_to=mail.in_reply_to,
        occurred_at=judged.received.at,
        metadata=_metadata(judged),
    )


def _metadata(judged: _Judged) -> dict[str, Any]:
    received, what = judged.received, judged.what
    found: dict[str, Any] = {"summary": summary(judged), "why": what.why, "folder": received.folder}
    if received.match is not None:
        found |= {"answers": str(received.match.message.pk), "matched_by": received.match.by.value}
    if received.mail.sender_name:
        found["from_name"] = plain_lines(received.mail.sender_name)
    if what.away_until is not None:
        found |= {"returns_on": what.away_until.isoformat(), "return_is_known": what.return_is_known}
    if what.bounce is not None:
        found["bounce"] = what.bounce.detail
    if received.mail.text and received.mail.text.strip() != what.words:
        found["original"] = plain_lines(received.mail.text)[:MAX_ORIGINAL_LENGTH]
    return found


def summary(judged: _Judged) -> str:
    """Return in one line what came back, for people."""
    what = judged.what
    match judged.kind:
        case MessageKind.OUT_OF_OFFICE if what.away_until is not None and what.return_is_known:
            return f"Out of office until {what.away_until.day} {what.away_until:%B %Y}"
        case MessageKind.REPLY:
            return f"Answered: {_line(what.words)}" if what.words else "Answered without words of their own"
        case MessageKind.OWN_COPY:
            return f"Written by hand: {_line(what.words)}"
        case MessageKind.OUT_OF_OFFICE:
            return "Out of office, without a date of return"
        case MessageKind.BOUNCE:
            return f"Not delivered: {what.why}"
        case MessageKind.UNSUBSCRIBE:
            return "Asked for no more messages"
        case MessageKind.COMPLAINT:
            return "Marked the message as spam"
    return what.why


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 120 else f"{line[:119].rstrip()}…"


def _mark_answered(judged: Sequence[_Judged]) -> None:
    """Keep on the messages when they were first answered, in one statement."""
    times: dict[UUID, datetime] = {}
    for each in judged:
        if each.original is not None:
            times[each.original.pk] = min(times.get(each.original.pk, each.received.at), each.received.at)
    if times:
        first = Case(*(When(pk=key, then=Value(at)) for key, at in times.items()), output_field=DateTimeField())
        Message.objects.filter(pk__in=times, replied_at__isnull=True).update(replied_at=first)


def _touch(judged: _Judged) -> Touch:
    own = judged.kind == MessageKind.OWN_COPY
    lead_id = judged.original.lead_id if judged.original is not None else None
    assert lead_id is not None
    return Touch(
        lead_id=lead_id,
        channel=Channel.EMAIL,
        direction=ContactDirection.OUTBOUND if own else ContactDirection.INBOUND,
        at=judged.received.at,
        source_id=judged.key,
        purpose=Purpose.SERVICE if own else Purpose.OUTREACH,
    )


def _happening(judged: _Judged) -> Happening | None:
    original, what, mail = judged.original, judged.what, judged.received.mail
    if original is None or original.direction != ContactDirection.OUTBOUND:
        return None
    detail: Mapping[str, Any] = {"received": str(judged.key), "sentence": what.why}
    also = ""
    match judged.kind:
        case MessageKind.BOUNCE if what.bounce is not None:
            kind, detail = MessageEventKind.BOUNCED, {**detail, **what.bounce.detail}
        case MessageKind.COMPLAINT:
            kind = MessageEventKind.COMPLAINED
        case MessageKind.UNSUBSCRIBE:
            kind, detail = MessageEventKind.UNSUBSCRIBED, {**detail, "source": "By e-mail"}
            also = "" if mail.report else mail.sender
        case _ if what.delivered:
            kind = MessageEventKind.DELIVERED
        case _:
            return None
    return Happening(original, kind, judged.received.at, mail.message_id, detail, also=also)
