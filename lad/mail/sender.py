"""Sending what is queued. A mail may be late, or held for a person to decide, but is not sent twice by accident.

Each mail is claimed in a transaction of its own, sent outside any, and written back only by the
attempt that claimed it. A sender that dies in between leaves a lease to run out; whether that mail
left is then unknown, and it stays so until a person decides or the late sender reports.
"""

import contextlib
import random
import smtplib
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from lad.mail.messages import Obsolete, build, departed
from lad.mail.models import MailDelivery, MailState
from lad.observability import mask_secrets
from lad.tenancy.context import platform_context

SEND_SECONDS: Final = 20.0
# Longer than a task may live, so that a lease never runs out under a sender that still works.
LEASE: Final = timedelta(seconds=120)
MAX_ATTEMPTS: Final = 8
FIRST_DELAY_SECONDS: Final = 30.0
LONGEST_DELAY_SECONDS: Final = 3600.0
FIRST_PERMANENT_CODE: Final = 500
ERROR_LENGTH: Final = 1_000
VANISHED: Final = "The sender vanished while it was sending: the mail may or may not have left."

log = structlog.get_logger("lad.mail")

# Mails somebody waits for at the screen go before invitations, of which a tenant may write thousands.
CLAIM = """
UPDATE mail_deliveries
SET state = 'sending', attempts = attempts + 1, lease_until = clock_timestamp() + %s * interval '1 second', error = ''
WHERE id = (
    SELECT id FROM mail_deliveries WHERE state = 'queued' AND next_attempt_at <= statement_timestamp()
    ORDER BY kind = 'invitation', next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one attempt. ``queued`` means: try again later."""

    state: MailState
    error: str = ""


def send_due(*, seconds: float = SEND_SECONDS) -> dict[str, int]:
    """Send what is due until nothing is or the time is up; returns how many mails ended in which state."""
    deadline = time.monotonic() + seconds
    counts: dict[str, int] = {}
    expire_leases()
    while time.monotonic() < deadline and (delivery := claim()) is not None:
        verdict = attempt(delivery)
        write_back(delivery, verdict)
        counts[verdict.state] = counts.get(verdict.state, 0) + 1
    return counts


def expire_leases() -> int:
    """Hold mails whose sender vanished for a person to decide."""
    with platform_context():
        count: int = MailDelivery.objects.filter(state=MailState.SENDING, lease_until__lt=Now()).update(
            state=MailState.UNKNOWN, error=VANISHED
        )
    if count:
        log.error("mails of unknown fate", count=count)
    return count


def claim() -> MailDelivery | None:
    """Take one mail that is due; committed before anything is sent."""
    with transaction.atomic(durable=True), platform_context():
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, [LEASE.total_seconds()])
            row = cursor.fetchone()
        return MailDelivery.objects.get(pk=row[0]) if row else None


def attempt(delivery: MailDelivery) -> Verdict:
    """Build and send one mail, outside any transaction."""
    try:
        with platform_context():
            message = build(delivery, now=timezone.now())
        # Writes the whole mail once: what is wrong with it shows before a server hears of it.
        message.message()
    except Obsolete as reason:
        return Verdict(MailState.CANCELLED, str(reason))
    except Exception as error:
        return _again(delivery, error)
    backend = get_connection()
    try:
        backend.open()
    except Exception as error:
        return _again(delivery, error)
    try:
        return _hand_over(backend, message, delivery)
    finally:
        with contextlib.suppress(Exception):
            backend.close()


def write_back(delivery: MailDelivery, verdict: Verdict) -> bool:
    """Record the verdict unless another attempt has begun; returns whether it was recorded."""
    values: dict[str, Any] = {"state": verdict.state, "error": verdict.error, "lease_until": None}
    if verdict.state == MailState.SENT:
        values["sent_at"] = Now()
    values["next_attempt_at"] = (
        Now() + timedelta(seconds=_delay(delivery.attempts)) if verdict.state == MailState.QUEUED else None
    )
    with platform_context():
        written = MailDelivery.objects.filter(
            pk=delivery.pk, attempts=delivery.attempts, state__in=(MailState.SENDING, MailState.UNKNOWN)
        ).update(**values)
        if written and verdict.state == MailState.SENT:
            _tell_departed(delivery)
    log.info(
        "mail",
        delivery=str(delivery.pk),
        kind=delivery.kind,
        state=verdict.state,
        reason=verdict.error,
        fenced=not written,
    )
    return bool(written)


def _tell_departed(delivery: MailDelivery) -> None:
    """The mail has left, whatever becomes of the telling."""
    try:
        with transaction.atomic():
            departed(delivery)
    except Exception:
        log.exception("a mail's departure was not taken note of", delivery=str(delivery.pk), kind=delivery.kind)


def _hand_over(backend: Any, message: EmailMultiAlternatives, delivery: MailDelivery) -> Verdict:
    try:
        backend.send_messages([message])
    except smtplib.SMTPRecipientsRefused as error:
        return _answered(delivery, max(code for code, _text in error.recipients.values()), error)
    except smtplib.SMTPResponseException as error:
        return _answered(delivery, error.smtp_code, error)
    except Exception as error:
        # No answer: the server may have taken the mail before the line went dead.
        return Verdict(MailState.UNKNOWN, _describe(error))
    return Verdict(MailState.SENT)


def _answered(delivery: MailDelivery, code: int, error: Exception) -> Verdict:
    if code >= FIRST_PERMANENT_CODE:
        return Verdict(MailState.FAILED, _describe(error))
    return _again(delivery, error)


def _again(delivery: MailDelivery, error: Exception) -> Verdict:
    """The mail surely did not leave: try later, or give up."""
    state = MailState.FAILED if delivery.attempts >= MAX_ATTEMPTS else MailState.QUEUED
    return Verdict(state, _describe(error))


def _delay(attempts: int) -> float:
    longest = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2**attempts)
    return random.uniform(FIRST_DELAY_SECONDS / 2, longest)  # noqa: S311  (spreads load, no secret)


def _describe(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}"[:ERROR_LENGTH]
    return str(mask_secrets(None, "", {"reason": text})["reason"])
