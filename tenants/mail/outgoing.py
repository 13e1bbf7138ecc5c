"""Queueing mail, and what staff may do with a mail that did not go out."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from lad.errors import Conflict
from lad.tenancy.context import platform_context
from tenants.models import MailDelivery, MailKind, MailState, TenantInvitation, User
from tenants.outbox import Batch, Event
from tenants.outbox.hints import Doorbell

RESENDABLE: Final = (MailState.UNKNOWN, MailState.FAILED, MailState.CANCELLED)
CANCELLABLE: Final = (MailState.QUEUED, MailState.UNKNOWN, MailState.FAILED)
SUPERSEDED: Final = "A newer mail with a newer link takes its place."

_doorbell = Doorbell("tenants.send_mail")

_ACCOUNT_KINDS: Final = {
    "tenants.user.signed_up": MailKind.EMAIL_VERIFICATION,
    "tenants.user.verification_requested": MailKind.EMAIL_VERIFICATION,
    "tenants.user.password_reset_requested": MailKind.PASSWORD_RESET,
}


class MailUnderWay(Conflict):
    """The mail is in no state for this: only one that failed, was cancelled or is unknown can be sent again."""

    code = "mail_under_way"


def queue_invitations(batch: Batch) -> None:
    """One mail per event; a mail of the same invitation that has not left yet is superseded."""
    invitations = TenantInvitation.all_objects.in_bulk(batch.aggregate_ids)
    newest = {event.aggregate_id: event for event in batch if event.aggregate_id in invitations}
    _supersede(MailKind.INVITATION, newest)
    _queue(
        _delivery(event, MailKind.INVITATION, to=invitations[key].email, subject_id=invitations[key].pk)
        for key, event in newest.items()
    )


def queue_account_mails(batch: Batch) -> None:
    """One mail per event, to the address the person has now."""
    people = User.objects.in_bulk(batch.aggregate_ids)
    asked = [(event, people.get(event.aggregate_id)) for event in batch]
    _queue(
        _delivery(event, _ACCOUNT_KINDS[event.type], to=user.email, subject_id=user.pk) for event, user in asked if user
    )


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
        _queue([mail])
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


def _delivery(event: Event, kind: MailKind, *, to: str, subject_id: UUID) -> MailDelivery:
    return MailDelivery(
        tenant_id=event.tenant_id,
        kind=kind,
        to_address=to,
        subject_id=subject_id,
        idempotency_key=f"{kind}.{event.id}",
        next_attempt_at=timezone.now(),
    )


def _queue(deliveries: Iterable[MailDelivery]) -> None:
    rows = list(deliveries)
    # A replayed event finds its mail there already.
    MailDelivery.objects.bulk_create(rows, ignore_conflicts=True)
    if rows:
        transaction.on_commit(_doorbell.ring, robust=True)


def _supersede(kind: MailKind, newest: dict[UUID | None, Event]) -> None:
    keys = {f"{kind}.{event.id}" for event in newest.values()}
    MailDelivery.objects.filter(kind=kind, subject_id__in=list(newest), state=MailState.QUEUED).exclude(
        idempotency_key__in=keys
    ).update(state=MailState.CANCELLED, next_attempt_at=None, error=SUPERSEDED)
