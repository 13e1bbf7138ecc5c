"""Write what became of attempts, each in one transaction with the mark of the next message.

A result is written only while the attempt that claimed the message still holds it, or while its fate is unknown.
"""

import json
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

import structlog
from django.db import DatabaseError, connection
from django.db.models import F
from django.db.models.functions import Greatest, Now
from django.utils import timezone

from campaigns.accounts.models import EmailAccount
from campaigns.accounts.services import USABLE, record_failure, record_success
from campaigns.channels.email import effects
from campaigns.channels.email.effects import Happening
from campaigns.channels.email.receiving.bounces import judge
from campaigns.channels.email.sending.claims import LEASE, Claim
from campaigns.channels.protocol import Fate, Result
from campaigns.enrolment.models import OPEN_ENROLMENTS
from campaigns.messages import hooks
from campaigns.messages.models import Message, MessageEventKind, MessageState
from lad.jobs.leases import Backoff
from lad.tenancy.context import tenant_context
from leads.contactability.models import ContactDirection, LeadTouch

# Greylisting servers take a message after a quarter of an hour.
BACKOFF: Final = Backoff(timedelta(minutes=3), timedelta(hours=3), 10, jitter=0.3)
# When a lost message is looked for first: its server may still be saving the copy.
FIRST_LOOK: Final = timedelta(minutes=1)
# When the copy of a sent message is made, unless the server has made one by then.
COPY_AFTER: Final = timedelta(seconds=30)
WRITES_TRIED: Final = 3

# Pausing and stopping work between two messages of a batch.
BEGIN: Final = """
UPDATE messages SET begun_at = %(now)s, lease_until = statement_timestamp() + %(lease)s::interval
WHERE tenant_id = %(tenant)s AND id = %(id)s AND attempts = %(attempts)s AND state = 'sending'
    AND EXISTS (
        SELECT FROM email_accounts WHERE email_accounts.tenant_id = messages.tenant_id
            AND email_accounts.id = messages.email_account_id AND is_active AND deleted_at IS NULL
            AND status = ANY(%(usable)s)
    )
    AND (campaign_id IS NULL OR EXISTS (
        SELECT FROM campaigns WHERE campaigns.tenant_id = messages.tenant_id AND campaigns.id = messages.campaign_id
            AND campaigns.status = 'running' AND campaigns.deleted_at IS NULL
    ))
    AND (campaign_lead_id IS NULL OR EXISTS (
        SELECT FROM campaign_leads WHERE campaign_leads.tenant_id = messages.tenant_id
            AND campaign_leads.id = messages.campaign_lead_id AND campaign_leads.deleted_at IS NULL
            AND campaign_leads.status = ANY(%(open)s)
    ))
"""
SENT: Final = """
UPDATE messages SET state = 'sent', error = '', lease_until = NULL, next_attempt_at = NULL, occurred_at = %(at)s,
    metadata = metadata || %(facts)s::jsonb,
    copy_due_at = CASE WHEN %(copies)s THEN statement_timestamp() + %(copy_after)s::interval END
WHERE tenant_id = %(tenant)s AND id = %(id)s AND attempts = %(attempts)s AND state IN ('sending', 'unknown')
"""

log = structlog.get_logger("lad.campaigns.sending")


def record(claim: Claim, message: Message, result: Result, *, following: Sequence[Message] = ()) -> Message | None:
    """Write the result of one attempt and mark the first message that may follow as begun. Return that one.

    Messages before it that may not be sent any more wait again; the next claim decides about them.
    """

    values = _values(message, result)

    def write(with_hooks: bool) -> Message | None:
        with tenant_context(message.tenant_id):
            if _write(claim, message, result, values) and with_hooks:
                _tell(message, result)
            return _begin(claim, following)

    return _surely(write, message)


def release(claim: Claim, messages: Sequence[Message]) -> None:
    """Let claimed messages that were not begun wait again, as if they had not been claimed."""
    if not messages:
        return
    with tenant_context(claim.account.tenant_id):
        _release(claim, messages)


def give_back(tenant_id: Any, *, messages: Sequence[Any], counted: dict[tuple[Any, Any], int]) -> None:
    """Take back the touches of messages that certainly were not sent, and their places in their accounts' days.

    ``counted`` is the number of messages by account and day.
    """
    touches = LeadTouch.objects.filter(tenant=tenant_id, source_id__in=messages, direction=ContactDirection.OUTBOUND)
    touches.delete()
    for (account_id, day), number in counted.items():
        rows = EmailAccount.all_objects.filter(tenant=tenant_id, pk=account_id, last_reset_date=day)
        rows.update(sent_today=Greatest(F("sent_today") - number, 0))


def _surely(write: Callable[[bool], Message | None], message: Message) -> Message | None:
    """Run the write, again if the database refused it. A message that was sent must not stay without its result.

    If a feature above keeps failing, the result is written without it.
    """
    for attempt in range(WRITES_TRIED):
        try:
            return write(True)
        except DatabaseError:
            log.warning("the result of a message was not written", message=str(message.pk), exc_info=True)
            time.sleep(0.05 * attempt)
        except Exception:
            log.exception("a feature failed when it was told of a message", message=str(message.pk))
    return write(False)


def _write(claim: Claim, message: Message, result: Result, values: dict[str, Any]) -> bool:
    """Write the result. Return whether this attempt still had a say."""
    written = _write_sent(claim, message, result, values) if result.fate == Fate.SENT else _write_other(message, values)
    log.info(
        "message", message=str(message.pk), fate=result.fate, state=values["state"], reason=result.error,
        fenced=not written,
    )  # fmt: skip
    if not written:
        return False
    for name, value in values.items():
        # The database's clock decides about it.
        if name != "next_attempt_at":
            setattr(message, name, value)
    if result.fate in (Fate.REFUSED, Fate.NOT_SENT):
        give_back(message.tenant_id, messages=[message.pk], counted={(claim.account.pk, claim.day): 1})
    _judge_account(claim.account, result)
    return True


def _write_sent(claim: Claim, message: Message, result: Result, values: dict[str, Any]) -> bool:
    """Write that a message was sent. The most frequent write of all, so it is plain SQL."""
    with connection.cursor() as cursor:
        cursor.execute(
            SENT,
            {
                "at": values["occurred_at"],
                "facts": json.dumps(dict(result.facts)),
                "copies": bool(claim.account.imap_host) and not claim.account.saves_sent,
                "copy_after": f"{COPY_AFTER.total_seconds()} seconds",
                "tenant": message.tenant_id,
                "id": message.pk,
                "attempts": message.attempts,
            },
        )
        return cursor.rowcount == 1


def _write_other(message: Message, values: dict[str, Any]) -> bool:
    held = Message.objects.filter(
        pk=message.pk, attempts=message.attempts, state__in=(MessageState.SENDING, MessageState.UNKNOWN)
    )
    return bool(held.update(**values))


def _values(message: Message, result: Result) -> dict[str, Any]:
    common: dict[str, Any] = {"error": result.error, "lease_until": None, "next_attempt_at": None}
    if result.fate == Fate.SENT:
        metadata = {**message.metadata, **result.facts}
        return {**common, "state": MessageState.SENT, "occurred_at": timezone.now(), "metadata": metadata}
    if result.fate == Fate.UNKNOWN:
        return {**common, "state": MessageState.UNKNOWN, "looks": 0, "next_attempt_at": Now() + FIRST_LOOK}
    tries = message.tries + 1
    if result.fate == Fate.REFUSED or BACKOFF.exhausted(tries):
        return {**common, "state": MessageState.FAILED, "begun_at": None}
    due = Now() + BACKOFF.delay(tries)
    return {**common, "state": MessageState.QUEUED, "tries": tries, "begun_at": None, "next_attempt_at": due}


def _judge_account(account: EmailAccount, result: Result) -> None:
    if result.fate == Fate.SENT:
        record_success(account=account)
    elif result.by_account or result.bounce is not None:
        record_failure(account=account, reason=result.error)


def _tell(message: Message, result: Result) -> None:
    """Let the features above react to a message that has its last state, and to what is known of the address."""
    if result.bounce is not None:
        code, text = int(result.bounce["code"]), str(result.bounce["text"])
        # A reply without a status of its own still says whether it is permanent.
        status = str(result.bounce["status"]) or f"{code // 100}.0.0"
        bounce = judge(status=status, text=text, recipient=message.to_address)
        detail = {**bounce.detail, "code": code}
        key = f"smtp:{message.attempts}"
        effects.record([Happening(message, MessageEventKind.BOUNCED, timezone.now(), key, detail)])
    if message.state in (MessageState.SENT, MessageState.FAILED):
        hooks.settled([message])


def _begin(claim: Claim, following: Sequence[Message]) -> Message | None:
    """Mark the first of the claimed messages as begun whose campaign, enrolment and account still allow it."""
    for number, message in enumerate(following):
        now = timezone.now()
        with connection.cursor() as cursor:
            cursor.execute(
                BEGIN,
                {
                    "now": now,
                    "lease": f"{LEASE.total_seconds()} seconds",
                    "tenant": message.tenant_id,
                    "id": message.pk,
                    "attempts": message.attempts,
                    "usable": list(USABLE),
                    "open": list(OPEN_ENROLMENTS),
                },
            )
            begun = cursor.rowcount
        if begun:
            message.begun_at = now
            _release(claim, following[:number])
            return message
    _release(claim, following)
    return None


def _release(claim: Claim, messages: Sequence[Message]) -> None:
    keys = []
    for message in messages:
        held = Message.objects.filter(pk=message.pk, attempts=message.attempts, state=MessageState.SENDING)
        if held.update(state=MessageState.QUEUED, lease_until=None, begun_at=None):
            keys.append(message.pk)
    if keys:
        counted = {(claim.account.pk, claim.day): len(keys)}
        give_back(claim.account.tenant_id, messages=keys, counted=counted)
