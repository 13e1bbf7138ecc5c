"""Queueing mail, and what staff may do with a mail that did not go out."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from lad.errors import Conflict
from lad.mail.models import MailDelivery, MailKind, MailState
from lad.outbox.consumers import Event
from lad.outbox.notifier import Doorbell
from lad.tenancy.context import platform_context

RESENDABLE: Final = (MailState.UNKNOWN, MailState.FAILED, MailState.CANCELLED)


CANCELLABLE: Final = (MailState.QUEUED, MailState.UNKNOWN, MailState.FAILED)


SUPERSEDED: Final = "A newer mail with a newer link takes its place."


_doorbell = Doorbell("tenants.send_mail")


class MailUnderWay(Conflict):
    """The mail is in no state for this: only one that failed, was cancelled or is unknown can be sent again."""

    code = "mail_under_way"


def queue(*, kind: MailKind, tenant_id: UUID, to: str, subject_id: UUID, key: str) -> MailDelivery:
    """Queue one mail inside the caller's transaction; ``key`` names it for good and makes a repetition harmless."""
    with platform_context(tenant_id=tenant_id):
        mail = MailDelivery(
            tenant_id=tenant_id,
            kind=kind,
            to_address=to,
            subject_id=subject_id,
            idempotency_key=key,
            next_attempt_at=timezone.now(),
        )
        queue_all([mail])
        queued: MailDelivery = MailDelivery.objects.get(idempotency_key=key)
    return queued


def resend(*, delivery_id: UUID) -> MailDelivery:
    """Send a mail again whose fate a person has looked into. Raises MailUnderWay."""
    return _move(delivery_id, RESENDABLE, state=MailState.QUEUED, next_attempt_at=timezone.now(), error="")


def cancel(*, delivery_id: UUID) -> MailDelivery:
    """Give up on a mail. Raises MailUnderWay."""
    return _move(delivery_id, CANCELLABLE, state=MailState.CANCELLED, next_attempt_at=None)


def _move(delivery_id: UUID, allowed: Iterable[str], **values: object) -> MailDelivery:
    with platform_context():
        mail: MailDelivery = MailDelivery.objects.select_for_update().get(pk=delivery_id)
        if mail.state not in allowed:
            raise MailUnderWay(f"The mail is {mail.state}: it cannot be moved to {values['state']}.", state=mail.state)
        for name, value in values.items():
            setattr(mail, name, value)
        mail.save(update_fields=[*values])
        if mail.state == MailState.QUEUED:
            transaction.on_commit(_doorbell.ring, robust=True)
    return mail


def new_delivery(event: Event, kind: MailKind, *, to: str, subject_id: UUID) -> MailDelivery:
    return MailDelivery(
        tenant_id=event.tenant_id,
        kind=kind,
        to_address=to,
        subject_id=subject_id,
        idempotency_key=f"{kind}.{event.id}",
        next_attempt_at=timezone.now(),
    )


def queue_all(deliveries: Iterable[MailDelivery]) -> None:
    rows = list(deliveries)
    # A replayed event finds its mail there already.
    MailDelivery.objects.bulk_create(rows, ignore_conflicts=True)
    if rows:
        transaction.on_commit(_doorbell.ring, robust=True)


def supersede(kind: MailKind, newest: dict[UUID | None, Event]) -> None:
    keys = {f"{kind}.{event.id}" for event in newest.values()}
    MailDelivery.objects.filter(kind=kind, subject_id__in=list(newest), state=MailState.QUEUED).exclude(
        idempotency_key__in=keys
    ).update(state=MailState.CANCELLED, next_attempt_at=None, error=SUPERSEDED)
