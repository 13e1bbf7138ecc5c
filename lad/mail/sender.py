"""Send queued mail. A mail may be late or wait for a person's decision, but is not sent twice by accident.

Each mail is claimed in its own transaction, sent outside any, and its result is recorded only by the
attempt that claimed it. If a sender dies, its lease expires and the mail becomes *unknown*, until a person
decides or the sender reports late.
"""

import contextlib
import smtplib
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import Case, When
from django.db.models.functions import Now
from django.utils import timezone

from lad.jobs.leases import Backoff, LeaseQueue
from lad.mail.kinds import Obsolete, mail_kinds
from lad.mail.messages import build
from lad.mail.models import MailDelivery, MailState
from lad.observability import mask_text
from lad.tenancy.context import platform_context
from lad.types import Values

SEND_SECONDS: Final = 20.0
# Longer than the time limit of a task, so that no lease expires while its sender still works.
LEASE: Final = timedelta(seconds=120)
MAX_ATTEMPTS: Final = 8
FIRST_DELAY: Final = timedelta(seconds=60)
MAX_DELAY: Final = timedelta(hours=1)
FIRST_PERMANENT_CODE: Final = 500
MAX_ERROR_LENGTH: Final = 1_000
SENDER_DIED: Final = "The sender died while it was sending: the mail may or may not have been sent."

log = structlog.get_logger("lad.mail")

_queue: Final = LeaseQueue(
    MailDelivery,
    backoff=Backoff(FIRST_DELAY, MAX_DELAY, MAX_ATTEMPTS, jitter=0.75),
    lease=LEASE,
    waiting=MailState.QUEUED,
    working=MailState.SENDING,
    unknown=MailState.UNKNOWN,
)


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """The mail's state after one attempt. ``queued`` means that it is tried again later."""

    state: MailState
    error: str = ""


def has_work() -> bool:
    """Return whether a mail is due or was left by its sender. Needs a platform scope."""
    return _queue.has_work()


def send_due(*, seconds: float = SEND_SECONDS) -> dict[str, int]:
    """Send due mails until none is left or the time is up. Return the number of mails per resulting state."""
    deadline = time.monotonic() + seconds
    counts: dict[str, int] = {}
    expire_leases()
    while time.monotonic() < deadline and (delivery := claim()) is not None:
        result = attempt(delivery)
        write_back(delivery, result)
        counts[result.state] = counts.get(result.state, 0) + 1
    return counts


def expire_leases() -> int:
    """Mark mails whose sender died as unknown and return how many there were."""
    with platform_context():
        count = _queue.mark_unknown(_queue.expired(), SENDER_DIED)
    if count:
        log.error("mails became unknown", count=count)
    return count


def claim() -> MailDelivery | None:
    """Claim one due mail, or return None. The claim is committed before the mail is sent."""
    # Bulk mails go last: a tenant may send thousands of invitations while somebody waits for a password link.
    bulk = [kind.key for kind in mail_kinds if kind.bulk]
    return _queue.claim(Case(When(kind__in=bulk, then=1), default=0))


def attempt(delivery: MailDelivery) -> AttemptResult:
    """Build and send one mail, outside any transaction."""
    try:
        with platform_context():
            message = build(delivery, now=timezone.now())
        # Serialise the mail once, so that a fault in it shows before a server is contacted.
        message.message()
    except Obsolete as reason:
        return AttemptResult(MailState.CANCELLED, str(reason))
    except Exception as error:
        return _not_sent(delivery, error)
    backend = get_connection()
    try:
        backend.open()
    except Exception as error:
        return _not_sent(delivery, error)
    try:
        return _transmit(backend, message, delivery)
    finally:
        with contextlib.suppress(Exception):
            backend.close()


def write_back(delivery: MailDelivery, result: AttemptResult) -> bool:
    """Record the result unless another attempt has begun. Return whether it was recorded."""
    values = _values(delivery, result)
    with platform_context():
        written = _queue.write_back(delivery, states=[MailState.UNKNOWN], **values)
        if written and result.state == MailState.SENT:
            _run_sent_hook(delivery)
    log.info(
        "mail",
        delivery=str(delivery.pk),
        kind=delivery.kind,
        state=result.state,
        reason=result.error,
        fenced=not written,
    )
    return written


def _values(delivery: MailDelivery, result: AttemptResult) -> Values:
    if result.state == MailState.QUEUED:
        return _queue.retry_values(delivery, result.error, failed=MailState.FAILED)
    values = {"state": result.state, "error": result.error, "lease_until": None, "next_attempt_at": None}
    return {**values, "sent_at": Now()} if result.state == MailState.SENT else values


def _run_sent_hook(delivery: MailDelivery) -> None:
    """Run the ``sent`` hook of the mail's kind. An exception is logged only: the mail was sent either way."""
    hook = mail_kinds.get(delivery.kind).sent
    if hook is None:
        return
    try:
        with transaction.atomic():
            hook(delivery)
    except Exception:
        log.exception("the hook of a sent mail failed", delivery=str(delivery.pk), kind=delivery.kind)


def _transmit(backend: BaseEmailBackend, message: EmailMultiAlternatives, delivery: MailDelivery) -> AttemptResult:
    try:
        backend.send_messages([message])
    except smtplib.SMTPRecipientsRefused as error:
        return _result_of_refusal(delivery, max(code for code, _text in error.recipients.values()), error)
    except smtplib.SMTPResponseException as error:
        return _result_of_refusal(delivery, error.smtp_code, error)
    except Exception as error:
        # No answer: the server may have accepted the mail before the connection was lost.
        return AttemptResult(MailState.UNKNOWN, _describe(error))
    return AttemptResult(MailState.SENT)


def _result_of_refusal(delivery: MailDelivery, code: int, error: Exception) -> AttemptResult:
    if code >= FIRST_PERMANENT_CODE:
        return AttemptResult(MailState.FAILED, _describe(error))
    return _not_sent(delivery, error)


def _not_sent(delivery: MailDelivery, error: Exception) -> AttemptResult:
    """Return the result for a mail that was certainly not sent: try again, or give up."""
    state = MailState.FAILED if _queue.backoff.exhausted(delivery.attempts) else MailState.QUEUED
    return AttemptResult(state, _describe(error))


def _describe(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}"[:MAX_ERROR_LENGTH]
    return mask_text(text)
