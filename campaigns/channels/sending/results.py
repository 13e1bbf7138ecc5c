"""Write what became of attempts, each in one transaction with the mark of the next message.

That a message was accepted, the usual result, and the mark of the next one are one statement that touches no index.
The rest follows for many messages at once (``finishing``). A result is written only while the attempt that claimed
the message still holds it, or while its fate is unknown.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from campaigns.accounts.models import NetworkAccount
from campaigns.channels import effects
from campaigns.channels.effects import Happening
from campaigns.channels.email.receiving.bounces import judge
from campaigns.channels.protocol import Fate, Result
from campaigns.channels.sending import carried, limits_met
from campaigns.channels.sending.account_kinds import EMAIL, AccountKind
from campaigns.channels.sending.claims import LEASE, Claim
from campaigns.channels.sending.finishing import COPY_AFTER, Accepted, surely
from campaigns.channels.sending.follow_ups import FOLLOW_UP_AFTER, tell
from campaigns.enrolment.models import OPEN_ENROLMENTS
from campaigns.messages.models import Message, MessageEventKind, MessageState
from lad.db.queries import rows
from lad.jobs.leases import Backoff
from lad.tenancy.context import tenant_context, write_in_tenant
from leads.channels import Channel
from leads.contactability.models import ContactDirection, LeadTouch

# Greylisting servers take a message after a quarter of an hour.
BACKOFF: Final = Backoff(timedelta(minutes=3), timedelta(hours=3), 10, jitter=0.3)
# When a lost message is looked for first: its server may still be saving the copy.
FIRST_LOOK: Final = timedelta(minutes=1)
AFTER_A_LIMIT: Final = timedelta(hours=1)
# A lease is extended only when it is short, so that marking a message as begun touches no index.
MIN_LEASE: Final = f"{LEASE.total_seconds() / 2} seconds"

SENT: Final = """
UPDATE messages SET state = 'sent', error = '', lease_until = NULL, next_attempt_at = NULL, occurred_at = %s,
    metadata = metadata || %s::jsonb,
    copy_due_at = CASE WHEN %s THEN statement_timestamp() + %s::interval END,
    follow_up_due_at = statement_timestamp() + %s::interval
WHERE tenant_id = %s AND id = %s AND attempts = %s AND state IN ('sending', 'unknown')
"""
RELEASE: Final = """
UPDATE messages SET state = 'queued', lease_until = NULL, begun_at = NULL
FROM unnest(%s::uuid[], %s::integer[]) AS held (id, attempts)
WHERE messages.tenant_id = %s AND messages.id = held.id AND messages.attempts = held.attempts AND state = 'sending'
RETURNING messages.id
"""
# Functions keep their plans: planning these statements would take longer than running them.
ACCEPT: Final = "campaigns_accept(%s, %s, %s, %s, %s)"
BEGIN: Final = "campaigns_begin(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"

log = structlog.get_logger("lad.campaigns.sending")


@dataclass(frozen=True, slots=True)
class Recorded:
    """The message that was marked as begun, if any, and the one that is still to be finished, if it was accepted."""

    begun: Message | None
    accepted: Accepted | None = None


def record(claim: Claim, message: Message, result: Result, *, following: Sequence[Message] = ()) -> Recorded:
    """Write the result of one attempt and mark the first message that may follow as begun.

    Messages before it that may not be sent any more wait again; the next claim decides about them. The features
    above were told of the message, unless it is still to be finished.
    """
    if result.fate == Fate.SENT and not result.facts.keys() & carried.NAMES:
        return _record_accepted(claim, Accepted(message, timezone.now(), dict(result.facts)), following)
    values = _values(message, result)

    def write(with_hooks: bool) -> Message | None:
        with tenant_context(message.tenant_id):
            if _write(claim, message, result, values, told=with_hooks) and with_hooks:
                _tell(message, result)
            return _begin(claim, following)

    return Recorded(surely(write, message))


def _record_accepted(claim: Claim, accepted: Accepted, following: Sequence[Message]) -> Recorded:
    """Write that the message was accepted and mark the next one as begun, in one statement that commits alone."""
    message, calls = accepted.message, ACCEPT
    parameters = [message.tenant_id, message.pk, message.attempts, accepted.at, json.dumps(accepted.facts)]
    if following:
        begun_at = following[0].begun_at or accepted.at
        calls, parameters = f"{ACCEPT}, {BEGIN}", parameters + _begin_parameters(claim, following[0], begun_at)
    [(_held, *begun)] = surely(
        lambda _with_hooks: write_in_tenant(message.tenant_id, f"SELECT {calls}", parameters), message
    )
    if any(begun):
        following[0].begun_at = begun_at
        return Recorded(following[0], accepted)
    with tenant_context(message.tenant_id):
        return Recorded(_begin(claim, following), accepted)


def release(claim: Claim, messages: Sequence[Message]) -> None:
    """Let claimed messages that were not begun wait again, as if they had not been claimed."""
    if not messages:
        return
    with tenant_context(claim.account.tenant_id):
        _release(claim, messages)


def give_back(kind: AccountKind, tenant_id: UUID, counted: Mapping[tuple[UUID, date], Sequence[Message]]) -> None:
    """Take back the touches of messages that certainly were not sent, and their places in their accounts' days.

    ``counted`` are the messages by account and day.
    """
    keys = [message.pk for messages in counted.values() for message in messages]
    touches = LeadTouch.objects.filter(tenant=tenant_id, source_id__in=keys, direction=ContactDirection.OUTBOUND)
    touches.delete()
    for (account_id, day), messages in counted.items():
        kind.uncount(tenant_id, account_id, day, messages)


def _write(claim: Claim, message: Message, result: Result, values: dict[str, Any], *, told: bool) -> bool:
    """Write the result. Return whether this attempt still had a say."""
    if result.fate == Fate.SENT:
        written = _write_sent(claim, message, values, told=told)
    else:
        written = _write_other(message, values, told=told)
    _note(message, values, written=written)
    if not written:
        return False
    if result.fate in (Fate.REFUSED, Fate.NOT_SENT):
        give_back(claim.account_kind, message.tenant_id, {(claim.account.pk, claim.day): [message]})
    if result.limit is not None and isinstance(claim.account, NetworkAccount):
        limits_met.heed(claim, message, result.limit)
    else:
        _judge_account(claim, result)
    if result.fate == Fate.SENT:
        carried.keep(claim.account, message, result.facts)
    return True


def _write_sent(claim: Claim, message: Message, values: dict[str, Any], *, told: bool) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(SENT, _sent_parameters(claim, message, values, told=told))
        return cursor.rowcount == 1


def _write_other(message: Message, values: dict[str, Any], *, told: bool) -> bool:
    held = Message.objects.filter(
        pk=message.pk, attempts=message.attempts, state__in=(MessageState.SENDING, MessageState.UNKNOWN)
    )
    follows = Now() + FOLLOW_UP_AFTER if values["state"] == MessageState.FAILED and not told else None
    return bool(held.update(**values, follow_up_due_at=follows))


def _sent_parameters(claim: Claim, message: Message, values: dict[str, Any], *, told: bool) -> list[Any]:
    return [
        values["occurred_at"],
        json.dumps(values["facts"]),
        claim.account_kind.needs_copy(claim.account),
        COPY_AFTER,
        None if told else FOLLOW_UP_AFTER,
        message.tenant_id,
        message.pk,
        message.attempts,
    ]


def _begin_parameters(claim: Claim, message: Message, now: datetime) -> list[Any]:
    return [
        message.tenant_id,
        message.pk,
        message.attempts,
        now,
        MIN_LEASE,
        claim.account.pk,
        _array(claim.account_kind.usable),
        message.campaign_id,
        message.campaign_lead_id,
        _array(OPEN_ENROLMENTS),
    ]


def _array(words: Iterable[str]) -> str:
    """Return words as PostgreSQL reads an array. The driver takes ten times as long for that."""
    return f"{{{','.join(words)}}}"


def _note(message: Message, values: dict[str, Any], *, written: bool) -> None:
    """Keep what was written on the message in hand, and log what a person may want to know."""
    if not written:
        log.warning("a result came too late", message=str(message.pk), state=values["state"])
        return
    if values["state"] != MessageState.SENT:
        log.info("message not sent", message=str(message.pk), state=values["state"], reason=values["error"])
    for name, value in values.items():
        # The database's clock decides about the next attempt.
        if name == "facts":
            message.metadata = {**message.metadata, **value}
        elif name != "next_attempt_at":
            setattr(message, name, value)


def _values(message: Message, result: Result) -> dict[str, Any]:
    common: dict[str, Any] = {"error": result.error, "lease_until": None, "next_attempt_at": None}
    if result.fate == Fate.SENT:
        return {**common, "state": MessageState.SENT, "occurred_at": timezone.now(), "facts": dict(result.facts)}
    if result.fate == Fate.UNKNOWN:
        return {**common, "state": MessageState.UNKNOWN, "looks": 0, "next_attempt_at": Now() + FIRST_LOOK}
    if result.limit is not None:
        # Nothing failed: when the account may do it again is set with its limit.
        return {**common, "state": MessageState.QUEUED, "begun_at": None, "next_attempt_at": Now() + AFTER_A_LIMIT}
    tries = message.tries + 1
    if result.fate == Fate.REFUSED or BACKOFF.exhausted(tries):
        return {**common, "state": MessageState.FAILED, "begun_at": None}
    due = Now() + BACKOFF.delay(tries)
    return {**common, "state": MessageState.QUEUED, "tries": tries, "begun_at": None, "next_attempt_at": due}


def _judge_account(claim: Claim, result: Result) -> None:
    if result.fate == Fate.SENT:
        claim.account_kind.record_success(claim.account)
    elif result.by_account or (result.bounce is not None and claim.account_kind is EMAIL):
        # A wrong number says nothing about the account that wrote to it; many bounces spoil a mailbox.
        claim.account_kind.record_failure(claim.account, result.error)


def _tell(message: Message, result: Result) -> None:
    """Let the features above react to what is known of the address, and to a message that has its last state."""
    if result.bounce is not None:
        detail = _of_mail(message, result.bounce) if message.channel == Channel.EMAIL else result.bounce
        key = f"sending:{message.attempts}"
        effects.record([Happening(message, MessageEventKind.BOUNCED, timezone.now(), key, detail)])
    if message.state in (MessageState.SENT, MessageState.FAILED):
        tell([message])


def _of_mail(message: Message, bounce: Mapping[str, Any]) -> dict[str, Any]:
    code, text = int(bounce["code"]), str(bounce["text"])
    # A reply without a status of its own still says whether it is permanent.
    status = str(bounce["status"]) or f"{code // 100}.0.0"
    return {**judge(status=status, text=text, recipient=message.to_address).detail, "code": code}


def _begin(claim: Claim, following: Sequence[Message]) -> Message | None:
    """Mark the first of the claimed messages as begun whose campaign, enrolment and account still allow it."""
    for number, message in enumerate(following):
        now = message.begun_at or timezone.now()
        [(begun,)] = rows(f"SELECT {BEGIN}", _begin_parameters(claim, message, now))
        if begun:
            message.begun_at = now
            _release(claim, following[:number])
            return message
    _release(claim, following)
    return None


def _release(claim: Claim, messages: Sequence[Message]) -> None:
    if not messages:
        return
    parameters = [[each.pk for each in messages], [each.attempts for each in messages], messages[0].tenant_id]
    given_back = {key for (key,) in rows(RELEASE, parameters)}
    if given_back:
        released = [message for message in messages if message.pk in given_back]
        give_back(claim.account_kind, claim.account.tenant_id, {(claim.account.pk, claim.day): released})
